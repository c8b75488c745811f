// SPDX-License-Identifier: Apache-2.0
#include "tokenizer/byte_pair_json.hpp"

#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "core/text.hpp"
#include "tokenizer/post_processor.hpp"

namespace mobi {
namespace {

constexpr const char* kVisibleBlank = "\u2581";

void read_normalizer(const JsonNode& node, std::vector<NormalizerStep>& steps) {
    using Kind = NormalizerStep::Kind;
    const std::string kind = node.kind();
    if (kind == "null") return;
    if (kind == "Sequence") {
        for (const JsonNode& step : node.at("normalizers").items()) {
            if (step.kind() == "Sequence") step.fail("is a Sequence within a Sequence");
            read_normalizer(step, steps);
        }
    } else if (kind == "Prepend") {
        steps.push_back({Kind::Prepend, "", node.at("prepend").text()});
    } else if (kind == "Replace") {
        const std::string from = node.at("pattern").at("String").text();
        if (from.empty()) node.at("pattern").fail("is empty");
        steps.push_back({Kind::Replace, from, node.at("content").text()});
    } else if (kind == "NFC") {
        steps.push_back({Kind::Nfc, "", ""});
    } else {
        node.fail(
            fmt::format("is a {}; Prepend, Replace, NFC, Sequence and null can be read", kind));
    }
}

/// What the pre_tokenizer says, and whether it puts bytes for characters.
struct WordsReader {
    PreTokenizerOptions words;
    bool byte_level = false;

    void read(const JsonNode& node) {
        const std::string kind = node.kind();
        if (kind == "null") return;
        if (kind == "Sequence") {
            for (const JsonNode& step : node.at("pretokenizers").items()) {
                if (byte_level) step.fail("comes after ByteLevel, which must be the last");
                if (step.kind() == "Metaspace" || step.kind() == "Sequence")
                    step.fail(fmt::format("is a {} within a Sequence", step.kind()));
                read(step);
            }
            if (!byte_level) node.fail("does not end in ByteLevel");
        } else if (kind == "ByteLevel") {
            read_byte_level(node);
        } else if (kind == "Metaspace") {
            read_metaspace(node);
        } else if (kind == "Split") {
            read_split(node);
        } else if (kind == "Digits") {
            words.splitters.push_back(node.flag("individual_digits", false) ? Splitter::SingleDigit
                                                                            : Splitter::Digits);
        } else {
            node.fail(fmt::format(
                "is a {}; ByteLevel, Metaspace, Split, Digits, Sequence and null can be read",
                kind));
        }
    }

  private:
    void read_byte_level(const JsonNode& node) {
        byte_level = true;
        if (node.flag("add_prefix_space", true)) {
            if (!words.splitters.empty())
                node.at("add_prefix_space").fail("is true after another step; false can be read");
            words.prefix = PreTokenizerOptions::Prefix::Always;
        }
        if (node.flag("use_regex", true)) words.splitters.push_back(Splitter::Gpt2);
    }

    void read_metaspace(const JsonNode& node) {
        using Prefix = PreTokenizerOptions::Prefix;
        if (node.text("replacement", kVisibleBlank) != kVisibleBlank)
            node.at("replacement").fail("is not U+2581");
        words.blank = kVisibleBlank;
        const std::string scheme =
            node.text("prepend_scheme", node.flag("add_prefix_space", true) ? "always" : "never");
        if (scheme == "always")
            words.prefix = Prefix::Always;
        else if (scheme == "first")
            words.prefix = Prefix::First;
        else if (scheme != "never")
            node.at("prepend_scheme")
                .fail(fmt::format("is {}; always, first and never can be read", scheme));
        if (node.flag("split", true)) words.splitters.push_back(Splitter::Metaspace);
    }

