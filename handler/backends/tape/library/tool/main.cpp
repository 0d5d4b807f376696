// SPDX-License-Identifier: Apache-2.0
// tcmu-library: tape libraries, whether tcmud serves them or not. This file is its command line.
#include <exception>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "handler/backends/tape/library/tool/commands.hpp"
#include "handler/backends/tape/tool/commands.hpp"

namespace {

using tcmud::tape::LibraryFile;
namespace library = tcmud::tape::library;
using library::Command;
using library::Wish;

CLI::App* declare(CLI::App& app, const char* name, const char* help, Command command, Wish& wish,
                  Command& run) {
    auto* declared = app.add_subcommand(name, help);
    declared->add_option("library", wish.library, "its directory")->required();
    declared->callback([&run, command] { run = command; });
    return declared;
}

void declare_create(CLI::App& app, Wish& wish, Command& run) {
    auto* command = declare(app, "create", "makes an empty library", library::create, wish, run);
    wish.made.slots = 40;
    wish.made.import_export = 4;
    command->add_option("--slots", wish.made.slots, "default: 40")
        ->check(CLI::Range(1, int{LibraryFile::most_slots}));
    command->add_option("--import-export", wish.made.import_export, "elements for operators; default: 4")
        ->check(CLI::Range(0, int{LibraryFile::most_import_export}));
    command->add_option("--drives", wish.drives, "default: 2")
        ->check(CLI::Range(0, int{LibraryFile::most_drives}));
    command->add_option("--name", wish.made.name, "default: the directory's");
    command->add_option("--serial", wish.made.serial, "default: a new one");
    command->add_option("--personality", wish.made.personality,
                        "whose changer it is: " + tcmud::tape::known_library_personalities());
    const std::vector<std::string> drives(tcmud::tape_personalities.begin(), tcmud::tape_personalities.end());
    const std::vector<std::string> makers(tcmud::tape_makers.begin(), tcmud::tape_makers.end());
    command->add_option("--drive", wish.drive.personality, "which drives; default: lto-8")
        ->check(CLI::IsMember(drives));
    command->add_option("--maker", wish.drive.maker, "whose drives; default: ibm")
        ->check(CLI::IsMember(makers));
    const std::vector<std::string> levels(tcmud::tape::compression_levels.begin(),
                                          tcmud::tape::compression_levels.end());
    command->add_option("--compression", wish.drive.compression, "how hard drives compress; default: off")
        ->check(CLI::IsMember(levels));
}

void declare_add(CLI::App& app, Wish& wish, Command& run) {
    auto* command = declare(app, "add", "makes cartridges, in empty slots", library::add, wish, run);
    command->add_option("--count", wish.count, "default: 1")->check(CLI::Range(1, 60000));
    command->add_option("--prefix", wish.prefix, "of the barcodes; a number follows")->required();
    command->add_option("--suffix", wish.suffix, "of the barcodes: L8 of LTO-8");
    command
        ->add_option_function<std::string>(
            "--type",
            [&wish](const std::string& text) {
                wish.cartridge.density = tcmud::tape::density_of(text).value();
            },
            "lto-5 … lto-9, or a density code in hexadecimal; default: lto-8")
        ->check([](const std::string& text) {
            return tcmud::tape::density_of(text) ? std::string() : text + " is no type";
        });
    command->add_option("--capacity", wish.capacity, "bytes, or with K, M, G or T; default: the type's")
        ->transform(CLI::AsSizeValue(false));
    command->add_flag("--worm", wish.cartridge.worm, "can be written only once");
    command->add_flag("--cleaning", wish.cartridge.cleaning, "cleaning cartridges");
    command->add_flag("--outside", wish.outside, "leave them outside");
}

void declare_operator(CLI::App& app, Wish& wish, Command& run) {
    const char* which = "its barcode, or the name of its directory";
    auto* in = declare(app, "insert", "puts a cartridge in from outside", library::insert, wish, run);
    in->add_option("cartridge", wish.which, which)->required();
    auto* slot = in->add_option("--slot", wish.slot, "which, from 1; default: an import/export element");
    in->add_option("--ie", wish.import_export, "which import/export element, from 1")->excludes(slot);
    auto* out =
        declare(app, "remove", "takes a cartridge out, which is kept outside", library::remove, wish, run);
    out->add_option("cartridge", wish.which, which)->required();
    auto* name = declare(app, "rename", "gives a cartridge another barcode", library::rename, wish, run);
    name->add_option("cartridge", wish.which, which)->required();
    name->add_option("barcode", wish.barcode, "at most 32 characters; \"\" for none")->required();
    declare(app, "show", "what is where", library::show, wish, run);
}

int run(int argc, char** argv) {
    CLI::App app("tcmu-library: tape libraries that tcmud serves");
    app.require_subcommand(1);
    app.set_version_flag("--version", TCMUD_VERSION);
    Wish wish;
    Command command = nullptr;
    declare_create(app, wish, command);
    declare_add(app, wish, command);
    declare_operator(app, wish, command);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    wish.library = std::filesystem::absolute(wish.library).lexically_normal().string();
    const auto done = command(wish, std::cout);
    std::cout.flush();
    if (done) return 0;
    std::cerr << "tcmu-library: " << done.error().text << "\n";
    return 1;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run(argc, argv);
    } catch (const std::exception& error) {
        std::cerr << "tcmu-library: " << error.what() << "\n";
        return 1;
    }
}
