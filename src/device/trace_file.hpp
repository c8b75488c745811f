// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "device/rate_trace.hpp"

namespace mobi {

/// A trace read from a file, and what was mended on the way.
struct TraceFile {
    RateTrace trace;
    std::size_t repeated = 0;  ///< lines whose time the line before has too: the later one counts
};

/// Reads a link's trace; which of two forms it has is seen from its first line:
///
/// - one number a line, mahimahi's: milliseconds from the start, each line one chance to send 1,500
///   bytes, which are spread over that millisecond.  The trace repeats after the last line's time,
///   as mahimahi's link_queue does it: that line's chances are those at 0 of the next period, and
///   of the first.  Where the last rate is held nothing repeats, and it is that of the last
///   millisecond. https://github.com/ravinet/mahimahi, mm-link(1)
/// - two numbers a line, a table of seconds and Mbit/s: a rate holds until the next line, the last
///   as long as the one before it (1 s if alone).  Times are counted from the first line's.  A
///   repeated time replaces the rate of the line before; times that go back are refused.
///
/// Rates are rounded to whole bit/s, times to nanoseconds.  `#` begins a comment line.
///
/// \param text  the file's content.
/// \param name  its path, which begins every error.
/// \throws DataError  naming file and line.
TraceFile parse_trace(std::string_view text, const std::string& name, TraceEnd end);

/// The same from a file of up to 64 MiB.
/// \throws DataError  also when it cannot be read.
TraceFile read_trace(const std::string& path, TraceEnd end);

/// What a device's whole rate is in a load trace: the share 1 stands for 1 Mbit/s.
inline constexpr LinkAmount kWholeRate = 1'000'000;

/// Reads a background load: lines of seconds and the share of its rate that other programs leave
/// the device, from 0 to 1, in the form of a trace; it repeats.
/// \throws DataError  naming file and line.
RateTrace parse_load(std::string_view text, const std::string& name);
RateTrace read_load(const std::string& path);

}  // namespace mobi
