// SPDX-License-Identifier: Apache-2.0
// Rules of the fault backend, as administrators write them; two numbers before them are an operation's range.
#include <string>

#include "handler/backends/fault/rules.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace tcmud;
using namespace tcmud::fault;
using tcmud::fuzz::promise;

namespace {

constexpr ByteCount sector{512};

// What a backend takes for granted.
void check(const Request& request, const Verdict& verdict) {
    const bool fails = verdict.status != IoStatus::ok;
    promise(fails || verdict.hang || verdict.delay.count() > 0, "something happens");
    promise(!fails || verdict.detail < std::max<std::uint64_t>(raw(request.length), 1),
            "what fails lies within the operation");
    promise(verdict.pieces.empty() || (fails && request.operation == Operation::write),
            "pieces are of writes that fail");
    std::uint64_t end = 0;
    for (const auto& piece : verdict.pieces) {
        promise(piece.length != 0 && piece.offset >= end, "pieces come one after the other");
        promise(piece.offset <= raw(request.length) && piece.length <= raw(request.length) - piece.offset,
                "and lie within the write");
        end = piece.offset + piece.length;
    }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Reader input(data, size);
    const std::uint64_t at = input.u16() * std::uint64_t{512};
    const std::uint64_t length = input.u16();
    const auto text = input.bytes(size);
    const std::string written(text.begin(), text.end());
    auto rules = Rules::parse(written, {512});
    if (!rules) {
        promise(!rules.error().text.empty(), "an error says why");
        return 0;
    }
    promise(!rules->empty() && rules->text().size() == written.size(), "nothing of the rules is lost");
    auto again = Rules::parse(rules->text(), {512});
    promise(again && again->text() == rules->text(), "rules are what they say they are");
    for (const auto operation : {Operation::read, Operation::write, Operation::flush, Operation::unmap,
                                 Operation::write_zeroes, Operation::write}) {
        const bool flush = operation == Operation::flush;
        const Request request{operation, ByteOffset{flush ? 0 : at}, ByteCount{flush ? 0 : length}};
        const auto verdict = rules->judge(request, sector);
        const auto same = again->judge(request, sector);
        promise(verdict.has_value() == same.has_value(), "the same rules decide the same");
        if (!verdict) continue;
        promise(verdict->pieces == same->pieces, "down to the sectors that are torn");
        check(request, *verdict);
    }
    return 0;
}
