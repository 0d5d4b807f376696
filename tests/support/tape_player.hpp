// SPDX-License-Identifier: Apache-2.0
// Random commands to a tape drive, compared with a model of a tape that is nothing but a list, and daemons
// that are killed before or after what they did was kept.
#pragma once

#include <algorithm>
#include <random>
#include <utility>

#include <catch2/catch.hpp>

#include "tests/support/tape.hpp"

namespace tcmud::test {

namespace sense = scsi::sense;

struct ModelObject {
    bool mark = false;
    std::uint32_t length = 0;
    std::uint8_t fill = 0;
};

// What is expected of a command.
struct Expected {
    scsi::Sense sense{};
    bool good = true;
    Bytes data{};  // Delivered by a READ.
};
inline Expected check_of(const scsi::Sense& sense) {
    return {sense, false, {}};
}
inline Expected check_of(const scsi::Sense& sense, std::int64_t residue) {
    return {sense.with_information(static_cast<std::uint32_t>(residue)), false, {}};
}

class TapeModel {
public:
    explicit TapeModel(std::uint64_t capacity) : capacity_(capacity) { format(1); }

    void format(std::size_t count) {
        partitions.assign(count, {});
        partition = 0;
        object = 0;
    }
    std::uint64_t capacity() const { return capacity_ / partitions.size(); }
    std::vector<ModelObject>& here() { return partitions[partition]; }
    std::uint64_t used() {
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i < object; ++i) sum += here()[i].length;
        return sum;
    }

    Expected write(std::uint32_t blocks, std::uint32_t length, std::uint8_t fill, bool fixed) {
        erase();
        for (std::uint32_t done = 0; done < blocks; ++done) {
            if (used() + length > capacity())
                return check_of(sense::volume_overflow, fixed ? blocks - done : length);
            put({false, length, fill});
        }
        return warned();
    }
    Expected marks(std::uint32_t count) {
        for (std::uint32_t i = 0; i < count; ++i) put({.mark = true});
        return count == 0 ? Expected{} : warned();
    }
    Expected read(std::uint32_t length, bool silent, std::uint32_t block_length) {
        if (object == here().size()) return check_of(sense::end_of_data_detected, length);
        const auto& found = here()[object++];
        if (found.mark) return check_of(sense::filemark_detected, length);
        Expected expected;
        expected.data = filled(std::min(length, found.length), found.fill);
        const auto difference = std::int64_t{length} - found.length;
        if (difference == 0 || (silent && (difference > 0 || block_length == 0))) return expected;
        expected.good = false;
        expected.sense = check_of(sense::wrong_length, difference).sense;
        return expected;
    }
    Expected read_blocks(std::uint32_t count, std::uint32_t block_length) {
        Expected all;
        for (std::uint32_t done = 0; done < count; ++done) {
            auto one = read(block_length, false, block_length);
            if (!one.good) {
                one.sense.information = count - done;
                one.data = std::move(all.data);
                return one;
            }
            all.data.insert(all.data.end(), one.data.begin(), one.data.end());
        }
        return all;
    }
    Expected space(bool over_marks, std::int64_t count) {
        const auto wanted = count < 0 ? -count : count;
        for (std::int64_t done = 0; done < wanted;) {
            if (count > 0 && object == here().size())
                return check_of(sense::end_of_data_detected, wanted - done);
            if (count < 0 && object == 0)
                return check_of(sense::beginning_of_partition_detected, wanted - done);
            const bool mark = here()[count > 0 ? object++ : --object].mark;
            if (mark && !over_marks) return check_of(sense::filemark_detected, wanted - done);
            done += mark || !over_marks;
        }
        return {};
    }
    Expected locate(std::uint32_t to_partition, std::uint64_t to) {
        if (to_partition >= partitions.size()) return check_of(sense::invalid_field_in_cdb);
        partition = to_partition;
        object = std::min<std::uint64_t>(to, here().size());
        return object == to ? Expected{} : check_of(sense::end_of_data_detected);
    }
    Expected locate_file(std::uint64_t file) {
        for (object = 0; file > 0; ++object) {
            if (object == here().size()) return check_of(sense::end_of_data_detected);
            file -= here()[object].mark;
        }
        return {};
    }
    void erase() { here().resize(object); }

