// SPDX-License-Identifier: Apache-2.0
#include "handler/serving/waiting_reader.hpp"

#include <deque>

#include "tests/handler/serving/queue_bench.hpp"

using namespace tcmud;
using namespace tcmud::serving;
using tcmud::test::QueueBench;
using tcmud::test::Waiting;

namespace {

// A bench whose file is always read by the waiting reader.
struct Reading : QueueBench<InlineQueue> {
    explicit Reading(const std::string& content) {
        file.fd = disk.get();
        write(file, 0, content);
        file.reading = IoFile::Reading::waiting;
    }
    IoFile file;
};

}  // namespace

TEST_CASE("a read that waits comes back to the queue of its file") {
    Reading bench("abcdef");
    CHECK(bench.read(bench.file, 2, 3) == "cde 3");
    CHECK(bench.read(bench.file, 4, 4) == "ef.. 2");
    CHECK(bench.read(bench.file, 100, 2) == ".. 0");
}

TEST_CASE("more reads than fit at once are each answered once") {
    Reading bench("0123456789");
    std::deque<Waiting> waiting(3000);
    std::string text(waiting.size(), '.');
    std::vector<iovec> pieces(waiting.size());
    for (std::size_t i = 0; i < waiting.size(); ++i) {
        pieces[i] = {&text[i], 1};
        bench.queue.read(bench.file, ByteOffset{i % 10}, {&pieces[i], 1}, Completion(waiting[i]));
    }
    bench.finish();
    for (std::size_t i = 0; i < waiting.size(); ++i) {
        REQUIRE(waiting[i].answers == 1);
        REQUIRE(text[i] == static_cast<char>('0' + i % 10));
    }
}

TEST_CASE("a read that fails comes back as a failure") {
    Reading bench("abc");
    const test::Descriptor write_only(
        ::open((bench.directory.path() / "file").c_str(), O_WRONLY | O_CLOEXEC));
    bench.file.fd = write_only.get();
    Waiting waiting;
    std::string text = "...";
    const iovec piece{text.data(), text.size()};
    bench.queue.read(bench.file, ByteOffset{0}, {&piece, 1}, Completion(waiting));
    bench.finish();
    REQUIRE(waiting.answers == 1);
    CHECK(waiting.answer->status != IoStatus::ok);
    CHECK(text == "...");
}
