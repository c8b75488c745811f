// SPDX-License-Identifier: Apache-2.0
#include "data/tokenizer_json.hpp"

#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "data/byte_pair_json.hpp"
#include "data/json_node.hpp"
#include "data/post_processor.hpp"
#include "data/tokenizer_config.hpp"
#include "data/word_piece_tokenizer.hpp"

namespace mobi {
namespace {

void read_bert_normalizer(const JsonNode& node, BertTextOptions& text) {
    const std::string kind = node.kind();
    if (kind == "null") {
        text = {false, false, false, false};
        return;
    }
    if (kind != "BertNormalizer")
        node.fail(fmt::format("is a {}; BertNormalizer and null can be read", kind));
    text.clean_text = node.flag("clean_text", true);
    text.space_cjk = node.flag("handle_chinese_chars", true);
    text.lower_case = node.flag("lowercase", true);
    text.strip_accents = node.flag("strip_accents", text.lower_case);
}

void read_word_piece_model(const JsonNode& node, WordPieceSpec& spec) {
    spec.continuation = node.text("continuing_subword_prefix", spec.continuation);
    if (node.has("max_input_chars_per_word"))
        spec.longest_word = static_cast<std::size_t>(node.at("max_input_chars_per_word").id());
    const JsonNode vocabulary = node.at("vocab");
    if (!vocabulary.is_object()) vocabulary.fail("is not an object of piece to id");
    const std::string unknown = node.text("unk_token", "[UNK]");
    for (const auto& [piece, entry] : vocabulary.members()) {
        spec.pieces.emplace_back(piece, entry.id());
        if (piece == unknown) spec.unknown_id = spec.pieces.back().second;
    }
    if (spec.unknown_id < 0)
        node.fail(fmt::format("the unk_token \"{}\" is not in vocab", unknown));
}

std::unique_ptr<Tokenizer> read_word_piece(const JsonNode& root, std::vector<AddedToken> added) {
    WordPieceSpec spec;
    read_word_piece_model(root.at("model"), spec);
    read_bert_normalizer(root.at("normalizer"), spec.text);
    const JsonNode words = root.at("pre_tokenizer");
    if (words.kind() != "BertPreTokenizer")
        words.fail(fmt::format("is a {}; BertPreTokenizer can be read", words.kind()));
    spec.frame = read_post_processor(root.at("post_processor"));
    spec.added = std::move(added);
    return std::make_unique<WordPieceTokenizer>(spec);
}

std::vector<AddedToken> read_added_tokens(const JsonNode& list) {
    std::vector<AddedToken> tokens;
    for (const JsonNode& node : list.items()) {
        tokens.push_back(read_added_token(node, false));
        tokens.back().id = node.at("id").id();
    }
    return tokens;
}

}  // namespace

std::unique_ptr<Tokenizer> parse_tokenizer_json(std::string_view name, std::string_view json) {
    const nlohmann::json value = parse_json(name, json);
    const JsonNode root(name, "", value);
    if (!root.is_object()) root.fail("is not a JSON object");
    const JsonNode model = root.at("model");
    std::vector<AddedToken> added;
    if (root.has("added_tokens")) added = read_added_tokens(root.at("added_tokens"));
    // Files of early versions do not say: the model with merges is the BPE.
    const std::string kind = model.text("type", model.has("merges") ? "BPE" : "WordPiece");
    if (kind == "BPE")
        return std::make_unique<BytePairTokenizer>(read_byte_pair(root, std::move(added)));
    if (kind == "WordPiece") return read_word_piece(root, std::move(added));
    model.fail(fmt::format("is a {}; BPE and WordPiece can be read", kind));
}

}  // namespace mobi
