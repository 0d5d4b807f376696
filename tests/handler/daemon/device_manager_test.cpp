// SPDX-License-Identifier: Apache-2.0
// Which LUNs are ours. What a manager does with events and devices: tests/guest/life.sh.
#include "handler/daemon/device_manager.hpp"

#include <catch2/catch.hpp>

using namespace tcmud;
using namespace tcmud::daemon;
using Answer = Responsibility::Answer;

namespace {

// With one module, for "testing" and "trial".
Answer answer_for(const Settings& settings, const std::string& hba, const std::string& config,
                  std::set<std::string> left_to_others = {}) {
    static const auto modules = Modules::load(TEST_ONE_MODULE);
    return Responsibility(settings, modules, std::move(left_to_others)).of({hba, "disk", config});
}

}  // namespace

TEST_CASE("without settings a LUN is ours if its subtype is known") {
    CHECK(answer_for({}, "0", "testing//a") == Answer::ours);
    CHECK(answer_for({}, "0", "trial/a/b") == Answer::ours);
    CHECK(answer_for({}, "0", "rbd/pool/image") == Answer::nobodys);
    CHECK(answer_for({}, "0", "") == Answer::nobodys);
}

TEST_CASE("with a list of subtypes all others are somebody else's") {
    Settings settings;
    settings.subtypes = {"testing"};
    CHECK(answer_for(settings, "0", "testing//a") == Answer::ours);
    CHECK(answer_for(settings, "0", "trial//a") == Answer::not_ours);
    CHECK(answer_for(settings, "0", "rbd/pool/image") == Answer::not_ours);
}

TEST_CASE("with a list of HBAs all others are somebody else's") {
    Settings settings;
    settings.hbas = {"user_7"};
    CHECK(answer_for(settings, "7", "testing//a") == Answer::ours);
    CHECK(answer_for(settings, "70", "testing//a") == Answer::not_ours);
    CHECK(answer_for(settings, "7", "rbd/pool/image") == Answer::nobodys);
}

TEST_CASE("an HBA that is to be left alone is, even if it is listed as ours") {
    Settings settings;
    settings.not_hbas = {"user_7"};
    CHECK(answer_for(settings, "7", "testing//a") == Answer::not_ours);
    CHECK(answer_for(settings, "8", "testing//a") == Answer::ours);
    settings.hbas = {"user_7"};
    CHECK(answer_for(settings, "7", "testing//a") == Answer::not_ours);
}

TEST_CASE("a subtype that another process has registered is its, as long as it is registered") {
    static const auto modules = Modules::load(TEST_ONE_MODULE);
    const Settings settings;
    Responsibility responsibility(settings, modules, {});
    CHECK(responsibility.of({"0", "disk", "tape/x"}) == Answer::nobodys);
    responsibility.set_registered({"tape"});
    CHECK(responsibility.of({"0", "disk", "tape/x"}) == Answer::registered);
    CHECK(responsibility.of({"0", "disk", "testing//a"}) == Answer::ours);
    responsibility.set_registered({});
    CHECK(responsibility.of({"0", "disk", "tape/x"}) == Answer::nobodys);
}

TEST_CASE("a subtype that another daemon offers is left to it") {
    CHECK(answer_for({}, "0", "testing//a", {"testing"}) == Answer::not_ours);
    CHECK(answer_for({}, "0", "trial//a", {"testing"}) == Answer::ours);
    CHECK(answer_for({}, "0", "rbd/pool/image", {"rbd"}) == Answer::not_ours);
}
