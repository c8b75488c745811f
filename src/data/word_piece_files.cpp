// SPDX-License-Identifier: Apache-2.0
#include "data/word_piece_files.hpp"

#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/error.hpp"
#include "core/text.hpp"
#include "data/tokenizer_config.hpp"
#include "data/utf8.hpp"

namespace mobi {
namespace {

/// The special tokens that a class of transformers recognises in text, and how it frames sequences.
struct TokenizerClass {
    bool roberta = false;
    std::string cls, sep, unknown, pad, mask;
};

TokenizerClass tokenizer_class(const TokenizerConfig& config, bool begins_like_mpnet) {
    TokenizerClass bert{false, "[CLS]", "[SEP]", "[UNK]", "[PAD]", "[MASK]"};
    TokenizerClass mpnet{true, "<s>", "</s>", "[UNK]", "<pad>", "<mask>"};
    const std::optional<std::string> name = config.tokenizer_class();
    if (!name) return begins_like_mpnet ? mpnet : bert;
    if (*name == "MPNetTokenizer") return mpnet;
    for (const char* alike :
         {"BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer", "MobileBertTokenizer"})
        if (*name == alike) return bert;
    config.fail("tokenizer_class",
                fmt::format("is {}; BertTokenizer, DistilBertTokenizer, ElectraTokenizer, "
                            "MobileBertTokenizer and MPNetTokenizer can be read from vocab.txt",
                            *name));
}

BertTextOptions read_flags(const TokenizerConfig& config) {
    if (!config.flag("do_basic_tokenize", true))
        config.fail("do_basic_tokenize", "false cannot be read");
    BertTextOptions text;
    text.lower_case = config.flag("do_lower_case", true);
    text.strip_accents = config.flag("strip_accents", text.lower_case);
    text.space_cjk = config.flag("tokenize_chinese_chars", true);
    return text;
}

std::vector<std::string_view> lines_of(std::string_view name, std::string_view text) {
    std::vector<std::string_view> lines = split(checked_utf8(name, text), '\n');
    if (lines.back().empty()) lines.pop_back();
    if (lines.size() > static_cast<std::size_t>(JsonNode::kLargestId))
        throw DataError(fmt::format("{}: {} pieces are too many", name, lines.size()));
    for (std::string_view& line : lines)
        if (line.ends_with('\r')) line.remove_suffix(1);
    return lines;
}

}  // namespace

WordPieceSpec parse_vocabulary(std::string_view name,
                               std::string_view vocabulary,
                               std::string_view config_name,
                               std::string_view config_text) {
    WordPieceSpec spec;
    std::unordered_map<std::string_view, std::int32_t> ids;
    for (const std::string_view line : lines_of(name, vocabulary)) {
        const auto id = static_cast<std::int32_t>(spec.pieces.size());
        spec.pieces.emplace_back(line, id);
        ids[line] = id;
    }
    const TokenizerConfig config(config_name, config_text);
    spec.text = read_flags(config);
    const TokenizerClass names =
        tokenizer_class(config, !spec.pieces.empty() && spec.pieces.front().first == "<s>");
    // The id of the special token `key`, which is then recognised in text.
    const auto add = [&](const char* key, const std::string& otherwise, bool lstrip) {
        const std::optional<AddedToken> spelled = config.special_token(key);
        AddedToken token;
        token.content = spelled ? spelled->content : otherwise;
        token.lstrip = lstrip;
        const auto found = ids.find(token.content);
        if (found == ids.end())
            throw DataError(fmt::format("{}: holds no \"{}\", a special token of this tokenizer",
                                        name, token.content));
        token.id = found->second;
        spec.added.push_back(std::move(token));
        return found->second;
    };
    const std::int32_t cls = add("cls_token", names.cls, false);
    const std::int32_t sep = add("sep_token", names.sep, false);
    spec.unknown_id = add("unk_token", names.unknown, false);
    spec.frame =
        names.roberta ? SequenceTemplate::roberta(cls, sep) : SequenceTemplate::bert(cls, sep);
    add("pad_token", names.pad, false);
    add("mask_token", names.mask, names.roberta);  // MPNetTokenizer swallows the blank before it
    if (const auto found = ids.find("<unk>"); names.roberta && found != ids.end()) {
        AddedToken token{found->second, "<unk>"};
        token.normalized = true;
        spec.added.push_back(std::move(token));
    }
    return spec;
}

}  // namespace mobi
