// SPDX-License-Identifier: Apache-2.0
#include "text/added_tokens.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include "core/error.hpp"
#include "core/text.hpp"
#include "text/newer_characters.hpp"

namespace mobi {
namespace {

const std::uint8_t* bytes_of(std::string_view text) {
    return reinterpret_cast<const std::uint8_t*>(text.data());
}

// The character that ends at `position`, and where it begins.  \pre position > 0
std::pair<UChar32, std::size_t> before(std::string_view text, std::size_t position) {
    std::size_t start = position - 1;
    while (start > 0 && position - start < 4 && U8_IS_TRAIL(bytes_of(text)[start])) --start;
    UChar32 c = 0;
    std::size_t end = start;
    U8_NEXT(bytes_of(text), end, text.size(), c);
    return end == position ? std::pair{c, start} : std::pair{UChar32{-1}, position - 1};
}

// The character that begins at `position`, and where it ends.
std::pair<UChar32, std::size_t> after(std::string_view text, std::size_t position) {
    UChar32 c = 0;
    U8_NEXT(bytes_of(text), position, text.size(), c);
    return {c, position};
}

bool is_word(UChar32 c) {  // \w of Unicode's regular expressions
    constexpr std::uint32_t mask = U_GC_M_MASK | U_GC_ND_MASK | U_GC_PC_MASK;
    if (c < 0) return false;
    if (u_charType(c) == U_UNASSIGNED)
        return (NewerCharacter::traits(static_cast<char32_t>(c)) & NewerCharacter::kWord) != 0;
    return u_hasBinaryProperty(c, UCHAR_ALPHABETIC) != 0 || (U_GET_GC_MASK(c) & mask) != 0 ||
           c == 0x200C || c == 0x200D;
}

bool is_space(UChar32 c) {
    return c >= 0 && u_isUWhiteSpace(c) != 0;
}

}  // namespace

bool same_but_id(const AddedToken& a, const AddedToken& b) {
    return a.content == b.content && a.single_word == b.single_word && a.lstrip == b.lstrip &&
           a.rstrip == b.rstrip && a.normalized == b.normalized && a.special == b.special;
}

AddedTokenFinder::AddedTokenFinder(std::vector<AddedToken> tokens) : tokens_(std::move(tokens)) {
    std::erase_if(tokens_, [](const AddedToken& token) { return token.content.empty(); });
    std::stable_sort(tokens_.begin(), tokens_.end(), [](const AddedToken& a, const AddedToken& b) {
        return a.content.size() > b.content.size();
    });
    for (const AddedToken& token : tokens_)
        may_start_[static_cast<unsigned char>(token.content.front())] = true;
}

const AddedToken* AddedTokenFinder::at(std::string_view text, std::size_t position) const {
    for (const AddedToken& token : tokens_)
        if (text.substr(position).starts_with(token.content)) return &token;
    return nullptr;
}

std::vector<AddedTokenFinder::Part> AddedTokenFinder::split(std::string_view text) const {
    std::vector<Part> parts;
    std::size_t done = 0;  // everything before it is in a part
    for (std::size_t i = 0; i < text.size();) {
        const AddedToken* token =
            may_start_[static_cast<unsigned char>(text[i])] ? at(text, i) : nullptr;
        if (token == nullptr) {
            ++i;
            continue;
        }
        std::size_t start = i;
        std::size_t stop = i + token->content.size();
        i = stop;  // also where rstrip swallows more: a token may begin with a swallowed blank
        if (token->single_word && ((start > 0 && is_word(before(text, start).first)) ||
                                   (stop < text.size() && is_word(after(text, stop).first))))
            continue;
        if (token->lstrip) {
            while (start > done && is_space(before(text, start).first))
                start = before(text, start).second;
            start = std::max(start, done);
        }
        while (token->rstrip && stop < text.size() && is_space(after(text, stop).first))
            stop = after(text, stop).second;
        if (start > done) parts.push_back({text.substr(done, start - done), -1});
        parts.push_back({text.substr(start, stop - start), token->id});
        done = stop;
    }
    if (done < text.size()) parts.push_back({text.substr(done), -1});
    return parts;
}

namespace {

/// The library takes either of two such tokens, by the order of a hash table.
void refuse_two_of_one_spelling(const std::vector<AddedToken>& tokens, const std::string& content) {
    const AddedToken& last = tokens.back();
    for (const AddedToken& token : tokens)
        if (token.id != last.id && token.content == last.content)
            throw DataError(fmt::format(
                "added tokens: \"{}\" (id {}) and the one of id {} are both \"{}\" in clean text; "
                "set normalized to false for one of them, or take it out of added_tokens.json, "
                "tokenizer_config.json and tokenizer.json",
                printable(content), last.id, token.id, printable(last.content)));
}

}  // namespace

AddedTokens::AddedTokens(const std::vector<AddedToken>& tokens, Clean clean)
    : clean_(std::move(clean)) {
    std::vector<AddedToken> in_raw;
    std::vector<AddedToken> in_clean;
    for (const AddedToken& token : tokens) {
        if (!token.normalized) {
            in_raw.push_back(token);
            continue;
        }
        in_clean.push_back(token);
        in_clean.back().content.clear();
        clean_(token.content, in_clean.back().content);
        refuse_two_of_one_spelling(in_clean, token.content);
    }
    in_raw_ = AddedTokenFinder(std::move(in_raw));
    in_clean_ = AddedTokenFinder(std::move(in_clean));
}

void AddedTokens::visit(std::string_view text, const Visit& visit) const {
    std::string clean;
    for (const AddedTokenFinder::Part& raw : in_raw_.split(text)) {
        bool begins_text = raw.text.data() == text.data();
        if (raw.id >= 0) {
            if (!visit({raw.text, raw.id, begins_text})) return;
            continue;
        }
        clean.clear();
        clean_(raw.text, clean);
        if (in_clean_.empty()) {
            if (!visit({clean, -1, begins_text})) return;
            continue;
        }
        for (const AddedTokenFinder::Part& part : in_clean_.split(clean)) {
            if (!visit({part.text, part.id, begins_text})) return;
            begins_text = false;
        }
    }
}

}  // namespace mobi
