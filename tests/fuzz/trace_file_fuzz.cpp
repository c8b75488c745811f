// SPDX-License-Identifier: Apache-2.0
// Fuzz target of the trace reader.  The first byte chooses what follows the trace's end.  Either
// the text is refused with a DataError, or amount and time are each other's inverse on the trace.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/error.hpp"
#include "device/trace_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const auto end = data[0] % 2 == 0 ? mobi::TraceEnd::Wrap : mobi::TraceEnd::Hold;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    try {
        const mobi::RateTrace trace = mobi::parse_trace(text, "t", end).trace;
        for (std::int64_t i = 0; i <= 6; ++i) {
            const auto time = trace.period() / 3 * i + std::chrono::nanoseconds(i);
            const mobi::LinkAmount carried = trace.carried_until(time);
            const auto back = trace.time_of(carried);
            if (back > time || trace.carried_until(back) < carried) std::abort();
        }
    } catch (const mobi::Error& error) {
        if (error.exit_code() == 70) std::abort();  // else refused, as it should be
    }
    return 0;
}
