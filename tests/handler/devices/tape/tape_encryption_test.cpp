// SPDX-License-Identifier: Apache-2.0
// SECURITY PROTOCOL IN and OUT: encryption by the drive.
#include <catch2/catch.hpp>

#include "tests/support/tape.hpp"

using namespace tcmud;
using namespace tcmud::test;
namespace sense = tcmud::scsi::sense;

namespace {

Answer ask(Tape& tape, unsigned protocol, unsigned page) {
    auto answer =
        tape.send(bytes({0xa2, protocol, page >> 8, page & 0xff, 0, 0, 0, 0, 2, 0, 0, 0}), filled(512, 0xee));
    answer.data.resize(answer.data_length);
    return answer;
}
// SET DATA ENCRYPTION: scope "all I_T nexus"; a key of 32 equal bytes.
Bytes key_list(unsigned encrypt, unsigned decrypt, unsigned key, unsigned control = 0) {
    auto list = bytes({0, 0x10, 0, 48, 0x40, control, encrypt, decrypt, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32});
    const auto value = filled(32, key);
    list.insert(list.end(), value.begin(), value.end());
    return list;
}
Answer set(Tape& tape, const Bytes& list) {
    return tape.send(bytes({0xb5, 0x20, 0, 0x10, 0, 0, 0, 0, 0, static_cast<unsigned>(list.size()), 0, 0}),
                     list);
}

}  // namespace

TEST_CASE("the protocols and their pages") {
    Tape tape;
    CHECK(ask(tape, 0, 0).data == bytes({0, 0, 0, 0, 0, 0, 0, 2, 0x00, 0x20}));
    CHECK(ask(tape, 0x20, 0x0000).data ==
          bytes({0, 0, 0, 16, 0, 0, 0, 1, 0, 0x10, 0, 0x11, 0, 0x12, 0, 0x20, 0, 0x21, 0, 0x30}));
    for (const unsigned page : {0x00u, 0x01u, 0x10u, 0x11u, 0x12u, 0x20u, 0x21u, 0x30u}) {
        const auto answer = ask(tape, 0x20, page);
        CAPTURE(page);
        REQUIRE(good(answer));
        CHECK(scsi::get_16(answer.data, 0) == page);
        CHECK(scsi::get_16(answer.data, 2) == answer.data.size() - 4);
    }
    CHECK(ask(tape, 0x21, 0).sense == sense::invalid_field_in_cdb.in_cdb_byte(1));
    CHECK(ask(tape, 0x20, 0x31).sense == sense::invalid_field_in_cdb.in_cdb_byte(2));
}

TEST_CASE("one algorithm: AES-256-GCM") {
    Tape tape;
    const auto page = ask(tape, 0x20, 0x10).data;
    REQUIRE(page.size() == 44);
    CHECK(page[20] == std::byte{1});
    CHECK(scsi::get_16(page, 22) == 0x14);
    CHECK(scsi::get_16(page, 30) == 32);
    CHECK(scsi::get_32(page, 40) == 0x00010014);
}

TEST_CASE("with a key blocks are encrypted, and are read with it again") {
    Tape tape;
    CHECK(good(set(tape, key_list(2, 2, 0x11))));
    CHECK(tape.backend.encryption.encrypt == TapeEncryption::Encrypt::on);
    CHECK(tape.write(100, 1).status == scsi::Status::good);
    CHECK(tape.cartridge.partitions[0].objects[0].encryption.has_value());
    tape.rewind();
    CHECK(good(tape.read(100)));
    const auto status = ask(tape, 0x20, 0x20).data;
    CHECK(Bytes(status.begin() + 4, status.begin() + 12) == bytes({0x42, 2, 2, 1, 0, 0, 0, 1}));
}

