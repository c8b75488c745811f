// SPDX-License-Identifier: Apache-2.0
// Fuzz target of the configuration parser.  Either the text is refused with a ConfigError, or its
// resolved form is read back as the same configuration.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "config/dump.hpp"
#include "config/load.hpp"
#include "core/error.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    try {
        const std::string resolved = mobi::dump(mobi::parse_resolved(text));
        if (mobi::dump(mobi::parse_resolved(resolved)) != resolved) std::abort();
    } catch (const mobi::ConfigError&) {
        return 0;  // refused, as it should be
    }
    return 0;
}
