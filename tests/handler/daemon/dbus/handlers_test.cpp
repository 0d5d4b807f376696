// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/dbus/handlers.hpp"

#include <catch2/catch.hpp>

#include "tests/handler/daemon/dbus/client.hpp"
#include "tests/handler/daemon/dbus/on_bus.hpp"
#include "tests/support/private_bus.hpp"

namespace tcmud::daemon::dbus {

using Catch::Matchers::Contains;
using test::becomes;
using test::Client;
using test::OnBus;
using test::Verdict;

namespace {

constexpr auto denied = "org.freedesktop.DBus.Error.AccessDenied";

// A process with a handler of its own; serves until it is destroyed.
class Foreign {
public:
    explicit Foreign(const std::string& subtype) : subtype_(subtype) {
        REQUIRE(client_.own(registered_name(subtype)));
        verdict_ = client_.register_handler(subtype, "Of another process.");
        REQUIRE(::sd_bus_add_object(client_.bus(), nullptr, registered_path(subtype).c_str(), answer, this) >=
                0);
        thread_ = std::thread([this] { serve(); });
    }
    ~Foreign() {
        stopping_ = true;
        thread_.join();
    }
    const Verdict& verdict() const { return verdict_; }

private:
    static int answer(sd_bus_message* call, void*, sd_bus_error*) {
        const char* config = nullptr;
        if (::sd_bus_message_is_method_call(call, handler_interface, "CheckConfig") <= 0) return 0;
        if (::sd_bus_message_read(call, "s", &config) < 0) return -EINVAL;
        return ::sd_bus_reply_method_return(call, "bs", 0, (std::string("seen: ") + config).c_str());
    }
    void serve() {
        while (!stopping_) {
            if (::sd_bus_process(client_.bus(), nullptr) == 0) ::sd_bus_wait(client_.bus(), 20'000);
        }
    }

    Client client_;
    std::string subtype_;
    Verdict verdict_;
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};

}  // namespace

TEST_CASE("targetcli finds the handlers, with their descriptions, and nothing else") {
    const test::PrivateBus bus;
    const OnBus served;
    const Client client;
    REQUIRE(becomes([&] { return client.handlers().has_value(); }));
    CHECK(*client.handlers() == std::map<std::string, std::string>{{"file", "A file."}, {"ram", "Memory."}});
}

TEST_CASE("a cfgstring is checked, and the reason is told") {
    const test::PrivateBus bus;
    const OnBus served;
    const Client client;
    REQUIRE(becomes([&] { return client.handlers().has_value(); }));
    CHECK(client.check("file", "file//srv/a") == Verdict{true, "success", ""});
    CHECK(client.check("file", "file/bad") == Verdict{false, "no good: file/bad", ""});
    CHECK(client.check("file", "ram/") == Verdict{false, "'ram/' does not begin with 'file/'", ""});
    CHECK(client.check("file", "file") == Verdict{false, "'file' does not begin with 'file/'", ""});
    CHECK(client.check("tape", "tape/x").error == "org.freedesktop.DBus.Error.UnknownObject");
}

TEST_CASE("only root may ask more than which handlers there are") {
    const test::PrivateBus bus;
    const OnBus served([](Offer& offer) { ++offer.administrator; });
    const Client client;
    REQUIRE(becomes([&] { return client.handlers().has_value(); }));
    CHECK(client.handlers()->size() == 2);
    CHECK(client.check("file", "file//srv/a") == Verdict{false, "", denied});
    CHECK(client.check("file", "file/bad") == Verdict{false, "", denied});
    REQUIRE(client.own(registered_name("tape")));
    CHECK(client.register_handler("tape", "") == Verdict{false, "", denied});
    CHECK(client.handlers()->size() == 2);
}

TEST_CASE("a handler of another process appears, is asked, and goes with its process") {
    const test::PrivateBus bus;
    const OnBus served;
    const Client client;
    REQUIRE(becomes([&] { return client.handlers().has_value(); }));
    {
        const Foreign foreign("tape");
        CHECK(foreign.verdict() == Verdict{true, "success", ""});
        CHECK(client.handlers()->at("tape") == "Of another process.");
        CHECK(served.registered() == std::set<std::string>{"tape"});
        CHECK(client.check("tape", "tape/x") == Verdict{false, "seen: tape/x", ""});
    }
    CHECK(becomes([&] { return served.registered().empty(); }));
    CHECK_FALSE(client.handlers()->contains("tape"));
}

TEST_CASE("who registers must have the name, a subtype that can be one, and that is not ours") {
    const test::PrivateBus bus;
    const OnBus served;
    const Client client;
    REQUIRE(becomes([&] { return client.handlers().has_value(); }));
    CHECK_THAT(client.register_handler("tape", "").text, Contains("nobody owns"));
    CHECK_THAT(client.register_handler("ta-pe", "").text, Contains("cannot be a subtype"));
    CHECK_THAT(client.register_handler("", "").text, Contains("cannot be a subtype"));
    CHECK_THAT(client.register_handler("HandlerManager1", "").text, Contains("cannot be a subtype"));
    REQUIRE(client.own(registered_name("file")));
    CHECK_THAT(client.register_handler("file", "").text, Contains("itself"));
    CHECK(client.ask(registry_path, registry_interface, "RegisterHandler", "s", "tape").error ==
          "org.freedesktop.DBus.Error.InvalidArgs");
    CHECK(served.registered().empty());
}

TEST_CASE("registering again changes the description") {
    const test::PrivateBus bus;
    const OnBus served;
    const Client client;
    REQUIRE(becomes([&] { return client.handlers().has_value(); }));
    REQUIRE(client.own(registered_name("tape")));
    CHECK(client.register_handler("tape", "one").good);
    CHECK(client.register_handler("tape", "two").good);
    CHECK(client.handlers()->at("tape") == "two");
    client.disown(registered_name("tape"));
    CHECK(becomes([&] { return !client.handlers()->contains("tape"); }));
}

}  // namespace tcmud::daemon::dbus
