// SPDX-License-Identifier: Apache-2.0
#include "tokenizer/token_check.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.hpp"
#include "core/text.hpp"
#include "core/text_file.hpp"
#include "text/utf8.hpp"

namespace mobi {
namespace {

using Json = nlohmann::json;

std::optional<std::vector<std::int32_t>> optional_ids(const Json& line, const char* key) {
    if (!line.contains(key)) return std::nullopt;
    return line.at(key).get<std::vector<std::int32_t>>();
}

/// `"ids[3] is 7, expected 5"`, or nothing when both are equal.
std::string difference(const char* what,
                       std::span<const std::int32_t> expected,
                       std::span<const std::int32_t> got) {
    const auto [want, have] =
        std::mismatch(expected.begin(), expected.end(), got.begin(), got.end());
    if (want == expected.end() && have == got.end()) return {};
    const auto place = want - expected.begin();
    if (want == expected.end())
        return fmt::format("{} has {} entries, expected {}", what, got.size(), expected.size());
    if (have == got.end())
        return fmt::format("{} ends after {} entries, expected {}", what, got.size(),
                           expected.size());
    return fmt::format("{}[{}] is {}, expected {}", what, place, *have, *want);
}

/// As JSON, so that control characters and bytes that are not UTF-8 show.
std::string quoted(const std::string& text) {
    return Json(text).dump(-1, ' ', true, Json::error_handler_t::replace);
}

std::string name_of(const Json& line, std::size_t number) {
    if (!line.contains("case")) return fmt::format("line {}", number);
    const Json& name = line.at("case");
    return name.is_number() ? name.dump() : name.get<std::string>();
}

std::string bare_difference(const Tokenizer& tokenizer, const TokenCase& test) {
    if (test.pair)
        throw DataError(
            fmt::format("case {}: a pair cannot be compared without special tokens", test.name));
    return difference("ids", test.ids, tokenizer.encode_bare(test.text));
}

std::string difference(const Tokenizer& tokenizer, const TokenCase& test) {
    const auto pair = test.pair ? std::optional<std::string_view>(*test.pair) : std::nullopt;
    const Encoding whole = tokenizer.encode(test.text, pair, 0);
    std::string found = difference("ids", test.ids, whole.ids);
    if (found.empty() && test.type_ids)
        found = difference("type_ids", *test.type_ids, whole.type_ids);
    if (found.empty() && test.ids_max16)
        found = difference("ids_max16", *test.ids_max16, tokenizer.encode(test.text, pair, 16).ids);
    if (found.empty() && test.decoded) {
        const std::string decoded = tokenizer.decode(test.ids, SpecialTokens::Keep);
        if (decoded != *test.decoded)
            found =
                fmt::format("decoded is {}, expected {}", quoted(decoded), quoted(*test.decoded));
    }
    return found;
}

}  // namespace

std::vector<TokenCase> read_token_cases(const std::filesystem::path& path) {
    const std::string content = read_text_file(path, "a case file has one JSON object a line");
    std::vector<TokenCase> cases;
    std::size_t number = 0;
    std::string_view rest = checked_utf8(path.string(), content);
    while (!rest.empty()) {
        ++number;
        const std::string_view line = take_line(rest);
        if (trim(line).empty()) continue;
        try {
            const Json json = Json::parse(line.begin(), line.end());
            TokenCase test;
            test.name = name_of(json, number);
            test.text = json.at("text").get<std::string>();
            if (json.contains("pair")) test.pair = json.at("pair").get<std::string>();
            test.ids = json.at("ids").get<std::vector<std::int32_t>>();
            test.type_ids = optional_ids(json, "type_ids");
            test.ids_max16 = optional_ids(json, "ids_max16");
            if (json.contains("decoded")) test.decoded = json.at("decoded").get<std::string>();
            cases.push_back(std::move(test));
        } catch (const Json::exception& problem) {
            throw DataError(
                fmt::format("{}:{}: {}; a line is {{\"case\": name, \"text\": ..., \"ids\": "
                            "[...]}} and may have "
                            "pair, type_ids, ids_max16 and decoded",
                            path.string(), number, problem.what()));
        }
    }
    return cases;
}

std::string TokenCheck::summary() const {
    return fmt::format("{} of {} equal{}{}", equal, cases,
                       passed() ? "" : "; first difference: ", first_difference);
}

TokenCheck check_tokens(const Tokenizer& tokenizer,
                        std::span<const TokenCase> cases,
                        SpecialTokens special) {
    TokenCheck check;
    check.cases = cases.size();
    for (const TokenCase& test : cases) {
        const std::string found = special == SpecialTokens::Keep ? difference(tokenizer, test)
                                                                 : bare_difference(tokenizer, test);
        if (found.empty())
            ++check.equal;
        else if (check.first_difference.empty())
            check.first_difference = fmt::format("case {}: {}", test.name, found);
    }
    return check;
}

}  // namespace mobi
