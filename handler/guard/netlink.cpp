// SPDX-License-Identifier: Apache-2.0
#include "handler/guard/netlink.hpp"

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "handler/guard/file.hpp"
#include "handler/guard/text_file.hpp"
#include "netlink/listeners.hpp"

namespace tcmud::guard {

namespace {

constexpr std::string_view family_name = "TCM-USER";
constexpr std::string_view group_name = "config";
constexpr std::uint8_t family_version = 2;
constexpr std::uint8_t set_features = 7;
constexpr std::uint16_t supports_reply = 9;

using Bytes = std::span<const std::byte>;

// As NLA_HDRLEN and NLA_ALIGN, which have the wrong types.
constexpr std::size_t attribute_header = sizeof(nlattr);
constexpr std::size_t aligned(std::size_t length) {
    return (length + 3) & ~std::size_t{3};
}

template <class T>
std::optional<T> read_as(Bytes bytes) {
    if (bytes.size() < sizeof(T)) return std::nullopt;
    T value;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
}

// A request with one attribute.
std::vector<std::byte> request(std::uint16_t family, std::uint8_t command, std::uint8_t version,
                               std::uint16_t flags, std::uint16_t attribute, std::string_view value) {
    const auto attribute_length = attribute_header + value.size();
    std::vector<std::byte> message(NLMSG_HDRLEN + GENL_HDRLEN + aligned(attribute_length));
    const nlmsghdr header{static_cast<std::uint32_t>(message.size()), family,
                          static_cast<std::uint16_t>(NLM_F_REQUEST | flags), 0, 0};
    const genlmsghdr generic{command, version, 0};
    const nlattr head{static_cast<std::uint16_t>(attribute_length), attribute};
    auto* at = message.data();
    std::memcpy(at, &header, sizeof header);
    std::memcpy(at += NLMSG_HDRLEN, &generic, sizeof generic);
    std::memcpy(at += GENL_HDRLEN, &head, sizeof head);
    std::memcpy(at + attribute_header, value.data(), value.size());
    return message;
}

// Calls visit(type, value) for each attribute.
template <class Visit>
void for_each_attribute(Bytes rest, Visit visit) {
    while (const auto head = read_as<nlattr>(rest)) {
        if (head->nla_len < attribute_header || head->nla_len > rest.size()) return;
        visit(head->nla_type & NLA_TYPE_MASK,
              rest.subspan(attribute_header, head->nla_len - attribute_header));
        rest = rest.subspan(std::min<std::size_t>(aligned(head->nla_len), rest.size()));
    }
}

bool is_text(Bytes value, std::string_view text) {
    return value.size() == text.size() + 1 && std::memcmp(value.data(), text.data(), text.size()) == 0;
}

// CTRL_ATTR_MCAST_GROUPS: a list of groups, each with its name and number.
std::uint32_t group_in(Bytes groups) {
    std::uint32_t found = 0;
    for_each_attribute(groups, [&](int, Bytes group) {
        bool named = false;
        std::uint32_t number = 0;
        for_each_attribute(group, [&](int type, Bytes value) {
            if (type == CTRL_ATTR_MCAST_GRP_NAME) named = is_text(value, group_name);
            if (type == CTRL_ATTR_MCAST_GRP_ID) number = read_as<std::uint32_t>(value).value_or(0);
        });
        if (named) found = number;
    });
    return found;
}

// The message that begins these bytes, if it is whole.
std::optional<std::pair<nlmsghdr, Bytes>> message_in(Bytes bytes) {
    const auto header = read_as<nlmsghdr>(bytes);
    if (!header || header->nlmsg_len < NLMSG_HDRLEN || header->nlmsg_len > bytes.size()) return std::nullopt;
    return std::pair{*header, bytes.subspan(NLMSG_HDRLEN, header->nlmsg_len - NLMSG_HDRLEN)};
}

tl::unexpected<Error> failed(const char* what) {
    const int number = errno;
    return failure(number, std::string(what) + ": " + std::strerror(number));
}

Result<File> open_socket() {
    File socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC));
    const timeval patience{1, 0};
    if (socket.fd() < 0 ||
        ::setsockopt(socket.fd(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0)
        return failed("cannot open a netlink socket");
    return socket;
}

Result<std::vector<std::byte>> ask(const File& socket, const std::vector<std::byte>& message) {
    if (::send(socket.fd(), message.data(), message.size(), 0) < 0)
        return failed("cannot send to the kernel");
    std::vector<std::byte> answer(8192);
    const auto length = ::recv(socket.fd(), answer.data(), answer.size(), 0);
    if (length < 0) return failed("the kernel does not answer");
    answer.resize(static_cast<std::size_t>(length));
    return answer;
}

// Before Linux 4.19 these do not exist, and nobody can be freed.
Result<void> set_parameter(const Paths& paths, const char* name, std::string_view value) {
    const auto path = paths.module / "parameters" / name;
    std::error_code error;
    if (!std::filesystem::exists(path, error)) return {};
    return write_file(path, value);
}

Result<void> free_those_that_wait(const Paths& paths) {
    // The kernel resets only while it is blocked, which must not stay behind.
    if (auto blocked = set_parameter(paths, "block_netlink", "1"); !blocked) return blocked;
    auto freed = set_parameter(paths, "reset_netlink", "1");
    auto unblocked = set_parameter(paths, "block_netlink", "0");
    return freed ? unblocked : freed;
}

// Where that cannot be told, somebody may.
bool somebody_listens(const Paths& paths, std::uint32_t group) {
    const auto sockets = read_file(paths.processes / "net" / "netlink");
    return !sockets || !netlink::listeners(*sockets, group).empty();
}

}  // namespace

std::vector<std::byte> encode_family_request() {
    return request(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1, 0, CTRL_ATTR_FAMILY_NAME,
                   std::string_view("TCM-USER", family_name.size() + 1));
}

std::optional<Family> decode_family(Bytes bytes) {
    const auto message = message_in(bytes);
    if (!message || message->first.nlmsg_type != GENL_ID_CTRL || message->second.size() < GENL_HDRLEN)
        return std::nullopt;
    Family family;
    for_each_attribute(message->second.subspan(GENL_HDRLEN), [&](int type, Bytes value) {
        if (type == CTRL_ATTR_FAMILY_ID) family.id = read_as<std::uint16_t>(value).value_or(0);
        if (type == CTRL_ATTR_MCAST_GROUPS) family.group = group_in(value);
    });
    if (family.id == 0) return std::nullopt;
    return family;
}

std::vector<std::byte> encode_no_answers(std::uint16_t family) {
    return request(family, set_features, family_version, NLM_F_ACK, supports_reply,
                   std::string_view("\0", 1));
}

std::optional<int> decode_error(Bytes bytes) {
    const auto message = message_in(bytes);
    if (!message || message->first.nlmsg_type != NLMSG_ERROR) return std::nullopt;
    const auto error = read_as<std::int32_t>(message->second);
    if (!error) return std::nullopt;
    return -*error;
}

Deed free_writers(const Paths& paths) {
    const auto fail = [](std::string why) { return Deed{Outcome::failed, std::move(why)}; };
    const auto socket = open_socket();
    if (!socket) return fail(socket.error().text);
    const auto answer = ask(*socket, encode_family_request());
    if (!answer) return fail(answer.error().text);
    const auto family = decode_family(*answer);
    // target_core_user is not loaded.
    if (!family) return {};
    if (somebody_listens(paths, family->group)) return {Outcome::in_use, ""};
    const auto acknowledged = ask(*socket, encode_no_answers(family->id));
    if (!acknowledged) return fail(acknowledged.error().text);
    const auto error = decode_error(*acknowledged).value_or(EPROTO);
    if (error != 0) return fail(std::string("cannot switch off netlink answers: ") + std::strerror(error));
    if (auto freed = free_those_that_wait(paths); !freed) return fail(freed.error().text);
    return {Outcome::undone, ""};
}

}  // namespace tcmud::guard
