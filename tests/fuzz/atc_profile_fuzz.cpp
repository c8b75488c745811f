// SPDX-License-Identifier: Apache-2.0
// Fuzz target of the reader of Augmented Traffic Control's profiles: refused with a DataError, or a
// link whose figures are in their bounds.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/error.hpp"
#include "device/atc_profile.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        mobi::LinkProfile link;
        mobi::apply_atc_profile({reinterpret_cast<const char*>(data), size}, "t", link);
        if (!(link.uplink_bytes_per_s > 0 && link.downlink_bytes_per_s > 0 && link.latency_s >= 0 &&
              link.jitter_s >= 0 && link.loss >= 0 && link.loss <= 0.99))
            std::abort();
    } catch (const mobi::DataError&) {
        return 0;  // refused, as it should be
    }
    return 0;
}
