// SPDX-License-Identifier: Apache-2.0
#include "handler/devices/changer/changer_device.hpp"

#include <algorithm>

namespace tcmud::devices {

using scsi::get_16;
using scsi::get_8;
using scsi::Outcome;

namespace {

// SAM-5, SPC-4 and SMC-3, without a version claimed (SPC-4 table 142).
constexpr std::array<std::uint16_t, 3> changer_versions{0x00a0, 0x0460, 0x0480};

constexpr std::array changer_vpd_pages{
    scsi::VpdPage::supported_pages,
    scsi::VpdPage::unit_serial_number,
    scsi::VpdPage::device_identification,
};

constexpr std::uint8_t element_address_assignment_page = 0x1d;
constexpr std::uint8_t transport_geometry_page = 0x1e;
constexpr std::uint8_t device_capabilities_page = 0x1f;

// The elements of a type.
struct Extent {
    std::uint16_t first = 0;
    std::uint16_t count = 0;
};

Extent extent_of(std::span<const Element> elements, ElementType type) {
    Extent extent;
    for (const auto& element : elements) {
        if (element.type != type) continue;
        if (extent.count++ == 0) extent.first = static_cast<std::uint16_t>(element.address);
    }
    return extent;
}

// SMC-3 7.3.4
scsi::ModePageInfo element_addresses(std::span<const Element> elements) {
    scsi::ModePageInfo page{element_address_assignment_page, 0x12, {}, {}};
    std::size_t at = 0;
    for (const auto type :
         {ElementType::transport, ElementType::storage, ElementType::import_export, ElementType::drive}) {
        const auto extent = extent_of(elements, type);
        for (const auto value : {extent.first, extent.count}) {
            page.defaults[at++] = static_cast<std::uint8_t>(value >> 8);
            page.defaults[at++] = static_cast<std::uint8_t>(value & 0xff);
        }
    }
    return page;
}

// SMC-3 7.3.5: no transport element turns media over; each is the first of its set.
scsi::ModePageInfo transport_geometry(std::span<const Element> elements) {
    const auto transports = extent_of(elements, ElementType::transport).count;
    const auto length = std::min<std::size_t>(2u * transports, scsi::ModePageInfo::longest);
    return {transport_geometry_page, static_cast<std::uint8_t>(length), {}, {}};
}

// SMC-3 7.3.3: all elements keep media, but for transports, which only carry them.
scsi::ModePageInfo device_capabilities(std::span<const Element> elements) {
    constexpr std::uint8_t storage = 0x02, import_export = 0x04, drive = 0x08;
    std::uint8_t kinds = storage;
    if (extent_of(elements, ElementType::import_export).count != 0) kinds |= import_export;
    if (extent_of(elements, ElementType::drive).count != 0) kinds |= drive;
    scsi::ModePageInfo page{device_capabilities_page, 0x12, {}, {}};
    page.defaults[0] = kinds;
    // Rows of transports, storage, import and export, drives: where MOVE MEDIUM may bring media, then where
    // EXCHANGE MEDIUM may.
    for (const std::size_t matrix : {2u, 10u}) {
        page.defaults[matrix + 1] = kinds;
        page.defaults[matrix + 2] = (kinds & import_export) != 0 ? kinds : 0;
        page.defaults[matrix + 3] = (kinds & drive) != 0 ? kinds : 0;
    }
    return page;
}

PrimaryDevice::Type changer(std::span<const scsi::ModePageInfo> pages) {
    return {{.type = scsi::DeviceType::changer,
             .removable = true,
             .version_descriptors = changer_versions,
             .product_in_designator = true},
            pages,
            changer_vpd_pages,
            ChangerDevice::commands()};
}

}  // namespace

ChangerPages::ChangerPages(std::span<const Element> elements)
    : infos{
          // Control: only D_SENSE can be changed.
          {0x0a, 0x0a, {0x00, 0x10, 0x00, 0x40, 0, 0, 0xff, 0xff}, {0x04}},
          {0x1c, 0x0a, {0x08}, {}},  // Informational exceptions: DEXCPT, none are reported
          element_addresses(elements),
          transport_geometry(elements),
          device_capabilities(elements),
      } {}

ChangerDevice::ChangerDevice(ChangerBackend& backend, Host& host)
    : ChangerPages(backend.elements()), PrimaryDevice(changer(infos), host), backend_(backend) {
    attentions().raise(scsi::sense::power_on);
    look_for_damage();
}

void ChangerDevice::abort(Command& command) {
    turns_.cancel(command.claim);
}

Device::Whereabouts ChangerDevice::whereabouts(const Command& command) const {
    if (command.claim.claimed() && command.claim.waiting) return {"waiting for the command before it"};
    if (!command.step.what.empty()) return {command.step.what};
    const auto* operation = command.step.operation;
    if (operation && operation->place != IoOperation::Place::elsewhere) return {{}, operation};
    return {"in its backend"};
}

void ChangerDevice::reset() {
    prevented_ = false;
    backend_.prevent_removal(false);
    search_.reset();
    PrimaryDevice::reset();
}

scsi::Identity ChangerDevice::identity() const {
    auto identity = host().identity();
    identity.vendor = backend_.vendor();
    identity.product = backend_.product();
    if (!backend_.serial().empty()) identity.serial = backend_.serial();
    return identity;
}

void ChangerDevice::mode_pages_changed() {
    PrimaryDevice::mode_pages_changed();
    state_changed();
}

// All pages that it has are PrimaryDevice's.
scsi::Writer ChangerDevice::vpd_page(scsi::VpdPage page) {
    return scsi::begin_vpd(scsi::DeviceType::changer, page);
}

void ChangerDevice::look_for_damage() {
    if (std::ranges::any_of(backend_.elements(), &Element::damaged)) raise_alert(ChangerAlert::inventory);
}

void ChangerDevice::import_export_accessed() {
    look_for_damage();
    attentions().raise(scsi::sense::import_export_accessed);
    state_changed();
}

void ChangerDevice::inventory_changed() {
    look_for_damage();
    attentions().raise(scsi::sense::medium_may_have_changed);
    state_changed();
}

const Element* ChangerDevice::find(ElementAddress address) const {
    const auto elements = backend_.elements();
    const auto found = std::ranges::find(elements, address, &Element::address);
    return found == elements.end() ? nullptr : &*found;
}

bool ChangerDevice::has_transport(ElementAddress address) const {
    if (address == ElementAddress{0}) return true;
    const auto* element = find(address);
    return element && element->type == ElementType::transport;
}

// SMC-3 6.2: what is where is always known.
void ChangerDevice::initialize_element_status(Command&, Reply reply) {
    std::move(reply)(Outcome::good());
}

void ChangerDevice::initialize_element_status_with_range(Command& command, Reply reply) {
    const auto cdb = command.cdb();
    const bool range = (get_8(cdb, 1) & 0x01) != 0;
    const bool known = !range || find(ElementAddress{get_16(cdb, 2)}) != nullptr;
    std::move(reply)(known ? Outcome::good() : Outcome::check(scsi::sense::invalid_element_address));
}

void ChangerDevice::position_to_element(Command& command, Reply reply) {
    const auto cdb = command.cdb();
    const bool invert = (get_8(cdb, 8) & 0x01) != 0;
    if (invert) return std::move(reply)(Outcome::check(scsi::sense::invalid_field_in_cdb.in_cdb(8, 0)));
    const bool known =
        has_transport(ElementAddress{get_16(cdb, 2)}) && find(ElementAddress{get_16(cdb, 4)}) != nullptr;
    std::move(reply)(known ? Outcome::good() : Outcome::check(scsi::sense::invalid_element_address));
}

// SMC-3 6.7: the elements are always within reach of both sides; to open one while operators are locked out
// is refused, as the lock would be.
void ChangerDevice::open_close_import_export_element(Command& command, Reply reply) {
    constexpr unsigned open = 0, close = 1;
    const auto cdb = command.cdb();
    const auto* element = find(ElementAddress{get_16(cdb, 2)});
    const auto action = get_8(cdb, 4);
    const auto outcome = [&] {
        if (!element || element->type != ElementType::import_export)
            return Outcome::check(scsi::sense::invalid_element_address);
        if (action > close) return Outcome::check(scsi::sense::invalid_field_in_cdb.in_cdb(4, 4));
        if (action == open && prevented_) return Outcome::check(scsi::sense::medium_removal_prevented);
        return Outcome::good();
    }();
    std::move(reply)(outcome);
}

void ChangerDevice::prevent_allow_medium_removal(Command& command, Reply reply) {
    prevented_ = (get_8(command.cdb(), 4) & 0x01) != 0;
    backend_.prevent_removal(prevented_);
    state_changed();
    std::move(reply)(Outcome::good());
}

// SMC-3 6.11. A robot that has to look first is not needed: CURDATA says nothing that is not so anyway.
void ChangerDevice::read_element_status(Command& command, Reply reply) {
    const auto cdb = command.cdb();
    constexpr unsigned highest_type = 4;
    const std::uint8_t type = get_8(cdb, 1) & 0x0f;
    if (type > highest_type)
        return std::move(reply)(Outcome::check(scsi::sense::invalid_field_in_cdb.in_cdb(1, 3)));
    const auto selected =
        select(backend_.elements(), {.type = type, .start = get_16(cdb, 2), .most = get_16(cdb, 4)});
    const ReportForm form{.volume_tags = (get_8(cdb, 1) & 0x10) != 0,
                          .device_identifiers = (get_8(cdb, 6) & 0x01) != 0};
    std::move(reply)(send(command, element_status(selected, form), scsi::get_24(cdb, 7)));
}

}  // namespace tcmud::devices