    std::vector<std::vector<ModelObject>> partitions;
    std::uint32_t partition = 0;
    std::size_t object = 0;

private:
    void put(ModelObject what) {
        here().resize(object);
        here().push_back(what);
        ++object;
    }
    Expected warned() {
        if (used() + capacity() / 4 < capacity()) return {};
        return check_of(sense::end_of_partition_detected, 0);
    }
    std::uint64_t capacity_;
};

// Rig: send(cdb, data, number) answers; restart(replaying, loaded) has another daemon go on from `state`, on
// a drive that has its cartridge loaded or not; cut_write(partition, written) takes some of the last objects.
template <class Rig>
class TapePlayer {
public:
    // REQUIRES: the rig's drive is ready, and its cartridge, of that capacity, empty.
    TapePlayer(unsigned seed, Rig& rig, std::uint64_t capacity)
        : random_(seed), model_(capacity), rig_(rig) {}

    void step() {
        const auto choice = number(99);
        if (choice < 24) return write();
        if (choice < 30) return marks();
        if (choice < 56) return read();
        if (choice < 68) return space();
        if (choice < 80) return locate();
        if (choice < 85)
            return play({0x01, 0, 0, 0, 0, 0}, {}, [&] { return model_.locate(model_.partition, 0); });
        if (choice < 87) {
            return play({0x19, number(1), 0, 0, 0, 0}, {}, [&] {
                model_.erase();
                return Expected{};
            });
        }
        if (choice < 91) return set_block_length();
        if (choice < 93) return reload();
        if (choice < 95) return format();
        tell_position();
    }

private:
    unsigned number(unsigned most) { return std::uniform_int_distribution<unsigned>(0, most)(random_); }

    void write() {
        const auto fill = number(0xff);
        if (block_length_ != 0 && number(1) == 0) {
            const auto blocks = 1 + number(4);
            return play({0x0a, 1, 0, 0, blocks, 0}, filled(blocks * block_length_, fill), [&, blocks, fill] {
                return model_.write(blocks, block_length_, static_cast<std::uint8_t>(fill), true);
            });
        }
        const auto length = 1 + number(2999);
        play({0x0a, 0, 0, length >> 8, length & 0xff, 0}, filled(length, fill),
             [&, length, fill] { return model_.write(1, length, static_cast<std::uint8_t>(fill), false); });
    }
    void marks() {
        const auto count = number(2);
        play({0x10, number(1), 0, 0, count, 0}, {}, [&, count] { return model_.marks(count); });
    }
    void read() {
        if (block_length_ != 0 && number(1) == 0) {
            const auto blocks = 1 + number(4);
            return play({0x08, 1, 0, 0, blocks, 0}, filled(blocks * block_length_, 0),
                        [&, blocks] { return model_.read_blocks(blocks, block_length_); });
        }
        const auto length = 1 + number(3500);
        const auto silent = number(1);
        play({0x08, silent << 1, 0, length >> 8, length & 0xff, 0}, filled(length, 0),
             [&, length, silent] { return model_.read(length, silent != 0, block_length_); });
    }
    void space() {
        const auto code = number(2);
        if (code == 2) {
            return play({0x11, 3, 0, 0, 0, 0}, {}, [&] {
                model_.object = model_.here().size();
                return Expected{};
            });
        }
        const auto count = static_cast<int>(number(12)) - 6;
        const auto bits = static_cast<unsigned>(count);
        play({0x11, code, bits >> 16 & 0xff, bits >> 8 & 0xff, bits & 0xff, 0}, {},
             [&, code, count] { return model_.space(code == 1, count); });
    }
    void locate() {
        if (number(3) == 0) {
            const auto file = number(6);
            return play({0x92, 1 << 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, file, 0, 0, 0, 0}, {},
                        [&, file] { return model_.locate_file(file); });
        }
        const auto to = number(40);
        const auto partition = number(2);
        const bool change = number(2) == 0;
        play({0x2b, change ? 2u : 0u, 0, 0, 0, 0, to, 0, partition, 0}, {},
             [&, to, partition, change] { return model_.locate(change ? partition : model_.partition, to); });
    }
    void set_block_length() {
        const auto length = number(2) * 400;
        play({0x15, 0x10, 0, 0, 12, 0}, bytes({0, 0, 0x10, 8, 0, 0, 0, 0, 0, 0, length >> 8, length & 0xff}),
             [&, length] {
                 block_length_ = length;
                 return Expected{};
             });
    }
    void reload() {
        play({0x1b, 0, 0, 0, 0, 0}, {}, [] { return Expected{}; });
        play({0x00, 0, 0, 0, 0, 0}, {}, [] { return check_of(sense::medium_not_present); });
        play({0x1b, 0, 0, 0, 1, 0}, {}, [&] { return model_.locate(0, 0); });
        play({0x00, 0, 0, 0, 0, 0}, {}, [] { return check_of(sense::medium_may_have_changed); });
    }
    void format() {
        play({0x2b, 2, 0, 0, 0, 0, 0, 0, 0, 0}, {}, [&] { return model_.locate(0, 0); });
        const auto more = number(2);
        auto page = bytes({0, 0, 0x10, 0, 0x11, 0x0e, 3, more, 0x5c, 3, 9, 0});
        page.resize(20);
        play({0x15, 0x10, 0, 0, 20, 0}, page, [] { return Expected{}; });
        play({0x04, 0, 1, 0, 0, 0}, {}, [&, more] {
            model_.format(more + 1);
            return Expected{};
        });
    }
    void tell_position() {
        const auto answer = rig_.send(bytes({0x34, 6, 0, 0, 0, 0, 0, 0, 0, 0}), filled(32, 0), number_++);
        REQUIRE(good(answer));
        REQUIRE(scsi::get_32(answer.data, 4) == model_.partition);
        REQUIRE(scsi::get_64(answer.data, 8) == model_.object);
        const auto& objects = model_.here();
        const auto head = objects.begin() + static_cast<std::ptrdiff_t>(model_.object);
        REQUIRE(scsi::get_64(answer.data, 16) == static_cast<std::uint64_t>(std::count_if(
                                                     objects.begin(), head, [](auto& o) { return o.mark; })));
    }

