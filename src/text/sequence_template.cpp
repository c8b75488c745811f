// SPDX-License-Identifier: Apache-2.0
#include "text/sequence_template.hpp"

#include <algorithm>
#include <limits>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "core/error.hpp"

namespace mobi {
namespace {

using Kind = TemplatePart::Kind;

TemplatePart special(std::int32_t id, std::int32_t type_id) {
    return {Kind::Special, id, type_id};
}

std::size_t special_tokens(std::span<const TemplatePart> parts) {
    return static_cast<std::size_t>(
        std::count_if(parts.begin(), parts.end(),
                      [](const TemplatePart& part) { return part.kind == Kind::Special; }));
}

/// How many ids of each text are kept: `longest_first` of the tokenizers library, in closed form.
std::pair<std::size_t, std::size_t> kept(std::size_t first, std::size_t second, std::size_t room) {
    if (first + second <= room) return {first, second};
    const bool swapped = first > second;
    std::size_t shorter = std::min(first, second);
    std::size_t longer = shorter > room ? shorter : std::max(shorter, room - shorter);
    if (shorter + longer > room) {
        shorter = room / 2;
        longer = shorter + room % 2;
    }
    return swapped ? std::pair{longer, shorter} : std::pair{shorter, longer};
}

}  // namespace

SequenceTemplate::SequenceTemplate()
    : single_{{Kind::First, -1, 0}}, pair_{{Kind::First, -1, 0}, {Kind::Second, -1, 1}} {}

SequenceTemplate::SequenceTemplate(std::vector<TemplatePart> single, std::vector<TemplatePart> pair)
    : single_(std::move(single)), pair_(std::move(pair)) {}

SequenceTemplate SequenceTemplate::bert(std::int32_t cls, std::int32_t sep) {
    const std::vector<TemplatePart> single{special(cls, 0), {Kind::First, -1, 0}, special(sep, 0)};
    std::vector<TemplatePart> pair = single;
    pair.insert(pair.end(), {{Kind::Second, -1, 1}, special(sep, 1)});
    return {single, std::move(pair)};
}

SequenceTemplate SequenceTemplate::roberta(std::int32_t cls, std::int32_t sep) {
    const std::vector<TemplatePart> single{special(cls, 0), {Kind::First, -1, 0}, special(sep, 0)};
    std::vector<TemplatePart> pair = single;
    pair.insert(pair.end(), {special(sep, 0), {Kind::Second, -1, 0}, special(sep, 0)});
    return {single, std::move(pair)};
}

SequenceTemplate SequenceTemplate::decoder(std::optional<std::int32_t> bos,
                                           std::optional<std::int32_t> eos) {
    std::vector<TemplatePart> pair;
    const auto append_half = [&](Kind kind, std::int32_t type_id) {
        if (bos) pair.push_back(special(*bos, type_id));
        pair.push_back({kind, -1, type_id});
        if (eos) pair.push_back(special(*eos, type_id));
    };
    append_half(Kind::First, 0);
    std::vector<TemplatePart> single = pair;
    append_half(Kind::Second, 1);
    return {std::move(single), std::move(pair)};
}

std::int32_t SequenceTemplate::largest_id() const noexcept {
    std::int32_t largest = -1;
    for (const auto* parts : {&single_, &pair_})
        for (const TemplatePart& part : *parts) largest = std::max(largest, part.id);
    return largest;
}

Encoding SequenceTemplate::encode(std::string_view text,
                                  std::optional<std::string_view> pair,
                                  std::size_t max_tokens,
                                  const AppendIds& append_ids) const {
    const std::vector<TemplatePart>& parts = pair ? pair_ : single_;
    const std::size_t special = special_tokens(parts);
    if (max_tokens != 0 && max_tokens <= special)
        throw ConfigError(
            fmt::format("{} tokens at most leave no room beside {} special tokens; "
                        "data.max_tokens = {} or more",
                        max_tokens, special, special + 1));
    const std::size_t room =
        max_tokens == 0 ? std::numeric_limits<std::size_t>::max() / 2 : max_tokens - special;
    std::vector<std::int32_t> first;
    std::vector<std::int32_t> second;
    // The lengths of both texts decide how a pair is cut: only a single text may stop early.
    append_ids(text, pair ? std::numeric_limits<std::size_t>::max() : room, first);
    if (pair) append_ids(*pair, std::numeric_limits<std::size_t>::max(), second);
    const auto [first_kept, second_kept] =
        pair ? kept(first.size(), second.size(), room)
             : std::pair{std::min(first.size(), room), std::size_t{0}};
    first.resize(first_kept);
    second.resize(second_kept);
    Encoding encoding;
    encoding.ids.reserve(first.size() + second.size() + special);
    for (const TemplatePart& part : parts) {
        if (part.kind == Kind::Special) {
            encoding.ids.push_back(part.id);
        } else {
            const auto& ids = part.kind == Kind::First ? first : second;
            encoding.ids.insert(encoding.ids.end(), ids.begin(), ids.end());
        }
        encoding.type_ids.resize(encoding.ids.size(), part.type_id);
    }
    return encoding;
}

}  // namespace mobi
