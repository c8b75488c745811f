// SPDX-License-Identifier: Apache-2.0
#include "text/bert_text.hpp"

#include <memory>

#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/utf16.h>

#include "core/check.hpp"
#include "text/newer_characters.hpp"
#include "text/utf8.hpp"

namespace mobi {
namespace {

enum Trait : std::uint8_t {
    Dropped = 1,      // by clean_text
    Space = 2,        // white space
    Punctuation = 4,  // a word of its own
    Mark = 8,         // dropped by strip_accents
    Ideograph = 16,   // gets blanks around it
    Changes = 32,     // may decompose, move or have another lower case
};

// Characters whose category changed between Unicode 8 and the ICU at hand; all others kept theirs.
std::uint32_t category_mask_of_unicode_8(char32_t c) {
    switch (c) {
        case 0x166D:
        case 0x111C9:
            return U_GC_PO_MASK;
        case 0x1734:
            return U_GC_MN_MASK;
        case 0x1885:
        case 0x1886:
            return U_GC_LO_MASK;
        case 0xA9BD:
            return U_GC_MC_MASK;
        default:
            break;
    }
    UVersionInfo age{};
    u_charAge(static_cast<UChar32>(c), age);
    return age[0] <= 8 ? U_GET_GC_MASK(static_cast<UChar32>(c)) : U_GC_CN_MASK;
}

bool is_ideograph(char32_t c) {
    return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) ||
           (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x20000 && c <= 0x2A6DF) ||
           (c >= 0x2A700 && c <= 0x2B81F) || (c >= 0x2B920 && c <= 0x2CEAF) ||
           (c >= 0x2F800 && c <= 0x2FA1F);
}

char32_t lower_case(char32_t c) {
    const auto code = static_cast<UChar32>(c);
    if (u_charType(code) == U_UNASSIGNED) return NewerCharacter::lower_case(c);
    return static_cast<char32_t>(u_tolower(code));
}

constexpr char32_t kDottedCapitalI = 0x130;  // the one capital whose lower case is two characters
constexpr char32_t kNewDecomposition = 0x11938;  // decomposes in ICU, not in the library

std::uint8_t traits_of(char32_t c) {
    const auto code = static_cast<UChar32>(c);
    const std::uint32_t mask = category_mask_of_unicode_8(c);
    const bool layout = c == '\t' || c == '\n' || c == '\r';
    std::uint32_t traits = 0;
    if (c == 0 || c == 0xFFFD ||
        (!layout && (mask & (U_GC_CC_MASK | U_GC_CF_MASK | U_GC_CO_MASK)) != 0))
        traits |= Dropped;
    if (u_isUWhiteSpace(code) != 0) traits |= Space;
    const bool ascii_symbol = c < 0x80 && c > ' ' && c != 0x7F && u_isalnum(code) == 0;
    if (ascii_symbol || (mask & U_GC_P_MASK) != 0) traits |= Punctuation;
    if ((mask & U_GC_MN_MASK) != 0) traits |= Mark;
    if (is_ideograph(c)) traits |= Ideograph;
    if ((mask & U_GC_MN_MASK) != 0 || u_getCombiningClass(code) != 0 ||
        u_hasBinaryProperty(code, UCHAR_NFD_INERT) == 0 || lower_case(c) != c)
        traits |= Changes;
    return static_cast<std::uint8_t>(traits);
}

/// The traits of a code point.  Those of the basic plane are worked out once, on first use.
std::uint8_t traits(char32_t c) {
    constexpr std::size_t plane = 0x10000;
    static const std::unique_ptr<const std::array<std::uint8_t, plane>> table = [] {
        auto made = std::make_unique<std::array<std::uint8_t, plane>>();
        for (std::size_t i = 0; i < plane; ++i) (*made)[i] = traits_of(static_cast<char32_t>(i));
        return made;
    }();
    return c < plane ? (*table)[c] : traits_of(c);
}

void append_utf16(std::u16string& out, char32_t c) {
    if (c < 0x10000) {
        out += static_cast<char16_t>(c);
        return;
    }
    out += static_cast<char16_t>(U16_LEAD(c));
    out += static_cast<char16_t>(U16_TRAIL(c));
}

/// \pre `text` is well-formed: append_utf16() made it.
char32_t next_utf16(const std::u16string& text, std::size_t& position) {
    const char32_t unit = text[position++];
    if (!U16_IS_LEAD(unit)) return unit;
    return 0x10000 + ((unit - 0xD800) << 10) + (text[position++] - char32_t{0xDC00});
}

void append_lower(std::string& out, bool lower, char32_t c) {
    if (lower && c == kDottedCapitalI)
        out += "i\xCC\x87";
    else
        append_utf8(out, lower ? lower_case(c) : c);
}

/// The canonical decomposition (NFD) of `text`.
std::u16string decomposed(const std::u16string& text) {
    UErrorCode status = U_ZERO_ERROR;
    const UNormalizer2* nfd = unorm2_getNFDInstance(&status);
    MOBI_CHECK(U_SUCCESS(status) != 0, "ICU has no NFD: {}", u_errorName(status));
    std::u16string out(text.size() * 4, u'\0');  // NFD makes at most 4 units of one
    const std::int32_t length =
        unorm2_normalize(nfd, text.data(), static_cast<std::int32_t>(text.size()), out.data(),
                         static_cast<std::int32_t>(out.size()), &status);
    MOBI_CHECK(U_SUCCESS(status) != 0, "NFD of {} units: {}", text.size(), u_errorName(status));
    out.resize(static_cast<std::size_t>(length));
    return out;
}

}  // namespace

