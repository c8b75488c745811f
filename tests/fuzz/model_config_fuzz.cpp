// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "architecture/backbone_info.hpp"
#include "architecture/config_file.hpp"
#include "architecture/family.hpp"
#include "core/error.hpp"

/// Any `config.json` describes a supported model or is refused.  Nothing is computed from it, so
/// that a model of 65,536 blocks costs no more than its plan.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        const auto config = mobi::ConfigFile::parse(
            std::string_view(reinterpret_cast<const char*>(data), size), "fuzz");
        mobi::describe(mobi::family_of(config).read(config, 0));
    } catch (const mobi::DataError&) {
    }
    return 0;
}
