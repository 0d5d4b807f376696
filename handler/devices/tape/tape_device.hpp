// SPDX-License-Identifier: Apache-2.0
// The device server of tape drives (SSC-5, as LTO drives answer): one command after the other over a
// TapeBackend.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "handler/devices/primary_device.hpp"
#include "handler/devices/tape/attributes.hpp"
#include "handler/devices/tape/log_page.hpp"
#include "handler/devices/tape/personality.hpp"
#include "handler/devices/tape/tape_alert.hpp"
#include "handler/devices/tape/tape_io.hpp"
#include "tcmud/result.hpp"
#include "tcmud/tape_backend.hpp"

namespace tcmud::devices {

class TapeDevice final : public PrimaryDevice {
public:
    // REQUIRES: the backend was started and outlives the device, as the host does.
    TapeDevice(TapeBackend& backend, Host& host);
    ~TapeDevice() override;

    void execute(Command& command, Reply reply) override;
    void abort(Command& command) override;
    Whereabouts whereabouts(const Command& command) const override;
    void reset() override;
    bool idle() const override { return !press_; }
    std::vector<std::byte> state() const override;
    void restore(std::span<const std::byte> state, bool replaying) override;

    // The command table's facts, for documentation and tests.
    static std::span<const scsi::CommandInfo> commands();

    // TapeBackend::Events
    void medium_changed();

    // What an operator does at the front of the drive. It takes its turn among the commands, and what it
    // changes initiators find as they would after his hand. done is called once, inside of this call or
    // later; its error is a line for him.
    enum class Button : std::uint8_t { load, unload };
    using Pressed = std::function<void(Result<void>)>;
    void press(Button button, Pressed done);

    // Rows of the command table that take the place of PrimaryDevice's.
    void mode_sense(Command& command, Reply reply);
    void mode_select(Command& command, Reply reply);
    void prevent_allow_medium_removal(Command& command, Reply reply);

private:
    friend struct TapeCommands;
    using Outcome = scsi::Outcome;
    using Sense = scsi::Sense;

    // Rows of the command table.
    Steps<Outcome> read(Command& command);
    Steps<Outcome> write(Command& command);
    Steps<Outcome> write_filemarks(Command& command);
    Steps<Outcome> erase(Command& command);
    Steps<Outcome> verify(Command& command);
    Steps<Outcome> space(Command& command);
    Steps<Outcome> locate_10(Command& command);
    Steps<Outcome> locate_16(Command& command);
    Steps<Outcome> rewind(Command& command);
    Steps<Outcome> read_position(Command& command);
    Steps<Outcome> load_unload(Command& command);
    Steps<Outcome> read_block_limits(Command& command);
    Steps<Outcome> format_medium(Command& command);
    Steps<Outcome> set_capacity(Command& command);
    Steps<Outcome> allow_overwrite(Command& command);
    Steps<Outcome> report_density_support(Command& command);
    Steps<Outcome> read_attribute(Command& command);
    Steps<Outcome> write_attribute(Command& command);
    Steps<Outcome> log_sense(Command& command);
    Steps<Outcome> log_select(Command& command);
    Steps<Outcome> security_protocol_in(Command& command);
    Steps<Outcome> security_protocol_out(Command& command);
    Steps<Outcome> send_diagnostic(Command& command);
    Steps<Outcome> receive_diagnostic_results(Command& command);
    Steps<Outcome> read_buffer(Command& command);
    Steps<Outcome> write_buffer(Command& command);
    Steps<Outcome> report_timestamp(Command& command);
    Steps<Outcome> set_timestamp(Command& command);
    template <Steps<Outcome> (TapeDevice::*steps)(Command&)>
    void run(Command& command, Reply reply) {
        if (resume_) {
            answer(std::move(reply), settled_first(command, steps));
        } else {
            answer(std::move(reply), (this->*steps)(command));
        }
    }
    // The same of one that writes: it settles where it is when nothing refuses it any more.
    template <Steps<Outcome> (TapeDevice::*steps)(Command&)>
    void run_writing(Command& command, Reply reply) {
        answer(std::move(reply), (this->*steps)(command));
    }

