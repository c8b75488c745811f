// SPDX-License-Identifier: Apache-2.0
#include "device/trace_file.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/error.hpp"
#include "core/text.hpp"
#include "core/text_file.hpp"

namespace mobi {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using Step = RateTrace::Step;

constexpr std::int64_t kBitsPerChance = 1500 * 8;
constexpr std::size_t kMostBytes = std::size_t{64} << 20;
constexpr double kMostSeconds = 10.0 * 365 * 86400;
constexpr double kMostUnixSeconds = 1e12;  // whatever the clock counts from
constexpr double kMostMegabits = 1e6;      // 1 Tbit/s

/// A line that is not empty: its number and its one or two fields.
struct Line {
    std::size_t number = 0;
    std::vector<std::string_view> fields;
};

class TraceText {
  public:
    TraceText(std::string_view text, const std::string& name)
        : text_(without_byte_order_mark(text)), name_(name) {}

    /// The next line with something in it.
    bool next(Line& line) {
        while (!text_.empty()) {
            const std::string_view content = trim(take_line(text_));
            ++number_;
            if (content.empty() || content.front() == '#') continue;
            line.number = number_;
            line.fields.clear();
            std::string_view rest = content;
            while (!rest.empty()) {
                const auto blank = rest.find_first_of(" \t");
                line.fields.push_back(rest.substr(0, blank));
                rest = blank == std::string_view::npos ? "" : trim(rest.substr(blank));
            }
            return true;
        }
        return false;
    }

    [[noreturn]] void refuse(const Line& line, std::string_view what) const {
        throw DataError(fmt::format("{}:{}: {}", name_, line.number, what));
    }

    double number(const Line& line,
                  std::size_t field,
                  double most,
                  std::string_view accepted) const {
        const std::string_view word = line.fields[field];
        double value = 0;
        const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
        if (error != std::errc() || end != word.data() + word.size() ||
            !(value >= 0 && value <= most))
            refuse_words(line, fmt::format("'{}'", printable(word)), accepted);
        return value;
    }

    void expect_fields(const Line& line, std::size_t count, std::string_view accepted) const {
        if (line.fields.size() != count)
            refuse_words(
                line,
                fmt::format("{} field{}", line.fields.size(), line.fields.size() == 1 ? "" : "s"),
                accepted);
    }

  private:
    [[noreturn]] void refuse_words(const Line& line,
                                   std::string_view words,
                                   std::string_view accepted) const {
        const bool comma = std::any_of(line.fields.begin(), line.fields.end(), [](auto word) {
            return word.find(',') != std::string_view::npos;
        });
        refuse(line, fmt::format("{}: accepted: {}{}", words, accepted,
                                 comma ? "; a comma is neither a blank nor a decimal point" : ""));
    }

