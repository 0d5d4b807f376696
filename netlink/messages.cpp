// SPDX-License-Identifier: Apache-2.0
#include "netlink/messages.hpp"

#include <array>
#include <cassert>
#include <cstring>
#include <memory>

#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>

namespace tcmud::netlink {

namespace {

constexpr std::uint8_t family_version = 2;
constexpr std::uint8_t set_features = 7;

enum Attribute : int {
    device = 1,
    minor = 2,
    device_config = 4,
    device_size = 5,
    write_cache = 6,
    command_status = 7,
    device_id = 8,
    supports_reply = 9,
    last = supports_reply,
};

// ADDED_DEVICE_DONE and its kin follow the requests at a distance of three.
std::uint8_t done(Request request) {
    return static_cast<std::uint8_t>(static_cast<std::uint8_t>(request) + 3);
}

class Builder {
public:
    Builder(int family_id, std::uint8_t command) : message_(::nlmsg_alloc(), &::nlmsg_free) {
        assert(message_);
        ::genlmsg_put(message_.get(), NL_AUTO_PORT, NL_AUTO_SEQ, family_id, 0, 0, command, family_version);
    }
    Builder& u8(int attribute, std::uint8_t value) {
        return checked(::nla_put_u8(message_.get(), attribute, value));
    }
    Builder& u32(int attribute, std::uint32_t value) {
        return checked(::nla_put_u32(message_.get(), attribute, value));
    }
    Builder& u64(int attribute, std::uint64_t value) {
        return checked(::nla_put_u64(message_.get(), attribute, value));
    }
    Builder& s32(int attribute, std::int32_t value) {
        return checked(::nla_put_s32(message_.get(), attribute, value));
    }
    Builder& text(int attribute, const std::string& value) {
        return checked(::nla_put_string(message_.get(), attribute, value.c_str()));
    }
    std::vector<std::byte> bytes() const {
        const auto* header = ::nlmsg_hdr(message_.get());
        std::vector<std::byte> result(header->nlmsg_len);
        std::memcpy(result.data(), header, result.size());
        return result;
    }

private:
    Builder& checked(int error) {
        assert(error == 0);
        static_cast<void>(error);
        return *this;
    }
    std::unique_ptr<nl_msg, decltype(&::nlmsg_free)> message_;
};

// A string that ends within its attribute.
std::optional<std::string> text_of(const nlattr* attribute) {
    if (!attribute) return std::nullopt;
    const auto* data = static_cast<const char*>(::nla_data(attribute));
    return std::string(data, ::strnlen(data, static_cast<std::size_t>(::nla_len(attribute))));
}

template <class T>
std::optional<T> number_of(const nlattr* attribute) {
    T value;
    if (!attribute || ::nla_len(attribute) != static_cast<int>(sizeof value)) return std::nullopt;
    std::memcpy(&value, ::nla_data(attribute), sizeof value);
    return value;
}

}  // namespace

std::optional<Event> decode(std::span<const std::byte> message, int family_id) {
    nlmsghdr header;
    if (message.size() < sizeof header + sizeof(genlmsghdr)) return std::nullopt;
    std::memcpy(&header, message.data(), sizeof header);
    if (header.nlmsg_type != family_id || header.nlmsg_len > message.size() ||
        header.nlmsg_len < sizeof header + sizeof(genlmsghdr)) {
        return std::nullopt;
    }
    // libnl wants aligned memory.
    std::vector<std::uint64_t> aligned((header.nlmsg_len + 7) / 8);
    std::memcpy(aligned.data(), message.data(), header.nlmsg_len);
    auto* const copy = reinterpret_cast<nlmsghdr*>(aligned.data());
    auto* const generic = static_cast<genlmsghdr*>(::nlmsg_data(copy));
    if (generic->cmd < 1 || generic->cmd > 3) return std::nullopt;

    std::array<nlattr*, last + 1> attributes{};
    if (::nla_parse(attributes.data(), last, ::genlmsg_attrdata(generic, 0), ::genlmsg_attrlen(generic, 0),
                    nullptr) < 0) {
        return std::nullopt;
    }
    Event event;
    event.request = static_cast<Request>(generic->cmd);
    const auto name = text_of(attributes[device]);
    const auto uio_minor = number_of<std::uint32_t>(attributes[minor]);
    const auto id = number_of<std::uint32_t>(attributes[device_id]);
    if (!name || !uio_minor || !id) return std::nullopt;
    event.device = *name;
    event.minor = *uio_minor;
    event.device_id = *id;
    if (event.request == Request::reconfigured) {
        event.config = text_of(attributes[device_config]);
        event.size = number_of<std::uint64_t>(attributes[device_size]);
        if (const auto cache = number_of<std::uint8_t>(attributes[write_cache]))
            event.write_cache = *cache != 0;
    }
    return event;
}

std::vector<std::byte> encode(const Event& event, int family_id) {
    Builder message(family_id, static_cast<std::uint8_t>(event.request));
    message.text(device, event.device).u32(minor, event.minor).u32(device_id, event.device_id);
    if (event.config) message.text(device_config, *event.config);
    if (event.size) message.u64(device_size, *event.size);
    if (event.write_cache) message.u8(write_cache, *event.write_cache ? 1 : 0);
    return message.bytes();
}

std::vector<std::byte> encode(const Answer& answer, int family_id) {
    assert(answer.status <= 0);
    Builder message(family_id, done(answer.request));
    message.s32(command_status, answer.status).u32(device_id, answer.device_id);
    return message.bytes();
}

std::vector<std::byte> encode_reply_mode(bool on, int family_id) {
    Builder message(family_id, set_features);
    message.u8(supports_reply, on ? 1 : 0);
    return message.bytes();
}

}  // namespace tcmud::netlink
