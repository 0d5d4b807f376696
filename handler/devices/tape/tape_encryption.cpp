// SPDX-License-Identifier: Apache-2.0
// SECURITY PROTOCOL IN and OUT: encryption by the drive, with a key that the initiator gives (SSC-5 8.5). One
// algorithm, AES-256-GCM; one set of parameters for all initiators.
#include <sys/random.h>

#include <algorithm>
#include <array>

#include "handler/devices/tape/tape_device.hpp"

namespace tcmud::devices {

using scsi::get_16;
using scsi::get_32;
using scsi::get_8;
using scsi::Outcome;
using scsi::Sense;
using scsi::Writer;

namespace {

namespace sense = scsi::sense;

constexpr std::uint8_t information_protocol = 0x00;
constexpr std::uint8_t encryption_protocol = 0x20;
constexpr std::uint8_t algorithm_index = 1;
constexpr std::size_t key_size = 32;
constexpr std::size_t longest_unauthenticated = 32;
constexpr std::size_t longest_authenticated = 12;
enum KeyData : std::uint8_t { unauthenticated_data = 0, authenticated_data = 1 };

enum EncryptionPage : std::uint16_t {
    in_support = 0x0000,
    out_support = 0x0001,
    capabilities = 0x0010,
    key_formats = 0x0011,
    management = 0x0012,
    encryption_status = 0x0020,
    next_block_status = 0x0021,
    random_number = 0x0030,
};
constexpr std::uint16_t set_data_encryption = 0x0010;

Writer begin_page(std::uint16_t code) {
    Writer page;
    page.u16(code).u16(0);
    return page;
}
Writer finished(Writer page) {
    page.set_16(2, page.size() - 4);
    return page;
}

// SSC-5 8.5.2.4
Writer capabilities_page() {
    auto page = begin_page(capabilities);
    page.u8(0x01).zeros(15);  // CFG_P: encryption is not configured elsewhere.
    page.u8(algorithm_index).u8(0).u16(0x14);
    // AVFMV, MAC_C, DELB_C; decrypts and encrypts "in hardware".
    page.u8(0xba);
    page.u8(0x14);  // The drive makes the nonce; VCELB_C.
    page.u16(longest_unauthenticated).u16(longest_authenticated).u16(key_size);
    page.u8(0).u8(0).u16(0).zeros(4);
    page.u32(0x00010014);  // AES-256-GCM with a tag of 16 bytes.
    return finished(page);
}

void append_key_data(Writer& to, const std::vector<std::byte>& plain,
                     const std::vector<std::byte>& authenticated, unsigned verified) {
    if (!plain.empty()) to.u8(unauthenticated_data).u8(1).u16(plain.size()).bytes(plain);
    if (!authenticated.empty())
        to.u8(authenticated_data).u8(verified).u16(authenticated.size()).bytes(authenticated);
}

// The parameter list of SET DATA ENCRYPTION (SSC-5 8.5.3.2).
struct WantedEncryption {
    TapeEncryption encryption;
    bool clear_on_unload = false;  // CKOD
    std::optional<Sense> wrong;
};

WantedEncryption parse_encryption(scsi::Bytes list) {
    WantedEncryption wanted;
    constexpr std::size_t list_head = 20;
    const auto refuse = [&](std::size_t byte) {
        wanted.wrong = sense::invalid_field_in_parameter_list.in_parameters(static_cast<std::uint16_t>(byte));
        return wanted;
    };
    if (list.size() < list_head || get_16(list, 2) != list.size() - 4) {
        wanted.wrong = sense::parameter_list_length_error;
        return wanted;
    }
    const unsigned encrypt = get_8(list, 6), decrypt = get_8(list, 7);
    constexpr unsigned on = 2, raw_mode = 1, mixed = 3;
    if (encrypt != 0 && encrypt != on) return refuse(6);
    if (decrypt > mixed || decrypt == raw_mode) return refuse(7);
    const bool used = encrypt != 0 || decrypt != 0;
    const auto length = get_16(list, 18);
    // 0 is the default algorithm: there is only one.
    if (used && get_8(list, 8) > algorithm_index) return refuse(8);
    if (get_8(list, 9) != 0) return refuse(9);  // KEY FORMAT: a plain key
    if (used ? length != key_size : length != 0 && length != key_size) return refuse(18);
    if (list.size() < list_head + length) return refuse(18);
    wanted.clear_on_unload = (get_8(list, 5) & 0x04) != 0;
    auto& encryption = wanted.encryption;
    if (!used) return wanted;
    encryption.encrypt = encrypt == on ? TapeEncryption::Encrypt::on : TapeEncryption::Encrypt::off;
    encryption.decrypt = static_cast<TapeEncryption::Decrypt>(decrypt);
    std::copy_n(list.begin() + list_head, key_size, encryption.key.begin());
    for (auto at = list_head + length; at < list.size();) {
        if (list.size() - at < 4 || list.size() - at - 4 < get_16(list, at + 2)) return refuse(at);
        const auto value = list.subspan(at + 4, get_16(list, at + 2));
        const auto type = get_8(list, at);
        const bool fits = type == unauthenticated_data ? value.size() <= longest_unauthenticated
                          : type == authenticated_data ? value.size() <= longest_authenticated
                                                       : false;
        if (!fits) return refuse(at);
        auto& into = type == unauthenticated_data ? encryption.unauthenticated : encryption.authenticated;
        into.assign(value.begin(), value.end());
        at += 4 + value.size();
    }
    return wanted;
}

}  // namespace

// SSC-5 8.5.2.7
Writer TapeDevice::encryption_status_page() const {
    const bool set = encryption_.encrypt != TapeEncryption::Encrypt::off ||
                     encryption_.decrypt != TapeEncryption::Decrypt::off;
    constexpr unsigned all_initiators = 2;
    auto page = begin_page(encryption_status);
    page.u8(all_initiators << 5 | (set ? all_initiators : 0));
    page.u8(encryption_.encrypt == TapeEncryption::Encrypt::on ? 2 : 0);
    page.u8(static_cast<unsigned>(encryption_.decrypt)).u8(set ? algorithm_index : 0).u32(key_instance_);
    page.u8(0x08).u8(0).u16(0).zeros(8);  // VCELB
    append_key_data(page, encryption_.unauthenticated, encryption_.authenticated, 1);
    return finished(page);
}

// SSC-5 8.5.2.8
Steps<Outcome> TapeDevice::next_block_encryption_status(Command& command) {
    enum Status : unsigned { no_block = 2, clear = 3, decryptable = 5, other_key = 6 };
    if (const auto why_not = not_ready()) co_return Outcome::check(*why_not);
    TapeNext next;
    const auto result = co_await TapeIo{
        [&](TapeResult& r, Completion done) { backend_.look_at_next(next, r, std::move(done)); }};
    if (result.status != TapeStatus::ok) co_return read_failed(result.status, 0);
    const auto status = next.kind != TapeNext::Kind::block ? no_block
                        : !next.encrypted                  ? clear
                        : next.key_fits                    ? decryptable
                                                           : other_key;
    auto page = begin_page(next_block_status);
    page.u64(where().object).u8(status).u8(next.encrypted ? algorithm_index : 0).u8(0).u8(0);
    append_key_data(page, next.unauthenticated, next.authenticated, next.key_fits ? 2 : 1);
    co_return send(command, finished(page), get_32(command.cdb(), 6));
}

std::optional<Writer> TapeDevice::encryption_page(std::uint16_t code) const {
    auto page = begin_page(code);
    switch (code) {
        case in_support:
            for (const auto supported : {in_support, out_support, capabilities, key_formats, management,
                                         encryption_status, next_block_status, random_number})
                page.u16(supported);
            return finished(page);
        case out_support: return finished(page.u16(set_data_encryption));
        case capabilities: return capabilities_page();
        case key_formats: return finished(page.u8(0));
        case management:
            return finished(page.u8(0).u8(0x04).u8(0).u8(0x05).zeros(8));  // CKOD_C; AITN_C, PUBLIC_C
        case encryption_status: return encryption_status_page();
        case random_number: {
            std::array<std::byte, 32> random{};
            if (::getrandom(random.data(), random.size(), 0) != ssize_t{random.size()}) return std::nullopt;
            return finished(page.bytes(random));
        }
        default: return std::nullopt;
    }
}

Steps<Outcome> TapeDevice::security_protocol_in(Command& command) {
    const auto cdb = command.cdb();
    const auto protocol = get_8(cdb, 1);
    const auto page = get_16(cdb, 2);
    const auto allocation = get_32(cdb, 6);
    if (protocol == information_protocol && page == 0) {
        Writer list;
        list.zeros(6).u16(2).u8(information_protocol).u8(encryption_protocol);
        co_return send(command, list, allocation);
    }
    if (protocol == information_protocol && page == 1) {
        Writer no_certificate;
        co_return send(command, no_certificate.zeros(4), allocation);
    }
    if (protocol != encryption_protocol) co_return Outcome::check(sense::invalid_field_in_cdb.in_cdb_byte(1));
    if (page == next_block_status) co_return co_await next_block_encryption_status(command);
    const auto data = encryption_page(page);
    if (!data) co_return Outcome::check(sense::invalid_field_in_cdb.in_cdb_byte(2));
    co_return send(command, *data, allocation);
}

Steps<Outcome> TapeDevice::security_protocol_out(Command& command) {
    const auto cdb = command.cdb();
    if (get_8(cdb, 1) != encryption_protocol)
        co_return Outcome::check(sense::invalid_field_in_cdb.in_cdb_byte(1));
    if (get_16(cdb, 2) != set_data_encryption)
        co_return Outcome::check(sense::invalid_field_in_cdb.in_cdb_byte(2));
    const auto length = get_32(cdb, 6);
    if (length == 0) co_return Outcome::data_out_taken();
    constexpr std::uint32_t longest_list = 4096;
    const auto list = length > longest_list ? std::nullopt : parameter_list(command, length);
    if (!list) co_return Outcome::check(sense::parameter_list_length_error);
    const auto wanted = parse_encryption(*list);
    if (wanted.wrong) co_return Outcome::check(*wanted.wrong);
    clear_key_on_unload_ = wanted.clear_on_unload;
    encrypt_as(wanted.encryption);
    ++key_instance_;
    co_return Outcome::data_out_taken();
}

void TapeDevice::encrypt_as(const TapeEncryption& encryption) {
    encryption_ = encryption;
    backend_.set_encryption(encryption_);
}

}  // namespace tcmud::devices