    // The command as it goes, or with a daemon that is killed at one moment or another.
    template <class Expect>
    void play(std::initializer_list<unsigned> cdb_bytes, const Bytes& data, Expect expect) {
        const auto cdb = bytes(cdb_bytes);
        const auto before = rig_.state;
        const auto kept_object = model_.object;
        const auto expected = expect();
        const auto number_of_it = number_++;
        const auto answer = rig_.send(cdb, data, number_of_it);
        CAPTURE(std::to_integer<unsigned>(cdb[0]), std::to_integer<unsigned>(cdb[4]), kept_object);
        compare(expected, answer, true);
        const auto killed = number(19);
        CAPTURE(killed);
        switch (killed) {
            case 0:  // Killed after the outcome was kept, before it was told.
                restart(true);
                compare(expected, rig_.send(cdb, data, number_of_it), false);
                break;
            case 1:  // Before that, with what it wrote there in part or whole.
                rig_.state = before;
                tear(cdb, kept_object);
                restart(true);
                compare(expected, rig_.send(cdb, data, number_of_it), true);
                break;
            case 2: restart(false); break;
            default: break;
        }
    }
    void restart(bool replaying) { rig_.restart(replaying, number(1) == 0); }
    void tear(const Bytes& cdb, std::size_t kept_object) {
        const auto opcode = std::to_integer<unsigned>(cdb[0]);
        const bool writes = opcode == 0x0a || (opcode == 0x10 && cdb[4] != std::byte{0});
        if (!writes) return;
        const auto end = model_.here().size();
        if (end > kept_object)
            rig_.cut_write(model_.partition, number(static_cast<unsigned>(end - kept_object) - 1));
    }
    void compare(const Expected& expected, const Answer& answer, bool with_data) {
        CAPTURE(static_cast<unsigned>(answer.sense.key), unsigned{answer.sense.asc},
                unsigned{answer.sense.ascq});
        REQUIRE((answer.status == scsi::Status::good) == expected.good);
        if (!expected.good) REQUIRE(answer.sense == expected.sense);
        if (expected.data.empty() || !with_data) return;
        REQUIRE(answer.data_length == expected.data.size());
        REQUIRE(std::equal(expected.data.begin(), expected.data.end(), answer.data.begin()));
    }

    std::mt19937 random_;
    TapeModel model_;
    Rig& rig_;
    std::uint32_t number_ = 100;  // Of no command before.
    std::uint32_t block_length_ = 0;
};

}  // namespace tcmud::test
