// SPDX-License-Identifier: Apache-2.0
// tcmu-tape: cartridges, whether tcmud runs or not. This file is its command line.
#include <exception>
#include <iostream>
#include <map>
#include <string>

#include <CLI/CLI.hpp>

#include "handler/backends/tape/tool/commands.hpp"

namespace {

using namespace tcmud::tape;

constexpr auto key_help = "the key of encrypted blocks: a file of 32 bytes, or 64 hexadecimal digits";

CLI::App* declare(CLI::App& app, const char* name, const char* help, Command command, Wish& wish,
                  Command& run) {
    auto* declared = app.add_subcommand(name, help);
    declared->add_option("cartridge", wish.cartridge, "its directory")->required();
    declared->callback([&run, command] { run = command; });
    return declared;
}

void declare_facts(CLI::App* command, Wish& wish) {
    command->add_option("--barcode", wish.barcode, "at most 32 characters");
    command->add_option("--capacity", wish.capacity, "bytes, or with K, M, G or T, powers of 1024")
        ->transform(CLI::AsSizeValue(false));
    command->add_option("--write-protected", wish.write_protected, "on or off")
        ->transform(CLI::CheckedTransformer(std::map<std::string, bool>{{"on", true}, {"off", false}}));
}

void declare_changes(CLI::App& app, Wish& wish, Command& run) {
    auto* of_create = declare(app, "create", "makes an empty cartridge", create, wish, run);
    declare_facts(of_create, wish);
    of_create
        ->add_option_function<std::string>(
            "--type", [&wish](const std::string& text) { wish.made.density = density_of(text).value(); },
            "lto-5 … lto-10, or a density code in hexadecimal; default: lto-8")
        ->check([](const std::string& text) { return density_of(text) ? "" : text + " is no type"; });
    of_create->add_option("--segment-size", wish.made.segment_size, "of each file; default: 4G")
        ->transform(CLI::AsSizeValue(false))
        ->check(CLI::Range(std::uint64_t{4096}, std::uint64_t{1} << 42));
    of_create->add_flag("--worm", wish.made.worm, "can be written only once");
    of_create->add_flag("--cleaning", wish.made.cleaning, "a cleaning cartridge");
    declare_facts(declare(app, "set", "changes what a cartridge is", set, wish, run), wish);
    declare(app, "rebuild", "makes the index again from the data", rebuild, wish, run);
}

void declare_views(CLI::App& app, Wish& wish, Command& run) {
    declare(app, "info", "what the cartridge is", info, wish, run);
    declare(app, "list", "its files", list, wish, run);
    auto* of_cat = declare(app, "cat", "a file's data, on the standard output", cat, wish, run);
    of_cat->add_option("file", wish.file, "its number, from 0")->required();
    of_cat->add_option("--partition", wish.partition, "default: 0");
    of_cat->add_option("--key-file", wish.key_file, key_help);
    declare(app, "verify", "reads everything and compares checksums", verify, wish, run);
}

void declare_transfer(CLI::App& app, Wish& wish, Command& run) {
    auto* of_export = declare(app, "export", "its files as plain ones, or as one .tap file of SIMH",
                              export_files, wish, run);
    of_export->add_option("to", wish.files, "a directory, or a name that ends in .tap")
        ->required()
        ->expected(1);
    of_export->add_option("--partition", wish.partition, "default: 0");
    of_export->add_option("--key-file", wish.key_file, key_help);
    auto* of_import = declare(app, "import", "appends files", import_files, wish, run);
    of_import->add_option("from", wish.files, "plain files, or .tap files of SIMH")->required();
    of_import->add_option("--partition", wish.partition, "default: 0");
    of_import->add_option("--block-size", wish.block_size, "of plain files; default: 64K")
        ->transform(CLI::AsSizeValue(false))
        ->check(CLI::Range(1u, 1u << 23));
}

int run(int argc, char** argv) {
    CLI::App app("tcmu-tape: tape cartridges that tcmud's drives use");
    app.require_subcommand(1);
    app.set_version_flag("--version", TCMUD_VERSION);
    Wish wish;
    Command command = nullptr;
    declare_changes(app, wish, command);
    declare_views(app, wish, command);
    declare_transfer(app, wish, command);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    const auto done = command(wish, std::cout);
    std::cout.flush();
    if (done) return 0;
    std::cerr << "tcmu-tape: " << done.error().text << "\n";
    return 1;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run(argc, argv);
    } catch (const std::exception& error) {
        std::cerr << "tcmu-tape: " << error.what() << "\n";
        return 1;
    }
}