    // Of PrimaryDevice.
    scsi::Identity identity() const override;
    std::uint32_t recommended_timeout(const scsi::CommandInfo& info) const override;
    scsi::Writer vpd_page(scsi::VpdPage page) override;
    std::uint8_t medium_type() const override;
    std::uint8_t device_specific_parameter() const override;
    void append_block_descriptor(scsi::Writer& to, bool long_lba) const override;
    bool accepts_block_descriptor(scsi::Bytes descriptor, bool long_lba) const override;
    std::optional<Sense> refuse_mode_parameters(const ModeParameters& parameters) const override;
    void mode_parameters_selected(const ModeParameters& parameters) override;
    void mode_pages_changed() override;
    std::optional<Sense> not_ready() const override;
    std::optional<Sense> in_progress() const override;

    // One command after the other.
    static bool needs_no_turn(const Command& command);
    void dispatch_command(Command& command, Reply reply);
    void wait_for_turn(Command& command);
    void serve();
    void begin(Command& command);
    Task begin_loaded(Reply reply);
    void begin_now(Reply reply);
    void ended(Command& command, const Outcome& outcome);
    // True: it was waiting, and was answered.
    bool leave_queue(Command& command);

    // Data.
    struct Transfer {
        bool fixed = false;
        bool silent = false;       // SILI
        std::uint32_t length = 0;  // Blocks if fixed, bytes otherwise.
    };
    static Transfer transfer_of(scsi::Bytes cdb);
    // READ(16) and its like say where; on anything but ok the head may be elsewhere.
    Steps<TapeStatus> go_where_said(Command& command);
    Steps<Outcome> read_variable(Command& command, Transfer transfer);
    Steps<Outcome> read_fixed(Command& command, Transfer transfer);
    Outcome outcome_of_variable_read(Command& command, Transfer transfer, const TapeResult& result);
    Steps<Outcome> write_blocks(Command& command, Transfer transfer, std::uint32_t block_length);
    Steps<TapeResult> write_protected_blocks(Command& command, Transfer transfer, std::uint32_t block_length);
    Steps<Outcome> after_write(const TapeResult& result, std::uint64_t left, bool synchronously);
    // What a successful write is told of the end of the partition.
    std::optional<Sense> early_warning();
    ByteCount early_warning_zone() const;
    ByteCount programmable_zone() const;
    // Whether the medium may be changed at all; whether what is written next may be changed.
    std::optional<Sense> refuse_change() const;
    std::optional<Sense> refuse_write() const;
    std::optional<Sense> refuse_overwrite() const;
    bool append_only() const;
    bool at_end_of_data() const;

    Outcome write_refused(const Sense& refused);
    Outcome write_failed(TapeStatus status, std::uint64_t left);

    std::optional<Sense> refuse_format() const;
    Outcome after_format(TapeStatus status);

    // Motion.
    Steps<TapeStatus> synchronized();
    Steps<Outcome> locate(bool change_partition, std::uint32_t partition, std::uint64_t object);
    Steps<Outcome> load();
    Steps<Outcome> unload();
    bool is_press(const Command& command) const { return &command == press_.get(); }
    Result<void> check_press();
    Steps<Outcome> carry_out_press();
    void press_ended();
    scsi::Writer short_position() const;
    scsi::Writer long_position() const;
    scsi::Writer extended_position() const;
    unsigned position_flags() const;

    // What a backend's result is to an initiator.
    Outcome failed(TapeStatus status, Sense error, std::uint64_t left);
    Outcome read_failed(TapeStatus status, std::int64_t left);
    Outcome motion_failed(TapeStatus status, std::uint64_t left);
    Sense with_residue(const Sense& sense, std::int64_t residue) const;

    // The drive.
    const TapeMedium* medium() const { return backend_.medium(); }
    bool can_read(std::uint8_t density) const;
    bool can_write(std::uint8_t density) const;
    std::uint8_t current_density() const;
    std::string serial() const;
    void another_medium();
    void allow_removal();
    void raise_alert(TapeAlert alert) { alerts_ |= bit_of(alert); }

