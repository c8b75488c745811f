// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/error.hpp"
#include "model/config_file.hpp"
#include "model/family.hpp"

/// Any `config.json` describes a supported model or is refused.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        const auto config = mobi::ConfigFile::parse(
            std::string_view(reinterpret_cast<const char*>(data), size), "fuzz");
        const auto architecture = mobi::family_of(config).read(config, 0);
        architecture->info();
    } catch (const mobi::DataError&) {
    }
    return 0;
}