    void read_split(const JsonNode& node) {
        const JsonNode pattern = node.at("pattern");
        if (!pattern.has("Regex")) pattern.fail("is not a Regex");
        const auto splitter = splitter_of_pattern(pattern.at("Regex").text());
        if (!splitter)
            pattern.fail(
                fmt::format("\"{}\" is not a pattern that can be read: those of GPT-2, "
                            "Qwen2 and Llama 3 are",
                            pattern.at("Regex").text()));
        // The patterns match everything: to keep the matches alone is the same.
        const std::string behavior = node.at("behavior").text();
        const bool invert = node.flag("invert", false);
        if (!(behavior == "Isolated" || (behavior == "Removed" && invert)))
            node.at("behavior").fail(fmt::format("is {}; Isolated can be read", behavior));
        words.splitters.push_back(*splitter);
    }
};

/// `"left right"` or `["left", "right"]`.
std::pair<std::string, std::string> read_merge(const JsonNode& node) {
    if (node.is_string()) {
        const std::string line = node.text();
        const std::vector<std::string_view> pieces = split(line, ' ');
        if (pieces.size() != 2) node.fail("is not two pieces with a blank between");
        return {std::string(pieces[0]), std::string(pieces[1])};
    }
    const std::vector<JsonNode> pieces = node.items();
    if (pieces.size() != 2) node.fail("is not two pieces");
    return {pieces[0].text(), pieces[1].text()};
}

void refuse_what_is_not_read(const JsonNode& model) {
    if (model.has("dropout")) model.at("dropout").fail("can only be null");
    for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"})
        if (!model.text(key, "").empty()) model.at(key).fail("can only be empty or null");
}

}  // namespace

bool prepends_blank(const BytePairSpec& spec) {
    for (const NormalizerStep& step : spec.normalizer)
        if (step.kind == NormalizerStep::Kind::Prepend) return step.to == kVisibleBlank;
    return spec.words.blank == kVisibleBlank &&
           spec.words.prefix != PreTokenizerOptions::Prefix::Never;
}

BytePairVocabularyReader read_byte_pair_vocabulary(const JsonNode& model) {
    BytePairVocabularyReader::Pieces pieces;
    for (const auto& [piece, id] : model.at("vocab").members()) pieces.emplace_back(piece, id.id());
    BytePairVocabularyReader reader(std::move(pieces));
    for (const JsonNode& merge : model.at("merges").items()) {
        const auto [left, right] = read_merge(merge);
        if (const std::string problem = reader.add_merge(left, right); !problem.empty())
            merge.fail(problem);
    }
    return reader;
}

PreTokenizerOptions read_pre_tokenizer(const JsonNode& node, bool& byte_level) {
    WordsReader words;
    words.read(node);
    byte_level = words.byte_level;
    return std::move(words.words);
}

BytePairSpec read_byte_pair(const JsonNode& root, PieceIds& ids) {
    BytePairSpec spec;
    const JsonNode model = root.at("model");
    refuse_what_is_not_read(model);
    read_normalizer(root.at("normalizer"), spec.normalizer);
    bool byte_level = false;
    spec.words = read_pre_tokenizer(root.at("pre_tokenizer"), byte_level);
    BytePairVocabularyReader reader = read_byte_pair_vocabulary(model);
    ids = reader.ids();
    const std::string unknown = model.text("unk_token", "");
    spec.vocabulary.unknown_id = unknown.empty() ? -1 : reader.id_of(unknown);
    if (!unknown.empty() && spec.vocabulary.unknown_id < 0)
        model.fail(fmt::format("the unk_token \"{}\" is not in vocab", unknown));
    spec.vocabulary.fuse_unknown = model.flag("fuse_unk", false);
    spec.vocabulary.ignore_merges = model.flag("ignore_merges", false);
    const bool byte_fallback = model.flag("byte_fallback", false);
    if (byte_fallback && byte_level)
        model.at("byte_fallback").fail("is true beside the pre_tokenizer ByteLevel");
    using Unit = BytePairVocabulary::Unit;
    std::move(reader).finish(byte_level ? Unit::Byte : Unit::Character, byte_fallback, spec);
    if (!byte_level) spec.blank = kVisibleBlank;
    spec.drop_first_blank = prepends_blank(spec);
    spec.frame = read_post_processor(root.at("post_processor"));
    return spec;
}

}  // namespace mobi