    // What the cartridge's memory and the logs tell.
    TapeAttribute attribute_of(const AttributeInfo& info, std::uint32_t partition) const;
    std::vector<TapeAttribute> attributes_of(std::uint32_t partition) const;
    bool have_room(const std::vector<TapeAttribute>& wanted, std::uint32_t partition) const;
    TapeStatistics since_load() const;
    std::optional<LogPage> log_page(std::uint8_t code) const;
    LogPage sequential_access_log() const;
    LogPage device_status_log() const;
    LogPage device_statistics_log() const;
    LogPage volume_statistics_log() const;
    LogPage usage_log() const;
    LogPage alert_log() const;

    // Encryption.
    std::optional<scsi::Writer> encryption_page(std::uint16_t code) const;
    scsi::Writer encryption_status_page() const;
    Steps<Outcome> next_block_encryption_status(Command& command);
    void encrypt_as(const TapeEncryption& encryption);

    // Modes.
    void set_defaults();
    void refresh_mode_pages();
    void show_partitions();
    std::optional<std::vector<ByteCount>> partitions_of(const scsi::ModePages& pages) const;
    bool mode_bit(std::uint8_t page, std::size_t byte, std::uint8_t mask, std::uint8_t subpage = 0) const {
        return (mode_pages().current(page, byte, subpage) & mask) != 0;
    }

    // What a killed predecessor has left.
    void remember(const Command& command, const Outcome& outcome);
    // True: its effect is there already, and it was answered.
    bool tell_again(const Command& command, Reply& reply);
    // Brings head and medium to where they were. cut: what lies behind is of the command that was under way.
    Steps<TapeStatus> settle(bool cut);
    Steps<TapeStatus> settle_load();
    Steps<Outcome> settled_first(Command& command, Steps<Outcome> (TapeDevice::*steps)(Command&));
    TapePosition where() const { return resume_ ? *resume_ : backend_.position(); }
    void take_medium_of_predecessor(bool loaded, bool occupied, const TapePosition& at);

    TapeBackend& backend_;
    const TapePersonality& personality_;

    // Commands that wait for their turn, linked by Command::io.
    IoOperation* first_waiting_ = nullptr;
    IoOperation* last_waiting_ = nullptr;
    Command* running_ = nullptr;
    void (*deliver_)(Command&, const Outcome&) = nullptr;  // Of the running one.
    bool serving_ = false;

    // An operator's, from when it waits for its turn: a command of nobody.
    struct Press : Command {
        Button button{};
        Pressed done;
        Result<void> result;
    };
    std::unique_ptr<Press> press_;

    // What MODE SELECT sets beside the pages.
    std::uint32_t block_length_ = 0;  // 0: variable.
    std::uint8_t buffered_mode_ = 1;

    bool prevented_ = false;
    bool unsynchronized_ = false;  // Something was written since the last synchronize().
    bool told_programmable_ = false;
    bool compression_ = false;
    bool protect_reads_ = false;  // Logical block protection.
    bool protect_writes_ = false;
    std::optional<bool> wanted_compression_;    // Of the MODE SELECT under way.
    std::optional<TapePosition> overwrite_at_;  // ALLOW OVERWRITE, in append-only mode.
    bool format_allowed_ = false;               // The same, for FORMAT MEDIUM.
    TapeStatistics at_load_;                    // The medium's, when it was loaded.
    std::uint32_t loads_ = 0;
    std::uint32_t write_failures_ = 0;
    std::uint32_t read_failures_ = 0;
    TapeEncryption encryption_;
    std::uint32_t key_instance_ = 0;  // KEY INSTANCE COUNTER
    bool clear_key_on_unload_ = false;
    std::int64_t clock_offset_ms_ = 0;  // Of SET TIMESTAMP.
    std::uint64_t alerts_ = 0;          // TapeAlert flags.
    std::vector<iovec> pieces_;         // Of the running command's part.

    // The command that ended last, for a successor.
    struct Ended {
        std::uint32_t number = 0;
        Outcome outcome;
    };
    std::optional<Ended> last_;
    std::string medium_id_;  // Of the loaded one; empty: none.

    // Of a predecessor, until the first command: where its head stood; what is to be done with the medium.
    enum class Unsettled : std::uint8_t { nothing, load, unload };
    std::optional<TapePosition> resume_;
    bool resume_at_end_of_data_ = false;
    bool replaying_ = false;
    Unsettled unsettled_ = Unsettled::nothing;
};

}  // namespace tcmud::devices
