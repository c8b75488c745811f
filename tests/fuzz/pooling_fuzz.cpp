// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "architecture/pooling.hpp"
#include "core/error.hpp"

/// Any text is a list of modules, or a pooling's configuration with at least one mode, or is
/// refused.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    try {
        mobi::parse_modules(text, "fuzz");
    } catch (const mobi::DataError&) {
    }
    try {
        if (mobi::pooling_modes(mobi::ConfigFile::parse(text, "fuzz")).empty()) std::abort();
    } catch (const mobi::DataError&) {
    }
    return 0;
}
