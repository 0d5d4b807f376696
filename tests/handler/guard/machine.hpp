// SPDX-License-Identifier: Apache-2.0
// What the guard sees of a machine, in plain files: run directory, configfs, UIO devices, processes.
#pragma once

#include <fcntl.h>

#include <fstream>
#include <iterator>
#include <string>

#include "handler/guard/file.hpp"
#include "handler/guard/paths.hpp"
#include "tests/support/temporary_directory.hpp"

namespace tcmud::guard::test {

namespace fs = std::filesystem;

// The default group's, below the device.
inline const std::string state = "alua/default_tg_pt_gp/alua_access_state";

class Machine {
public:
    Machine() {
        paths.run_directory = root() / "run";
        paths.target = root() / "target";
        paths.uio_class = root() / "uio";
        paths.devices = root() / "dev";
        paths.processes = root() / "proc";
        paths.module = root() / "module";
        fs::create_directories(paths.journals());
    }
    fs::path root() const { return directory_.path(); }
    static void write(const fs::path& path, const std::string& text) {
        fs::create_directories(path.parent_path());
        std::ofstream(path) << text;
    }
    static std::string read(const fs::path& path) {
        std::ifstream file(path);
        return std::string(std::istreambuf_iterator<char>(file), {});
    }
    fs::path device(const std::string& name) const { return paths.target / "core" / "user_0" / name; }
    std::string attribute(const std::string& name, const std::string& which) const {
        return read(device(name) / which);
    }

    // A LUN that tcmud has served, with a target port group, or blocked and unblocked as a whole.
    void add_lun(const std::string& name, unsigned minor, bool alua = true) const {
        write(paths.journals() / ("user_0-" + name), "");
        write(device(name) / "enable", "1\n");
        write(device(name) / "attrib" / "alua_support", alua ? "1\n" : "0\n");
        write(device(name) / "action" / "block_dev", "unblocked\n");
        write(device(name) / "action" / "reset_ring", "");
        add_group(name, "default_tg_pt_gp");
        write(paths.uio_class / ("uio" + std::to_string(minor)) / "name",
              "tcm-user/0/" + name + "/file//srv/x\n");
        write(paths.devices / ("uio" + std::to_string(minor)), "");
    }
    void add_group(const std::string& lun, const std::string& group) const {
        const auto directory = device(lun) / "alua" / group;
        write(directory / "tg_pt_gp_id", "0\n");
        write(directory / "alua_access_state", "0\n");
        write(directory / "alua_access_type", "Implicit and Explicit\n");
        write(directory / "alua_support_unavailable", "1\n");
        write(directory / "alua_write_metadata", "0\n");
        write(directory / "trans_delay_msecs", "0\n");
    }
    fs::path record(const std::string& lun) const { return paths.records() / ("user_0-" + lun); }

    // A tcmud that has the run directory, or serves, for as long as the result lives.
    File tcmud(bool serves) const {
        File lock(::open((paths.run_directory / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
        struct flock both {};
        both.l_type = F_WRLCK;
        both.l_whence = SEEK_SET;
        both.l_len = serves ? 2 : 1;
        ::fcntl(lock.fd(), F_OFD_SETLK, &both);
        return lock;
    }

    Paths paths;

private:
    tcmud::test::TemporaryDirectory directory_;
};

}  // namespace tcmud::guard::test
