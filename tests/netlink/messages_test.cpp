// SPDX-License-Identifier: Apache-2.0
#include "netlink/messages.hpp"

#include <linux/genetlink.h>
#include <linux/netlink.h>

#include <cerrno>
#include <cstring>

#include <catch2/catch.hpp>

using namespace tcmud::netlink;

namespace {

constexpr int family = 29;

// A message of TCM-USER as the kernel lays it out, in this machine's byte order.
class Message {
public:
    explicit Message(std::uint8_t command, std::uint16_t of_family = family) {
        const nlmsghdr header{0, of_family, 0, 0, 0};
        append(&header, sizeof header);
        const genlmsghdr generic{command, 2, 0};
        append(&generic, sizeof generic);
    }
    Message& attribute(std::uint16_t type, const void* value, std::size_t size) {
        const nlattr header{static_cast<std::uint16_t>(sizeof(nlattr) + size), type};
        append(&header, sizeof header);
        append(value, size);
        bytes_.resize((bytes_.size() + 3) / 4 * 4);
        return *this;
    }
    template <class T>
    Message& number(std::uint16_t type, T value) {
        return attribute(type, &value, sizeof value);
    }
    Message& text(std::uint16_t type, const char* value) {
        return attribute(type, value, std::strlen(value) + 1);
    }
    // DEVICE, MINOR and DEVICE_ID.
    Message& of_device() {
        return text(1, "tcm-user/0/disk1/file//x").number<std::uint32_t>(2, 7).number<std::uint32_t>(8, 42);
    }
    std::vector<std::byte> bytes() const {
        auto result = bytes_;
        const auto length = static_cast<std::uint32_t>(result.size());
        std::memcpy(result.data(), &length, sizeof length);
        return result;
    }

private:
    void append(const void* from, std::size_t size) {
        const auto* first = static_cast<const std::byte*>(from);
        bytes_.insert(bytes_.end(), first, first + size);
    }
    std::vector<std::byte> bytes_;
};

std::vector<std::byte> with_length(std::vector<std::byte> message, std::uint32_t length) {
    std::memcpy(message.data(), &length, sizeof length);
    return message;
}

}  // namespace

TEST_CASE("a device that was added or removed is named, with its minor and its id") {
    for (const auto request : {Request::added, Request::removed}) {
        const auto event = decode(Message(static_cast<std::uint8_t>(request)).of_device().bytes(), family);
        REQUIRE(event);
        CHECK(event->request == request);
        CHECK(event->device == "tcm-user/0/disk1/file//x");
        CHECK(event->minor == 7);
        CHECK(event->device_id == 42);
        CHECK_FALSE(event->config);
        CHECK_FALSE(event->size);
        CHECK_FALSE(event->write_cache);
    }
}

TEST_CASE("a reconfiguration proposes a config, a size or a write cache") {
    const auto config = decode(Message(3).of_device().text(4, "file//y").bytes(), family);
    REQUIRE(config);
    CHECK(config->config == "file//y");
    CHECK_FALSE(config->size);
    const auto size = decode(Message(3).of_device().number<std::uint64_t>(5, 1ull << 40).bytes(), family);
    REQUIRE(size);
    CHECK(size->size == 1ull << 40);
    const auto off = decode(Message(3).of_device().number<std::uint8_t>(6, 0).bytes(), family);
    REQUIRE(off);
    CHECK(off->write_cache == false);
    CHECK(decode(Message(3).of_device().number<std::uint8_t>(6, 1).bytes(), family)->write_cache == true);
}

TEST_CASE("an event that was encoded is decoded as it was") {
    Event event{Request::reconfigured, "tcm-user/1/a/ram/", 0xffff'ffff, 0xffff'ffff, {}, {}, {}};
    CHECK(decode(encode(event, family), family) == event);
    event.size = ~std::uint64_t{0};
    CHECK(decode(encode(event, family), family) == event);
}

