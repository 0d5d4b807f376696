// SPDX-License-Identifier: Apache-2.0
#include "uio/journal.hpp"

#include <cstring>
#include <numeric>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/temporary_directory.hpp"

using namespace tcmud::uio;
using tcmud::test::TemporaryDirectory;

namespace {

using Bytes = std::vector<std::byte>;

Bytes counting(std::size_t size) {
    Bytes bytes(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i);
    return bytes;
}

Bytes copied(std::span<const std::byte> bytes) {
    return {bytes.begin(), bytes.end()};
}

constexpr abi::Mark some_mark{abi::Mark::Kind::stands_for, 1, 7, 8};

}  // namespace

TEST_CASE("a journal is found again with all that it held, by whoever opens its file") {
    TemporaryDirectory directory;
    const auto path = directory.path() / "journal";
    {
        auto journal = *Journal::open(path.c_str());
        journal.begin(42);
        REQUIRE(journal.save(CommandId{3}, counting(120), 4096));
        journal.begin_move({8, 136, some_mark});
        journal.note_sense({264, 392, some_mark, counting(abi::sense_size).data()});
        REQUIRE(journal.keep_state(counting(10)));
    }
    const auto journal = *Journal::open(path.c_str());
    CHECK(journal.belongs_to(42));
    REQUIRE(journal.saved(CommandId{3}));
    CHECK(copied(journal.saved(CommandId{3})->entry) == counting(120));
    CHECK(journal.saved(CommandId{3})->entry_offset == 4096);
    REQUIRE(journal.move());
    CHECK(journal.move()->from == 8);
    CHECK(journal.move()->to == 136);
    CHECK(journal.move()->mark.id == 7);
    REQUIRE(journal.sense());
    CHECK(journal.sense()->position == 264);
    CHECK(journal.sense()->behind == 392);
    CHECK(std::memcmp(journal.sense()->sense, counting(abi::sense_size).data(), abi::sense_size) == 0);
    CHECK(copied(journal.state()) == counting(10));
}

TEST_CASE("a journal belongs to one ring") {
    auto journal = Journal::in_memory();
    CHECK_FALSE(journal.belongs_to(0));
    CHECK_FALSE(journal.belongs_to(1));
    journal.begin(1);
    CHECK(journal.belongs_to(1));
    CHECK_FALSE(journal.belongs_to(2));
}

TEST_CASE("a journal that begins anew has forgotten what it held of another ring") {
    auto journal = Journal::in_memory();
    journal.begin(1);
    journal.begin_move({8, 136, some_mark});
    journal.note_sense({264, 392, some_mark, counting(abi::sense_size).data()});
    journal.keep_state(counting(10));
    journal.begin(2);
    CHECK_FALSE(journal.move());
    CHECK_FALSE(journal.sense());
    CHECK(journal.state().empty());
}

TEST_CASE("what is over is forgotten") {
    auto journal = Journal::in_memory();
    journal.begin(1);
    journal.begin_move({8, 136, some_mark});
    journal.end_move();
    CHECK_FALSE(journal.move());
    journal.note_sense({264, 392, some_mark, counting(abi::sense_size).data()});
    journal.forget_sense();
    CHECK_FALSE(journal.sense());
}

TEST_CASE("what is too long is not kept in part") {
    auto journal = Journal::in_memory();
    journal.begin(1);
    CHECK(journal.save(CommandId{65535}, counting(Journal::longest_entry), 0));
    CHECK_FALSE(journal.save(CommandId{1}, counting(Journal::longest_entry + 1), 0));
    CHECK_FALSE(journal.saved(CommandId{1}));
    CHECK(journal.keep_state(counting(Journal::longest_state)));
    CHECK_FALSE(journal.keep_state(counting(Journal::longest_state + 1)));
    CHECK(copied(journal.state()) == counting(Journal::longest_state));
}

TEST_CASE("a state replaces the one before") {
    auto journal = Journal::in_memory();
    journal.begin(1);
    for (std::size_t length = 1; length < 5; ++length) {
        journal.keep_state(counting(length));
        CHECK(copied(journal.state()) == counting(length));
    }
}

TEST_CASE("lengths that no journal writes are not believed") {
    TemporaryDirectory directory;
    const auto path = directory.path() / "journal";
    auto journal = *Journal::open(path.c_str());
    journal.begin(1);
    journal.save(CommandId{0}, counting(120), 0);
    auto* file = std::fopen(path.c_str(), "r+");
    std::fseek(file, 4096, SEEK_SET);
    const std::uint32_t impossible = 0x7fffffff;
    REQUIRE(std::fwrite(&impossible, sizeof impossible, 1, file) == 1);
    std::fclose(file);
    CHECK_FALSE(journal.saved(CommandId{0}));
}

TEST_CASE("where a journal cannot be, its error says why") {
    const auto journal = Journal::open("/proc/no/such/directory");
    REQUIRE_FALSE(journal);
    CHECK(journal.error() == std::errc::no_such_file_or_directory);
}
