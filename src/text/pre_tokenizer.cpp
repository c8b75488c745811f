// SPDX-License-Identifier: Apache-2.0
#include "text/pre_tokenizer.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "core/check.hpp"
#include "text/character_class.hpp"
#include "text/utf8.hpp"

namespace mobi {
namespace {

using Class = CharacterClass;

constexpr std::string_view kVisibleBlank = "\u2581";

constexpr std::array<std::pair<std::string_view, Splitter>, 3> kPatterns{{
    {R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)",
     Splitter::Gpt2},
    {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     Splitter::Qwen2},
    {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     Splitter::Llama3},
}};

bool is_line_end(char byte) {
    return byte == '\r' || byte == '\n';
}

/// The class of the character at `position`, and the position after it.
std::pair<Class, std::size_t> look(std::string_view text, std::size_t position) {
    const char32_t c = next_character(text, position);
    return {class_of(c), position};
}

/// The end of the run of characters of one class, of `most` at most.
std::size_t end_of_run(std::string_view text,
                       std::size_t position,
                       Class wanted,
                       std::size_t most = static_cast<std::size_t>(-1)) {
    while (position < text.size() && most-- > 0) {
        const auto [found, after] = look(text, position);
        if (found != wanted) break;
        position = after;
    }
    return position;
}

enum class Case { Match, Fold };

/// The end of `'s|'t|'re|'ve|'m|'ll|'d`, or `start` where there is none.
std::size_t end_of_contraction(std::string_view text, std::size_t start, Case letters) {
    if (text[start] != '\'' || start + 1 == text.size()) return start;
    const auto letter = [&](std::size_t position) {
        if (position >= text.size()) return '\0';
        const char byte = text[position];
        return letters == Case::Fold && byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte + 32)
                                                                   : byte;
    };
    switch (letter(start + 1)) {
        case 's':
        case 't':
        case 'm':
        case 'd':
            return start + 2;
        case 'r':
        case 'v':
            return letter(start + 2) == 'e' ? start + 3 : start;
        case 'l':
            return letter(start + 2) == 'l' ? start + 3 : start;
        default:
            break;
    }
    constexpr std::string_view long_s = "\u017F";  // folds to s
    return letters == Case::Fold && text.substr(start + 1).starts_with(long_s)
               ? start + 1 + long_s.size()
               : start;
}

/// `\s+(?!\S)|\s+`: all but the last character where something follows.  \pre a space is at `start`
std::size_t end_of_spaces(std::string_view text, std::size_t start) {
    std::size_t last = start;
    std::size_t end = start;
    while (end < text.size()) {
        const auto [found, after] = look(text, end);
        if (found != Class::Space) return last > start ? last : end;
        last = end;
        end = after;
    }
    return end;
}

std::size_t end_of_gpt2_word(std::string_view text, std::size_t start) {
    if (const std::size_t end = end_of_contraction(text, start, Case::Match); end > start)
        return end;
    const std::size_t body = text[start] == ' ' && start + 1 < text.size() ? start + 1 : start;
    const Class kind = look(text, body).first;
    return kind == Class::Space ? end_of_spaces(text, start) : end_of_run(text, body, kind);
}

std::size_t end_of_llama3_word(std::string_view text, std::size_t start, std::size_t most_digits) {
    if (const std::size_t end = end_of_contraction(text, start, Case::Fold); end > start)
        return end;
    const auto [kind, after] = look(text, start);
    if (kind == Class::Letter) return end_of_run(text, after, Class::Letter);
    if (kind == Class::Number) return end_of_run(text, start, Class::Number, most_digits);
    if (!is_line_end(text[start]))
        if (const std::size_t end = end_of_run(text, after, Class::Letter); end > after) return end;
    const std::size_t body = text[start] == ' ' ? after : start;
    if (std::size_t end = end_of_run(text, body, Class::Other); end > body) {
        while (end < text.size() && is_line_end(text[end])) ++end;
        return end;
    }
    const std::size_t spaces = end_of_run(text, start, Class::Space);
    for (std::size_t end = spaces; end > start; --end)
        if (is_line_end(text[end - 1])) return end;
    return end_of_spaces(text, start);
}

std::size_t end_of_digits(std::string_view text, std::size_t start, std::size_t most_digits) {
    const auto [kind, after] = look(text, start);
    if (kind == Class::Number) return end_of_run(text, start, Class::Number, most_digits);
    std::size_t end = after;
    while (end < text.size()) {
        const auto [found, next] = look(text, end);
        if (found == Class::Number) break;
        end = next;
    }
    return end;
}

}  // namespace

std::optional<Splitter> splitter_of_pattern(std::string_view regex) {
    for (const auto& [pattern, splitter] : kPatterns)
        if (regex == pattern) return splitter;
    return std::nullopt;
}

std::size_t end_of_word(Splitter splitter, std::string_view text, std::size_t start) {
    constexpr auto any = static_cast<std::size_t>(-1);
    switch (splitter) {
        case Splitter::Gpt2:
            return end_of_gpt2_word(text, start);
        case Splitter::Qwen2:
            return end_of_llama3_word(text, start, 1);
        case Splitter::Llama3:
            return end_of_llama3_word(text, start, 3);
        case Splitter::Digits:
            return end_of_digits(text, start, any);
        case Splitter::SingleDigit:
            return end_of_digits(text, start, 1);
        case Splitter::Metaspace:
            return std::min(text.find(kVisibleBlank, start + 1), text.size());
    }
    MOBI_CHECK(false, "splitter {}", static_cast<int>(splitter));
    return text.size();
}

bool PreTokenizer::visit_from(std::size_t splitter,
                              std::string_view text,
                              const Visit& visit) const {
    if (splitter == options_.splitters.size()) return text.empty() || visit(text);
    for (std::size_t start = 0; start < text.size();) {
        const std::size_t end = end_of_word(options_.splitters[splitter], text, start);
        if (!visit_from(splitter + 1, text.substr(start, end - start), visit)) return false;
        start = end;
    }
    return true;
}

void PreTokenizer::visit(std::string_view section, bool begins_text, const Visit& visit) const {
    using Prefix = PreTokenizerOptions::Prefix;
    const bool plain = options_.blank == " ";
    const bool prefixed =
        options_.prefix == Prefix::Always || (options_.prefix == Prefix::First && begins_text);
    if (section.empty()) return;
    if (plain && (!prefixed || section.front() == ' ')) {
        visit_from(0, section, visit);
        return;
    }
    std::string text;
    text.reserve(section.size() * 5 / 4 + options_.blank.size());
    if (prefixed && section.front() != ' ' && !section.starts_with(options_.blank))
        text += options_.blank;
    for (const char byte : section) {
        if (byte == ' ')
            text += options_.blank;
        else
            text += byte;
    }
    visit_from(0, text, visit);
}

}  // namespace mobi
