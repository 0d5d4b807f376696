// SPDX-License-Identifier: Apache-2.0
// A library in memory: a transport element at 1, four slots from 1000h, two import and export elements from
// 10h, two drives from 100h.
#pragma once

#include <algorithm>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tcmud/changer_backend.hpp"

namespace tcmud::test {

// Writes down what is asked of it, fails or holds back what it is told to.
class MemoryChanger final : public ChangerBackend {
public:
    static constexpr std::uint16_t transport = 0x0001, slot = 0x1000, mail_slot = 0x0010, drive = 0x0100;

    MemoryChanger() {
        add(ElementType::transport, transport, 1);
        add(ElementType::storage, slot, 4);
        add(ElementType::import_export, mail_slot, 2);
        add(ElementType::drive, drive, 2);
        for (unsigned i = 0; i < 2; ++i) {
            auto& element = at(static_cast<std::uint16_t>(drive + i));
            element.personality = "lto-8";
            element.maker = "ibm";
            element.serial = "000000000" + std::to_string(i + 1);
        }
        put(slot, "A00001L8");
        put(slot + 1, "A00002L8");
        put(mail_slot, "B00001L8");
        at(mail_slot).by_operator = true;
    }

    std::vector<std::string> log;         // "move 1000 100", "exchange ...", "barcode 1000 X", "prevent 1"
    std::optional<MoveStatus> fail_next;  // The next operation ends so, undone.
    bool hold = false;                    // Operations end only when let_go() is called.

    void let_go() {
        for (auto& done : std::exchange(held_, {})) std::move(done)({});
    }
    Element& at(std::uint16_t address) {
        return *std::ranges::find(elements_, ElementAddress{address}, &Element::address);
    }
    void add(ElementType type, std::uint16_t first, unsigned count) {
        for (unsigned i = 0; i < count; ++i) {
            Element element;
            element.type = type;
            element.address = ElementAddress(first + i);
            elements_.push_back(element);
        }
    }
    void put(std::uint16_t address, std::string barcode) {
        at(address).full = true;
        at(address).cartridge = "cartridge " + barcode;
        at(address).barcode = std::move(barcode);
    }
    Events events;

    std::string_view vendor() const override { return "IBM"; }
    std::string_view product() const override { return "03584L32"; }
    std::string_view serial() const override { return "0000078000000401"; }
    void start(IoQueue&, Events happened) override { events = std::move(happened); }
    std::span<const Element> elements() const override { return elements_; }
    void move(ElementAddress source, ElementAddress destination, MoveStatus& status,
              Completion done) override {
        note("move", {source, destination});
        end(status, std::move(done), [&] { carry(source, destination); });
    }
    void exchange(ElementAddress source, ElementAddress first, ElementAddress second, MoveStatus& status,
                  Completion done) override {
        note("exchange", {source, first, second});
        end(status, std::move(done), [&] {
            auto displaced = std::exchange(at(raw(first)), emptied(at(raw(first))));
            carry(source, first);
            fill(at(raw(second)), displaced, first);
        });
    }
    void set_barcode(ElementAddress address, std::string barcode, MoveStatus& status,
                     Completion done) override {
        log.push_back("barcode " + hex(address) + " " + barcode);
        end(status, std::move(done), [&] { at(raw(address)).barcode = barcode; });
    }
    void prevent_removal(bool prevented) override { log.push_back(prevented ? "prevent" : "allow"); }

private:
    static std::uint16_t raw(ElementAddress address) { return static_cast<std::uint16_t>(address); }
    static std::string hex(ElementAddress address) {
        std::string text;
        for (auto rest = raw(address); rest != 0; rest = static_cast<std::uint16_t>(rest / 16))
            text.insert(text.begin(), "0123456789abcdef"[rest % 16]);
        return text;
    }
    void note(std::string what, std::initializer_list<ElementAddress> addresses) {
        for (const auto address : addresses) what += " " + hex(address);
        log.push_back(what);
    }
    template <class Change>
    void end(MoveStatus& status, Completion done, Change change) {
        status = std::exchange(fail_next, std::nullopt).value_or(MoveStatus::ok);
        if (status == MoveStatus::ok) change();
        if (hold) {
            held_.push_back(std::move(done));
        } else {
            std::move(done)({});
        }
    }
    static Element emptied(const Element& element) {
        auto empty = element;
        empty.full = empty.by_operator = empty.cleaning = empty.worm = false;
        empty.cartridge.clear();
        empty.barcode.clear();
        empty.source.reset();
        return empty;
    }
    static void fill(Element& element, const Element& from, ElementAddress source) {
        element.full = true;
        element.cartridge = from.cartridge;
        element.barcode = from.barcode;
        element.source = from.type == ElementType::storage ? source : from.source;
    }
    void carry(ElementAddress source, ElementAddress destination) {
        auto& from = at(raw(source));
        fill(at(raw(destination)), from, source);
        from = emptied(from);
    }

    std::vector<Element> elements_;
    std::deque<Completion> held_;
};

}  // namespace tcmud::test
