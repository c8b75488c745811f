// SPDX-License-Identifier: Apache-2.0
#include "data/byte_pair_files.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/error.hpp"
#include "core/text.hpp"
#include "data/byte_pair_vocabulary.hpp"
#include "data/tokenizer_config.hpp"
#include "data/utf8.hpp"

namespace mobi {
namespace {

enum class Family { Gpt2, Opt, Roberta, Qwen2 };

struct SpecialToken {
    const char* key;
    const char* otherwise;
};

std::vector<SpecialToken> special_tokens_of(Family family) {
    constexpr const char* end = "<|endoftext|>";
    switch (family) {
        case Family::Opt:
            return {{"unk_token", "</s>"},
                    {"bos_token", "</s>"},
                    {"eos_token", "</s>"},
                    {"pad_token", "<pad>"}};
        case Family::Roberta:
            return {{"bos_token", "<s>"},    {"eos_token", "</s>"},  {"sep_token", "</s>"},
                    {"cls_token", "<s>"},    {"unk_token", "<unk>"}, {"pad_token", "<pad>"},
                    {"mask_token", "<mask>"}};
        case Family::Qwen2:
            return {{"unk_token", end}, {"eos_token", end}, {"pad_token", end}};
        case Family::Gpt2:
            break;
    }
    return {{"unk_token", end}, {"bos_token", end}, {"eos_token", end}};
}

/// The `model_type` of config.json; empty when it does not say.
std::string model_type(const NamedText& config) {
    if (config.text.empty()) return {};
    const nlohmann::json value = parse_json(config.name, config.text);
    return JsonNode(config.name, "", value).text("model_type", "");
}

Family family_of(const TokenizerConfig& config,
                 const std::string& model,
                 const BytePairVocabularyReader& vocabulary) {
    if (model == "opt") return Family::Opt;
    if (const std::optional<std::string> name = config.tokenizer_class()) {
        if (*name == "GPT2Tokenizer") return Family::Gpt2;
        if (*name == "RobertaTokenizer") return Family::Roberta;
        if (*name == "Qwen2Tokenizer") return Family::Qwen2;
        config.fail("tokenizer_class",
                    fmt::format("is {}; GPT2Tokenizer, RobertaTokenizer and Qwen2Tokenizer can be "
                                "read from vocab.json",
                                *name));
    }
    if (model == "gpt2") return Family::Gpt2;
    if (model == "roberta") return Family::Roberta;
    if (model == "qwen2") return Family::Qwen2;
    return vocabulary.id_of("<s>") >= 0 && vocabulary.id_of("</s>") >= 0 ? Family::Roberta
                                                                         : Family::Gpt2;
}

BytePairVocabularyReader read_vocabulary(const NamedText& file) {
    const nlohmann::json value = parse_json(file.name, file.text);
    BytePairVocabularyReader::Pieces pieces;
    for (const auto& [piece, id] : JsonNode(file.name, "", value).members())
        pieces.emplace_back(piece, id.id());
    return BytePairVocabularyReader(std::move(pieces));
}

void read_merges(const NamedText& file, BytePairVocabularyReader& vocabulary) {
    std::size_t number = 0;
    for (std::string_view line : split(checked_utf8(file.name, file.text), '\n')) {
        ++number;
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.empty() || line.starts_with("#version")) continue;
        const std::vector<std::string_view> pieces = split(line, ' ');
        const std::string problem = pieces.size() == 2 ? vocabulary.add_merge(pieces[0], pieces[1])
                                                       : "is not two pieces with a blank between";
        if (!problem.empty()) throw DataError(fmt::format("{}:{}: {}", file.name, number, problem));
    }
}

/// The special tokens of the family, with what the two files say about them, and their ids.
class SpecialTokenReader {
  public:
    SpecialTokenReader(const BytePairFiles& files,
                       const TokenizerConfig& config,
                       const BytePairVocabularyReader& vocabulary)
        : vocabulary_name_(files.vocabulary.name),
          config_(config),
          map_(files.special_tokens_map.name, files.special_tokens_map.text),
          vocabulary_(vocabulary),
          added_(config.added_tokens()) {}

    /// The id of a special token, which from now on is recognised in text.
    std::int32_t add(const char* key, const std::string& otherwise) {
        std::optional<AddedToken> token = config_.special_token(key);
        if (!token) token = map_.special_token(key);
        if (!token) {
            token.emplace();
            token->content = otherwise;
            token->lstrip = std::string_view(key) == "mask_token";
        }
        const auto known = std::find_if(added_.begin(), added_.end(), [&](const AddedToken& other) {
            return other.content == token->content;
        });
        if (known != added_.end()) return known->id;
        token->id = vocabulary_.id_of(token->content);
        if (token->id < 0)
            throw DataError(fmt::format("{}: holds no \"{}\", the {} of this tokenizer",
                                        vocabulary_name_, token->content, key));
        added_.push_back(std::move(*token));
        return added_.back().id;
    }

    bool states(const char* key) const {
        return config_.special_token(key).has_value() || map_.special_token(key).has_value();
    }

    std::vector<AddedToken> added() && { return std::move(added_); }

  private:
    std::string vocabulary_name_;
    const TokenizerConfig& config_;
    TokenizerConfig map_;
    const BytePairVocabularyReader& vocabulary_;
    std::vector<AddedToken> added_;
};

}  // namespace

BytePairSpec parse_byte_pair_files(const BytePairFiles& files) {
    BytePairVocabularyReader vocabulary = read_vocabulary(files.vocabulary);
    read_merges(files.merges, vocabulary);
    const TokenizerConfig config(files.tokenizer_config.name, files.tokenizer_config.text);
    const Family family = family_of(config, model_type(files.model_config), vocabulary);

    BytePairSpec spec;
    SpecialTokenReader special(files, config, vocabulary);
    std::vector<std::pair<std::string_view, std::int32_t>> ids;
    for (const auto& [key, otherwise] : special_tokens_of(family))
        ids.emplace_back(key, special.add(key, otherwise));
    const auto id_of = [&](std::string_view key) {
        const auto found = std::find_if(ids.begin(), ids.end(),
                                        [&](const auto& entry) { return entry.first == key; });
        return found == ids.end() ? std::optional<std::int32_t>() : found->second;
    };
    // Tokens beyond the family's own, such as GPT-2's padding, that a file names.
    for (const char* key : {"bos_token", "sep_token", "cls_token", "pad_token", "mask_token"})
        if (!id_of(key) && special.states(key)) ids.emplace_back(key, special.add(key, ""));
    if (family == Family::Roberta)
        spec.frame = SequenceTemplate::roberta(*id_of("cls_token"), *id_of("sep_token"));
    else
        spec.frame = SequenceTemplate::decoder(
            config.flag("add_bos_token", family == Family::Opt) ? id_of("bos_token") : std::nullopt,
            config.flag("add_eos_token", false) ? id_of("eos_token") : std::nullopt);
    spec.added = std::move(special).added();

    if (family == Family::Qwen2) spec.normalizer.push_back({});  // NFC
    spec.words.splitters = {family == Family::Qwen2 ? Splitter::Qwen2 : Splitter::Gpt2};
    if (config.flag("add_prefix_space", false))
        spec.words.prefix = PreTokenizerOptions::Prefix::Always;
    std::move(vocabulary).finish(BytePairVocabulary::Unit::Byte, false, spec);
    return spec;
}

}  // namespace mobi