    std::string_view text_;
    const std::string& name_;
    std::size_t number_ = 0;
};

constexpr std::string_view kChances =
    "whole milliseconds from the start, one a line (mahimahi), or on every line seconds, a blank, "
    "and Mbit/s";

/// Milliseconds in which there are chances to send, and how many.
using Chances = std::vector<std::pair<std::int64_t, std::int64_t>>;

/// The rates over so many milliseconds.  \pre the chances lie in them, in order
std::vector<Step> spread_chances(const Chances& chances, std::int64_t period_ms) {
    std::vector<Step> steps{{milliseconds(0), 0}};
    for (const auto& [ms, count] : chances) {
        if (steps.back().begin != milliseconds(ms)) steps.push_back({milliseconds(ms), 0});
        steps.back().bits_per_s = count * kBitsPerChance * 1000;
        if (ms + 1 < period_ms) steps.push_back({milliseconds(ms + 1), 0});
    }
    return steps;
}

TraceFile parse_chances(TraceText& text, Line line, const std::string& name, TraceEnd end) {
    Chances chances;
    do {
        text.expect_fields(line, 1, kChances);
        const double value = text.number(line, 0, kMostSeconds * 1000, kChances);
        const auto now = static_cast<std::int64_t>(value);
        if (static_cast<double>(now) != value)
            text.refuse(line, fmt::format("accepted: {}", kChances));
        if (!chances.empty() && now < chances.back().first)
            text.refuse(line, fmt::format("{} ms comes after {} ms: times never decrease", now,
                                          chances.back().first));
        if (chances.empty() || now != chances.back().first) chances.emplace_back(now, 0);
        ++chances.back().second;
    } while (text.next(line));
    const auto [last, count] = chances.back();
    if (last == 0)
        throw DataError(name +
                        ": every line is 0; accepted: a last line above 0, which is when the "
                        "trace repeats");
    if (end == TraceEnd::Hold)
        return {RateTrace(name, spread_chances(chances, last + 1), milliseconds(last + 1), end)};
    // The last line is the period: its chances come at 0 of the next one.
    chances.pop_back();
    if (chances.empty() || chances.front().first != 0) chances.insert(chances.begin(), {0, 0});
    chances.front().second += count;
    return {RateTrace(name, spread_chances(chances, last), milliseconds(last), end)};
}

/// What the second column of a table is.
struct Unit {
    double most = 0;
    std::string_view accepted;
    std::string_view nothing;  ///< what it means when all are 0
};
constexpr Unit kMegabits{kMostMegabits, "seconds, a blank, and Mbit/s from 0 to 1000000",
                         "the link never carries anything: every rate is 0"};
constexpr Unit kShare{1, "seconds, a blank, and the share of the device's rate from 0 to 1",
                      "the device never computes: every share is 0"};

TraceFile parse_table(
    TraceText& text, Line line, const std::string& name, TraceEnd end, const Unit& unit) {
    std::vector<Step> steps;
    std::size_t repeated = 0;
    double origin = 0;
    do {
        text.expect_fields(line, 2, unit.accepted);
        const double seconds = text.number(line, 0, kMostUnixSeconds, unit.accepted);
        const double value = text.number(line, 1, unit.most, unit.accepted);
        if (steps.empty()) origin = seconds;
        if (seconds - origin > kMostSeconds)
            text.refuse(line, fmt::format("{} s is more than 10 years after the first line's {} s: "
                                          "times are seconds",
                                          line.fields[0], origin));
        const nanoseconds begin{std::llround((seconds - origin) * 1e9)};
        const Step step{begin, std::llround(value * 1e6)};
        if (!steps.empty() && begin < steps.back().begin)
            text.refuse(line, fmt::format("{} s comes before the line above: times never decrease",
                                          line.fields[0]));
        if (!steps.empty() && begin == steps.back().begin) {
            steps.back() = step;
            ++repeated;
            continue;
        }
        steps.push_back(step);
    } while (text.next(line));
    if (std::all_of(steps.begin(), steps.end(), [](const Step& s) { return s.bits_per_s == 0; }))
        throw DataError(fmt::format("{}: {}", name, unit.nothing));
    const auto last = steps.back().begin;
    const auto held = steps.size() > 1 ? last - steps[steps.size() - 2].begin
                                       : VirtualClock::duration(std::chrono::seconds(1));
    return {RateTrace(name, std::move(steps), last + held, end), repeated};
}

}  // namespace

TraceFile parse_trace(std::string_view text, const std::string& name, TraceEnd end) {
    TraceText lines(text, name);
    Line first;
    if (!lines.next(first)) throw DataError(name + ": holds no line");
    if (first.fields.size() == 1) return parse_chances(lines, std::move(first), name, end);
    return parse_table(lines, std::move(first), name, end, kMegabits);
}

TraceFile read_trace(const std::string& path, TraceEnd end) {
    constexpr std::string_view kExpected = "a mahimahi trace, or lines of seconds and Mbit/s";
    return parse_trace(read_text_file(path, kExpected, kMostBytes), path, end);
}

RateTrace parse_load(std::string_view text, const std::string& name) {
    TraceText lines(text, name);
    Line first;
    if (!lines.next(first)) throw DataError(name + ": holds no line");
    return parse_table(lines, std::move(first), name, TraceEnd::Wrap, kShare).trace;
}

RateTrace read_load(const std::string& path) {
    return parse_load(read_text_file(path, kShare.accepted, kMostBytes), path);
}

}  // namespace mobi
