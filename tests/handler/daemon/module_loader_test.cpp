// SPDX-License-Identifier: Apache-2.0
#include "handler/daemon/module_loader.hpp"

#include <fstream>

#include <catch2/catch.hpp>

#include "tests/support/captured_output.hpp"
#include "tests/support/temporary_directory.hpp"

using Catch::Matchers::Contains;
using tcmud::daemon::Modules;
using tcmud::test::CapturedOutput;

namespace {

namespace fs = std::filesystem;

// A directory of modules, and what loading it logged.
class ModuleDirectory {
public:
    void add(const std::string& module, const std::string& as) {
        fs::copy_file(fs::path(TEST_MODULES) / module / (module + ".so"), path() / as);
    }
    Modules load() {
        CapturedOutput output(stderr);
        auto modules = Modules::load(path());
        logged = output.text();
        return modules;
    }
    const fs::path& path() const { return directory_.path(); }

    std::string logged;

private:
    tcmud::test::TemporaryDirectory directory_;
};

}  // namespace

TEST_CASE("a module is found by its subtype and by its aliases") {
    ModuleDirectory directory;
    directory.add("good", "a.so");
    const auto modules = directory.load();
    REQUIRE(modules.all().size() == 1);
    CHECK(modules.find("testing") == modules.all()[0]);
    CHECK(modules.find("trial") == modules.all()[0]);
    CHECK_FALSE(modules.find("test"));
    CHECK_FALSE(modules.find(""));
    CHECK(modules.names() == "testing, trial");
    CHECK(directory.logged.empty());
}

TEST_CASE("a broken module is left out, the others are loaded") {
    ModuleDirectory directory;
    std::ofstream(directory.path() / "a.so") << "not a shared object";
    directory.add("good", "b.so");
    CHECK(directory.load().names() == "testing, trial");
    CHECK_THAT(directory.logged, Contains("backend module left out") && Contains("a.so"));
}

TEST_CASE("a shared object that is no module is left out") {
    ModuleDirectory directory;
    directory.add("no_entry", "a.so");
    CHECK(directory.load().all().empty());
    CHECK_THAT(directory.logged, Contains("a.so: is no tcmud module"));
}

TEST_CASE("a module of another build is left out, with both builds named") {
    ModuleDirectory directory;
    directory.add("other_build", "a.so");
    CHECK(directory.load().all().empty());
    CHECK_THAT(directory.logged, Contains("is of build 0.0-other") && Contains(TCMUD_BUILD_ID));
}

TEST_CASE("the second module of a subtype is left out") {
    ModuleDirectory directory;
    directory.add("good", "a.so");
    directory.add("good", "b.so");
    CHECK(directory.load().all().size() == 1);
    CHECK_THAT(directory.logged, Contains("b.so: subtype 'testing' is loaded already"));
}

TEST_CASE("only shared objects are looked at") {
    ModuleDirectory directory;
    std::ofstream(directory.path() / "README") << "not a shared object";
    directory.add("good", "good.so.old");
    CHECK(directory.load().all().empty());
    CHECK(directory.logged.empty());
}

TEST_CASE("a directory that cannot be read leaves no modules, and a line in the log") {
    CapturedOutput output(stderr);
    CHECK(Modules::load("/nonexistent/modules").all().empty());
    CHECK_THAT(output.text(), Contains("cannot read the module directory /nonexistent/modules"));
}

TEST_CASE("in a build tree the modules are beside the executables") {
    const auto self = fs::read_symlink("/proc/self/exe");
    const auto beside = self.parent_path().parent_path() / "lib" / "tcmud";
    const auto found = tcmud::daemon::default_module_directory();
    CHECK((fs::is_directory(beside) ? found == beside : found.is_absolute()));
}