TEST_CASE("without the key, with another one, and where a key is expected: DATA PROTECT, nothing is passed") {
    Tape tape;
    set(tape, key_list(2, 2, 0x11));
    tape.write(100, 1);
    set(tape, key_list(0, 0, 0));
    tape.rewind();
    CHECK(tape.read(100).sense == sense::unable_to_decrypt.with_information(100));
    set(tape, key_list(0, 2, 0x22));
    CHECK(tape.read(100).sense == sense::incorrect_encryption_key.with_information(100));
    CHECK(tape.position() == 0);
    set(tape, key_list(0, 3, 0x11));
    CHECK(good(tape.read(100)));
    set(tape, key_list(0, 0, 0));
    tape.write(50, 2);
    tape.space(0, -1);
    set(tape, key_list(0, 2, 0x11));
    CHECK(tape.read(100).sense == sense::unencrypted_data.with_information(100));
    set(tape, key_list(0, 3, 0x11));
    CHECK(good(tape.read(50)));
}

TEST_CASE("the next block's status") {
    Tape tape;
    auto list = key_list(2, 2, 0x11);
    const auto name = bytes({0x00, 0x00, 0, 4, 'n', 'a', 'm', 'e'});
    list.insert(list.end(), name.begin(), name.end());
    list[3] = std::byte{56};
    REQUIRE(good(set(tape, list)));
    tape.write(100, 1);
    tape.filemarks();
    const auto status = [&] { return ask(tape, 0x20, 0x21).data; };
    CHECK(status()[12] == std::byte{2});  // The end of data is no block.
    tape.rewind();
    auto page = status();
    CHECK(page[12] == std::byte{5});
    CHECK(Bytes(page.begin() + 16, page.end()) == bytes({0, 1, 0, 4, 'n', 'a', 'm', 'e'}));
    set(tape, key_list(0, 2, 0x22));
    CHECK(status()[12] == std::byte{6});
    set(tape, key_list(0, 0, 0));
    tape.write(10, 1);
    tape.rewind();
    CHECK(status()[12] == std::byte{3});
}

TEST_CASE("a key that is not as it must be is refused, and changes nothing") {
    Tape tape;
    const auto invalid = [](std::uint16_t byte) {
        return sense::invalid_field_in_parameter_list.in_parameters(byte);
    };
    CHECK(set(tape, key_list(1, 0, 1)).sense == invalid(6));
    CHECK(set(tape, key_list(2, 1, 1)).sense == invalid(7));
    CHECK(set(tape, key_list(2, 4, 1)).sense == invalid(7));
    auto list = key_list(2, 2, 1);
    list[8] = std::byte{2};
    CHECK(set(tape, list).sense == invalid(8));
    list = key_list(2, 2, 1);
    list[19] = std::byte{16};
    CHECK(set(tape, list).sense == invalid(18));
    list = key_list(2, 2, 1);
    list[3] = std::byte{40};
    CHECK(set(tape, list).sense == sense::parameter_list_length_error);
    list = key_list(2, 2, 1);
    const auto too_long = bytes({0x01, 0, 0, 13, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
    list.insert(list.end(), too_long.begin(), too_long.end());
    list[3] = std::byte{48 + 17};
    CHECK(set(tape, list).sense == invalid(52));
    CHECK(tape.backend.encryption.encrypt == TapeEncryption::Encrypt::off);
}

TEST_CASE("the key goes with the medium (CKOD), if it was set so") {
    for (const bool goes : {true, false}) {
        Tape tape;
        set(tape, key_list(2, 2, 0x11, goes ? 0x04 : 0));
        tape.send({0x1b, 0, 0, 0, 0, 0});
        CHECK((tape.backend.encryption.encrypt == TapeEncryption::Encrypt::on) == !goes);
    }
}

TEST_CASE("a restarted daemon goes on with the key") {
    Tape tape;
    set(tape, key_list(2, 2, 0x11));
    tape.backend.encryption = {};
    tape.restart(false);
    CHECK(tape.backend.encryption.key[31] == std::byte{0x11});
    CHECK(tape.backend.encryption.encrypt == TapeEncryption::Encrypt::on);
}
