// SPDX-License-Identifier: Apache-2.0
#include "tokenizer/word_piece_json.hpp"

#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "tokenizer/post_processor.hpp"

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

}  // namespace

WordPieces read_word_pieces(const JsonNode& model) {
    const JsonNode vocabulary = model.at("vocab");
    if (!vocabulary.is_object()) vocabulary.fail("is not an object of piece to id");
    WordPieces pieces;
    for (const auto& [piece, entry] : vocabulary.members()) pieces.emplace_back(piece, entry.id());
    return pieces;
}

PieceIds ids_of(const WordPieces& pieces) {
    PieceIds ids;
    ids.reserve(pieces.size());
    for (const auto& [piece, id] : pieces) ids[piece] = id;
    return ids;
}

WordPieceSpec read_word_piece(const JsonNode& root) {
    WordPieceSpec spec;
    const JsonNode model = root.at("model");
    spec.continuation = model.text("continuing_subword_prefix", spec.continuation);
    if (model.has("max_input_chars_per_word"))
        spec.longest_word = static_cast<std::size_t>(model.at("max_input_chars_per_word").id());
    spec.pieces = read_word_pieces(model);
    const std::string unknown = model.text("unk_token", "[UNK]");
    for (const auto& [piece, id] : spec.pieces)
        if (piece == unknown) spec.unknown_id = id;
    if (spec.unknown_id < 0)
        model.fail(fmt::format("the unk_token \"{}\" is not in vocab", unknown));
    read_bert_normalizer(root.at("normalizer"), spec.text);
    const JsonNode words = root.at("pre_tokenizer");
    if (words.kind() != "BertPreTokenizer")
        words.fail(fmt::format("is a {}; BertPreTokenizer can be read", words.kind()));
    spec.frame = read_post_processor(root.at("post_processor"));
    return spec;
}

}  // namespace mobi
