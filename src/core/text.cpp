// SPDX-License-Identifier: Apache-2.0
#include "core/text.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numeric>

#include <fmt/format.h>

namespace mobi {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t replace = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({replace, row[j] + 1, row[j + 1] + 1});
        }
    }
    return row.back();
}

}  // namespace

std::string_view trim(std::string_view text) {
    const auto first = text.find_first_not_of(kBlanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> fields;
    while (true) {
        const auto end = text.find(separator);
        fields.push_back(text.substr(0, end));
        if (end == std::string_view::npos) return fields;
        text.remove_prefix(end + 1);
    }
}

std::string_view take_line(std::string_view& rest) {
    const auto end = rest.find_first_of("\r\n");
    const std::string_view line = rest.substr(0, end);
    if (end == std::string_view::npos) {
        rest = {};
    } else {
        rest.remove_prefix(end);
        rest.remove_prefix(rest.starts_with("\r\n") ? 2 : 1);
    }
    return line;
}

std::string_view without_byte_order_mark(std::string_view text) {
    constexpr std::string_view kMark = "\xEF\xBB\xBF";
    if (text.starts_with(kMark)) text.remove_prefix(kMark.size());
    return text;
}

std::vector<std::string_view> split_words(std::string_view text) {
    std::vector<std::string_view> words;
    while (!(text = trim(text)).empty()) {
        const auto end = std::min(text.find_first_of(kBlanks), text.size());
        words.push_back(text.substr(0, end));
        text.remove_prefix(end);
    }
    return words;
}

std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates) {
    std::optional<std::string> best;
    std::size_t best_distance = 0;
    for (const std::string& candidate : candidates) {
        const std::size_t distance = edit_distance(word, candidate);
        if (!best || distance < best_distance) {
            best = candidate;
            best_distance = distance;
        }
    }
    if (best && best_distance * 2 > std::max(word.size(), best->size())) return std::nullopt;
    return best;
}

bool is_one_line(std::string_view text) {
    constexpr unsigned char kDelete = 0x7F;
    return std::all_of(text.begin(), text.end(), [](char letter) {
        return static_cast<unsigned char>(letter) >= ' ' && letter != kDelete;
    });
}

std::string printable(std::string_view text, std::size_t most) {
    constexpr unsigned char kDelete = 0x7F;
    std::string shown;
    for (const char letter : text) {
        const auto byte = static_cast<unsigned char>(letter);
        const std::string piece =
            byte >= ' ' && byte < kDelete ? std::string(1, letter) : fmt::format("\\x{:02x}", byte);
        if (shown.size() + piece.size() > most) return shown + "...";
        shown += piece;
    }
    return shown;
}

std::string printable_utf8(std::string_view text, std::size_t most) {
    constexpr unsigned char kDelete = 0x7F;
    constexpr unsigned char kFirstBeyondC1 = 0xA0;
    std::string shown;
    std::size_t characters = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        const bool continues = (byte & 0xC0U) == 0x80U;
        if (!continues && ++characters > most) return shown + "...";
        // U+0080 to U+009F are control characters as well: C2 80 to C2 9F
        const bool c1 = byte == 0xC2U && i + 1 < text.size() &&
                        static_cast<unsigned char>(text[i + 1]) < kFirstBeyondC1;
        if (c1)
            shown += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[++i]));
        else if (byte < ' ' || byte == kDelete)
            shown += fmt::format("\\x{:02x}", byte);
        else
            shown += text[i];
    }
    return shown;
}

std::string human(double value, std::string_view unit) {
    static constexpr std::array<std::string_view, 7> prefixes{"", "k", "M", "G", "T", "P", "E"};
    std::size_t power = 0;
    while (std::abs(value) >= 999.5 && power + 1 < prefixes.size()) {
        value /= 1000;
        ++power;
    }
    const bool whole = power == 0 && value == std::floor(value);
    return whole ? fmt::format("{:.0f} {}", value, unit)
                 : fmt::format("{:.3g} {}{}", value, prefixes[power], unit);
}

std::string human_seconds(double seconds) {
    // from where three digits would round up to the next unit
    if (seconds < 0.9995) return fmt::format("{:.3g} ms", seconds * 1e3);
    if (seconds < 59.95) return fmt::format("{:.3g} s", seconds);
    const auto whole = static_cast<long long>(std::llround(seconds));
    if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
    return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
}

}  // namespace mobi