BertText::BertText(BertTextOptions options) : options_(options) {
    for (char32_t c = 0; c < ascii_.size(); ++c) {
        auto becomes = static_cast<std::int16_t>(options.lower_case ? lower_case(c) : c);
        if (options.clean_text && (traits(c) & Space) != 0) becomes = ' ';
        if (options.clean_text && (traits(c) & Dropped) != 0) becomes = -1;
        ascii_[c] = becomes;
    }
}

void BertText::append(std::string_view text, std::string& out) const {
    out.reserve(out.size() + text.size());
    for (std::size_t i = 0; i < text.size();) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if (byte >= 0x80) {
            i = append_run(text, i, out);
            continue;
        }
        if (ascii_[byte] >= 0) out += static_cast<char>(ascii_[byte]);
        ++i;
    }
}

// A run: characters beyond ASCII, up to the next ASCII character that is kept.  ASCII characters
// are starters, so decomposition of a run does not depend on what surrounds it.
std::size_t BertText::append_run(std::string_view text, std::size_t start, std::string& out) const {
    constexpr std::size_t longest = std::size_t{1} << 20;  // bounds the buffers
    Run run;
    std::size_t i = start;
    while (i < text.size()) {
        std::size_t after = i;
        const char32_t c = next_character(text, after);
        if (c < 0x80 && ascii_[c] >= 0) break;
        i = after;
        const std::uint8_t trait = traits(c);
        if (options_.clean_text && (trait & Dropped) != 0) continue;
        const bool starter = (trait & Changes) == 0;
        if (c == kNewDecomposition || (starter && run.units.size() > longest)) flush(run, out);
        if (options_.clean_text && (trait & Space) != 0) {
            run.units += u' ';
        } else if (c == kNewDecomposition) {
            append_utf8(out, c);
        } else if (options_.space_cjk && (trait & Ideograph) != 0) {
            run.units += u' ';
            append_utf16(run.units, c);
            run.units += u' ';
            run.changes |= !starter;
        } else {
            append_utf16(run.units, c);
            run.changes |= !starter;
        }
    }
    flush(run, out);
    return i;
}

void BertText::flush(Run& run, std::string& out) const {
    if (run.changes && options_.strip_accents) run.units = decomposed(run.units);
    for (std::size_t at = 0; at < run.units.size();) {
        const char32_t c = next_utf16(run.units, at);
        if (!run.changes || (!options_.strip_accents && !options_.lower_case)) {
            append_utf8(out, c);
        } else if (!options_.strip_accents || (traits(c) & Mark) == 0) {
            append_lower(out, options_.lower_case, c);
        }
    }
    run = {};
}

std::string_view WordSplitter::next() {
    std::size_t start = position_;
    while (position_ < text_.size()) {
        std::size_t after = position_;
        const char32_t c = next_character(text_, after);
        const std::uint8_t trait = traits(c);
        if ((trait & (Space | Punctuation)) == 0) {
            position_ = after;
            continue;
        }
        if (start < position_) return text_.substr(start, position_ - start);
        position_ = after;
        if ((trait & Punctuation) != 0) return text_.substr(start, after - start);
        start = after;
    }
    return text_.substr(start, position_ - start);
}

}  // namespace mobi