TEST_CASE("an event that lacks its device, its minor or its id is none") {
    CHECK_FALSE(decode(Message(1).bytes(), family));
    CHECK_FALSE(decode(Message(1).number<std::uint32_t>(2, 7).number<std::uint32_t>(8, 42).bytes(), family));
    CHECK_FALSE(decode(Message(1).text(1, "x").number<std::uint32_t>(8, 42).bytes(), family));
    CHECK_FALSE(decode(Message(1).text(1, "x").number<std::uint32_t>(2, 7).bytes(), family));
}

TEST_CASE("messages of other families and other commands are no events") {
    CHECK_FALSE(decode(Message(1, family + 1).of_device().bytes(), family));
    for (const int command : {0, 4, 7, 255})
        CHECK_FALSE(decode(Message(static_cast<std::uint8_t>(command)).of_device().bytes(), family));
}

TEST_CASE("a message that is cut off anywhere is no event, and nothing behind it is read") {
    const auto whole = Message(1).of_device().bytes();
    for (std::size_t length = 0; length < whole.size(); ++length) {
        // Exactly as long as it is, so that the address sanitizer sees a read behind it.
        const std::vector<std::byte> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
        REQUIRE_FALSE(decode(cut, family));
        if (length >= sizeof(std::uint32_t)) {
            REQUIRE_FALSE(decode(with_length(cut, static_cast<std::uint32_t>(length)), family));
        }
    }
}

TEST_CASE("a message that lies about its length is no event") {
    const auto whole = Message(1).of_device().bytes();
    for (const std::uint32_t length : {0u, 1u, 16u, 19u, static_cast<std::uint32_t>(whole.size() + 1), ~0u})
        CHECK_FALSE(decode(with_length(whole, length), family));
}

TEST_CASE("a number of another width is not believed") {
    CHECK_FALSE(decode(
        Message(1).text(1, "x").number<std::uint16_t>(2, 7).number<std::uint32_t>(8, 1).bytes(), family));
    const auto event = decode(Message(3).of_device().number<std::uint32_t>(5, 512).bytes(), family);
    REQUIRE(event);
    CHECK_FALSE(event->size);
}

TEST_CASE("a text without its NUL ends with its attribute") {
    const auto event = decode(
        Message(1).attribute(1, "abc", 3).number<std::uint32_t>(2, 7).number<std::uint32_t>(8, 1).bytes(),
        family);
    REQUIRE(event);
    CHECK(event->device == "abc");
}

TEST_CASE("attributes that a later kernel adds do not disturb") {
    const auto event =
        decode(Message(1).of_device().number<std::uint64_t>(10, 1).text(200, "new").bytes(), family);
    REQUIRE(event);
    CHECK(event->device_id == 42);
}

TEST_CASE("an answer is the request's done message, with status and device") {
    const auto command_of = [](Request request) {
        const auto message = encode(Answer{request, 42, -EINVAL}, family);
        return std::to_integer<int>(message.at(sizeof(nlmsghdr)));
    };
    CHECK(command_of(Request::added) == 4);
    CHECK(command_of(Request::removed) == 5);
    CHECK(command_of(Request::reconfigured) == 6);
    // What follows the headers: COMMAND_STATUS and DEVICE_ID, as the kernel reads them.
    const auto message = encode(Answer{Request::added, 42, -EINVAL}, family);
    const auto expected = Message(4).number<std::int32_t>(7, -EINVAL).number<std::uint32_t>(8, 42).bytes();
    REQUIRE(message.size() == expected.size());
    CHECK(std::equal(message.begin() + sizeof(nlmsghdr), message.end(), expected.begin() + sizeof(nlmsghdr)));
}

TEST_CASE("reply mode is switched by SET_FEATURES") {
    for (const bool on : {true, false}) {
        const auto message = encode_reply_mode(on, family);
        const auto expected = Message(7).number<std::uint8_t>(9, on ? 1 : 0).bytes();
        REQUIRE(message.size() == expected.size());
        CHECK(std::equal(message.begin() + sizeof(nlmsghdr), message.end(),
                         expected.begin() + sizeof(nlmsghdr)));
    }
}
