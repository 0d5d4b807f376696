// SPDX-License-Identifier: Apache-2.0
// What backends refuse: tests/guest/bad_input.sh.
#include "handler/daemon/check.hpp"

#include <catch2/catch.hpp>

using namespace tcmud;
using namespace tcmud::daemon;
using Catch::Matchers::Contains;

namespace {

// With one module, for "testing" and "trial", and two threads of each kind. What is wrong; empty: nothing.
std::string wrong_with(const std::string& config, std::uint64_t size = 0, std::uint32_t block_size = 512) {
    static const auto modules = Modules::load(TEST_ONE_MODULE);
    const auto checked = check_lun(modules, 2, config, ByteCount{size}, BlockSize{block_size});
    return checked ? "" : checked.error().text;
}

}  // namespace

TEST_CASE("a LUN that can be opened is good") {
    CHECK(wrong_with("testing//a") == "");
    CHECK(wrong_with("trial//a;wce=off;thread=1", 1 << 20, 4096) == "");
}

TEST_CASE("what cannot be opened is told with its reason") {
    CHECK(wrong_with("paper//a") == "unknown subtype 'paper'; known: testing, trial");
    CHECK_THAT(wrong_with("testing"), Contains("no '/'"));
    CHECK_THAT(wrong_with("testing//a;colour=red"), Contains("unknown option 'colour'"));
    CHECK_THAT(wrong_with("testing//a;wce=perhaps"), Contains("wce"));
    CHECK_THAT(wrong_with("testing//a;thread=2"), Contains("2"));
}

TEST_CASE("what the kernel would cut is refused") {
    CHECK_THAT(wrong_with("testing//a,b"), Contains("commas"));
    CHECK(wrong_with("testing/" + std::string(246, 'x')) == "");
    CHECK_THAT(wrong_with("testing/" + std::string(247, 'x')), Contains("255 bytes"));
}

TEST_CASE("the size counts if it is known") {
    CHECK_THAT(wrong_with("testing//a", 1000), Contains("no multiple"));
    CHECK_THAT(wrong_with("testing//a", 1 << 20, 1000), Contains("block size"));
}
