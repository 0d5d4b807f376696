// SPDX-License-Identifier: Apache-2.0
// cfgstrings of images of a Ceph cluster, as administrators write them.
#include <string>

#include "handler/backends/rbd/settings.hpp"
#include "handler/daemon/cfgstring.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace tcmud;
using tcmud::fuzz::promise;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string config(reinterpret_cast<const char*>(data), size);
    const auto parsed =
        daemon::parse_config(config, rbd::Settings::options(), [](const std::string&) { return false; });
    if (!parsed) return 0;
    const auto settings = rbd::Settings::parse({"rbd", parsed->path, parsed->options, {}, {}});
    if (!settings) {
        promise(!settings.error().text.empty(), "an error says why");
        return 0;
    }
    const auto& image = settings->image;
    promise(!image.pool.empty() && !image.image.empty(), "an image has a pool and a name");
    const auto again = rbd::ImageName::parse(image.text());
    promise(again && *again == image, "a name is what it says it is");
    promise(settings->read_only || image.snapshot.empty(), "a snapshot is not written");
    promise(!settings->encryption || !settings->encryption->passphrase_file.empty(),
            "what is encrypted has a passphrase");
    return 0;
}
