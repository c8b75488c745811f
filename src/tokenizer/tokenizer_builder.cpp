// SPDX-License-Identifier: Apache-2.0
#include "tokenizer/tokenizer_builder.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/error.hpp"
#include "core/text.hpp"
#include "text/byte_pair_tokenizer.hpp"
#include "text/word_piece_tokenizer.hpp"
#include "tokenizer/added_vocabulary.hpp"
#include "tokenizer/byte_pair_files.hpp"
#include "tokenizer/byte_pair_json.hpp"
#include "tokenizer/post_processor.hpp"
#include "tokenizer/tokenizer_class.hpp"
#include "tokenizer/tokenizer_settings.hpp"
#include "tokenizer/word_piece_files.hpp"
#include "tokenizer/word_piece_json.hpp"

namespace mobi {
namespace {

using enum TokenizerClass;
using Named = TokenizerSettings::Named;

constexpr const char* kVisibleBlank = "\u2581";

/// The special tokens that a class has where no file states them.
std::vector<std::pair<std::string_view, const char*>> special_tokens_of(TokenizerClass kind) {
    constexpr const char* end = "<|endoftext|>";
    switch (kind) {
        case Bert:
            return {{"unk_token", "[UNK]"},
                    {"sep_token", "[SEP]"},
                    {"pad_token", "[PAD]"},
                    {"cls_token", "[CLS]"},
                    {"mask_token", "[MASK]"}};
        case Mpnet:
            return {{"bos_token", "<s>"},    {"eos_token", "</s>"},  {"unk_token", "[UNK]"},
                    {"sep_token", "</s>"},   {"pad_token", "<pad>"}, {"cls_token", "<s>"},
                    {"mask_token", "<mask>"}};
        case Roberta:
            return {{"bos_token", "<s>"},    {"eos_token", "</s>"},  {"unk_token", "<unk>"},
                    {"sep_token", "</s>"},   {"pad_token", "<pad>"}, {"cls_token", "<s>"},
                    {"mask_token", "<mask>"}};
        case Gpt2:
            return {{"bos_token", end}, {"eos_token", end}, {"unk_token", end}};
        case Qwen2:
            return {{"eos_token", end}, {"unk_token", end}, {"pad_token", end}};
        case Opt:
            return {{"bos_token", "</s>"},
                    {"eos_token", "</s>"},
                    {"unk_token", "</s>"},
                    {"pad_token", "<pad>"}};
        case Llama:
            return {{"bos_token", "<s>"}, {"eos_token", "</s>"}, {"unk_token", "<unk>"}};
        case AsWritten:
            break;
    }
    return {};
}

bool is_word_piece(TokenizerClass kind) {
    return kind == Bert || kind == Mpnet;
}

class Builder {
  public:
    explicit Builder(const TokenizerFiles& files)
        : files_(files), settings_(files), notes_(settings_.notes()) {
        if (files_.tokenizer_json.is_there()) {
            json_ = parse_json(files_.tokenizer_json.name, files_.tokenizer_json.text);
            if (!json_->is_object()) root().fail("is not a JSON object");
        }
        const auto stated = tokenizer_class(files_, notes_);
        kind_ = stated ? *stated : guessed_class();
    }

    std::unique_ptr<Tokenizer> build() {
        std::unique_ptr<Tokenizer> made;
        if (kind_ == AsWritten)
            made = as_written();
        else if (is_word_piece(kind_))
            made = word_piece();
        else
            made = byte_pair();
        made->set_sources(std::move(notes_));
        return made;
    }

  private:
    JsonNode root() const { return {files_.tokenizer_json.name, "", *json_}; }

    TokenizerClass guessed_class() const;
    std::string class_name() const { return std::string(name_of(kind_)); }

    // the three ways to build
    std::unique_ptr<Tokenizer> as_written();
    std::unique_ptr<Tokenizer> word_piece();
    std::unique_ptr<Tokenizer> byte_pair();

    JsonNode model_of_type(const char* type) const;
    static std::string type_of(const JsonNode& model);
    WordPieces read_word_piece_vocabulary() const;
    BytePairVocabularyReader read_byte_pair_vocabulary_of_class() const;
    void cut_words(BytePairSpec& spec);

    // special tokens
    Named named_tokens() const;
    std::vector<AddedToken> add_special(AddedVocabulary& added, const Named& names);
    std::optional<std::int32_t> id_of(const AddedVocabulary& added,
                                      const Named& names,
                                      std::string_view key) const;
    std::int32_t framing_id(const AddedVocabulary& added,
                            const Named& names,
                            const char* key) const;
    SequenceTemplate decoder_frame(const AddedVocabulary& added, const Named& names) const;

    // what disagrees
    bool flag(const char* key, bool otherwise) const {
        return settings_.flag(key).value_or(otherwise);
    }
    bool truthy(const char* key, bool otherwise) const {
        return settings_.states_null(key) ? false : flag(key, otherwise);
    }
    std::string source(const char* key) const {
        return settings_.states(key) ? settings_.source(key) : "the default of " + class_name();
    }
    void compare(const char* key, bool used, bool written, const char* name);
    void note_overruled(const char* key, bool used);
    void compare_normalizer(const BertTextOptions& text);
    void compare_words(const PreTokenizerOptions& words);
    void compare_frame(const SequenceTemplate& frame);
    void compare_vocabulary(const char* from, const PieceIds& ids);

    const TokenizerFiles& files_;
    TokenizerSettings settings_;
    SourceNotes notes_;
    TokenizerClass kind_ = AsWritten;
    std::optional<nlohmann::json> json_;
};

/// Without a word about it in the files.
TokenizerClass Builder::guessed_class() const {
    if (!files_.vocab_json.is_there())
        return files_.vocab_txt.text.starts_with("<s>") ? Mpnet : Bert;
    const PieceIds ids = read_byte_pair_files(files_.vocab_json, files_.merges).ids();
    return ids.contains("<s>") && ids.contains("</s>") ? Roberta : Gpt2;
}

std::string Builder::type_of(const JsonNode& model) {
    // Files of early versions do not say: the model with merges is the BPE.
    return model.text("type", model.has("merges") ? "BPE" : "WordPiece");
}

JsonNode Builder::model_of_type(const char* type) const {
    const JsonNode model = root().at("model");
    if (const std::string written = type_of(model); written != type)
        model.fail(
            fmt::format("is a {}; {} has a {}; PreTrainedTokenizerFast as the "
                        "tokenizer_class of tokenizer_config.json reads the file as it is",
                        written, class_name(), type));
    return model;
}

WordPieces Builder::read_word_piece_vocabulary() const {
    if (json_) return read_word_pieces(model_of_type("WordPiece"));
    if (!files_.vocab_txt.is_there())
        throw DataError(
            fmt::format("{}: no such file; it or tokenizer.json is the vocabulary of {}",
                        files_.vocab_txt.name, class_name()));
    return read_vocab_txt(files_.vocab_txt);
}

BytePairVocabularyReader Builder::read_byte_pair_vocabulary_of_class() const {
    if (json_) return read_byte_pair_vocabulary(model_of_type("BPE"));
    if (kind_ == Llama)
        throw DataError(
            fmt::format("{}: no such file; it is the vocabulary of {}; tokenizer.model cannot be "
                        "read, AutoTokenizer's save_pretrained() makes a tokenizer.json of it",
                        files_.tokenizer_json.name, class_name()));
    for (const NamedText* file : {&files_.vocab_json, &files_.merges})
        if (!file->is_there())
            throw DataError(fmt::format(
                "{}: no such file; vocab.json and merges.txt, or tokenizer.json, are the "
                "vocabulary of {}",
                file->name, class_name()));
    return read_byte_pair_files(files_.vocab_json, files_.merges);
}

/// Every special token that has a name and is not null, in the order of their addition.
Named Builder::named_tokens() const {
    const auto defaults = special_tokens_of(kind_);
    Named names;
    for (const char* key : TokenizerSettings::kNames) {
        if (settings_.states(key)) {
            if (const auto token = settings_.special(key)) names.emplace_back(key, *token);
            continue;
        }
        const auto found = std::find_if(defaults.begin(), defaults.end(),
                                        [&](const auto& entry) { return entry.first == key; });
        if (found != defaults.end())
            names.emplace_back(key, plain_token(found->second));
        else if ((kind_ == AsWritten || kind_ == Llama) && std::string_view(key) == "pad_token" &&
                 json_ && root().has("padding") && root().at("padding").has("pad_token"))
            names.emplace_back(key, plain_token(root().at("padding").at("pad_token").text()));
    }
    if (kind_ == Mpnet)
        for (auto& [key, token] : names)
            if (token.plain) {
                token.plain = false;
                token.token.lstrip = key == "mask_token";
            }
    for (const auto& entry : settings_.other_names()) names.push_back(entry);
    return names;
}

/// Adds what files and class know of added and special tokens, and notes ids that a file states
/// but the order of addition does not give.
/// \return  all that is recognised in text.
std::vector<AddedToken> Builder::add_special(AddedVocabulary& added, const Named& names) {
    std::vector<SpecialToken> fresh;
    const auto is_known = [&](const SpecialToken& token) {
        return added.spells(token.token.content) ||
               std::any_of(fresh.begin(), fresh.end(),
                           [&](const SpecialToken& other) { return other == token; });
    };
    for (const auto& [id, token] : settings_.added()) fresh.push_back(token);
    const std::vector<SpecialToken> from_files = fresh;
    const auto add_if_new = [&](const SpecialToken& token) {
        const bool listed = std::any_of(
            from_files.begin(), from_files.end(),
            [&](const SpecialToken& other) { return other.token.content == token.token.content; });
        if (!listed && !is_known(token)) fresh.push_back(token);
    };
    for (const auto& [key, token] : names) add_if_new(token);
    for (const SpecialToken& token : settings_.extra()) add_if_new(token);
    std::vector<AddedToken> tokens;
    for (SpecialToken& entry : fresh) {
        if (std::any_of(names.begin(), names.end(), [&](const auto& name) {
                return name.second.token.content == entry.token.content;
            }))
            entry.make_special();
        tokens.push_back(std::move(entry.token));
    }
    added.add(tokens);
    if (kind_ == Qwen2) {  // its special tokens lose their switches
        tokens.clear();
        for (const auto& [key, token] : names)
            tokens.push_back(plain_token(token.token.content).token);
        for (const SpecialToken& token : settings_.extra())
            tokens.push_back(plain_token(token.token.content).token);
        added.add(tokens);
    }
    for (const auto& [id, entry] : settings_.added())
        if (const std::int32_t real = added.id_of(entry.token.content); real != id && real >= 0)
            notes_.push_back({fmt::format("id {} of \"{}\"", real, printable(entry.token.content)),
                              "the order of added tokens",
                              fmt::format("{} says {}", settings_.source_of_added(id), id)});
    return added.tokens();
}

std::optional<std::int32_t> Builder::id_of(const AddedVocabulary& added,
                                           const Named& names,
                                           std::string_view key) const {
    const auto found = std::find_if(names.begin(), names.end(),
                                    [&](const auto& entry) { return entry.first == key; });
    if (found == names.end()) return std::nullopt;
    return added.id_of(found->second.token.content);
}

/// The id of a token that every text gets.
std::int32_t Builder::framing_id(const AddedVocabulary& added,
                                 const Named& names,
                                 const char* key) const {
    if (const auto id = id_of(added, names, key)) return *id;
    settings_.fail(key, fmt::format("is null; {} needs one", class_name()));
}

SequenceTemplate Builder::decoder_frame(const AddedVocabulary& added, const Named& names) const {
    const bool stated = settings_.states("add_bos_token") || settings_.states("add_eos_token");
    if (json_ && !stated) return read_post_processor(root().at("post_processor"));
    return SequenceTemplate::decoder(
        truthy("add_bos_token", kind_ == Opt) ? id_of(added, names, "bos_token") : std::nullopt,
        truthy("add_eos_token", false) ? id_of(added, names, "eos_token") : std::nullopt);
}

std::unique_ptr<Tokenizer> Builder::as_written() {
    if (!json_)
        throw DataError(fmt::format("{}: no such file; PreTrainedTokenizerFast reads no other",
                                    files_.tokenizer_json.name));
    const JsonNode model = root().at("model");
    const std::string type = type_of(model);
    if (type != "BPE" && type != "WordPiece")
        model.fail(fmt::format("is a {}; BPE and WordPiece can be read", type));
    const Named names = named_tokens();
    const auto add_all = [&](const PieceIds& ids) {
        AddedVocabulary added(ids);
        for (const AddedToken& token : read_added_tokens(root())) added.add({&token, 1});
        return added;
    };
    const bool framed = settings_.states("add_bos_token") || settings_.states("add_eos_token");
    if (type == "WordPiece") {
        WordPieceSpec spec = read_word_piece(root());
        const PieceIds ids = ids_of(spec.pieces);
        AddedVocabulary added = add_all(ids);
        spec.added = add_special(added, names);
        if (framed) spec.frame = decoder_frame(added, names);
        compare_vocabulary("tokenizer.json", ids);
        note_overruled("do_lower_case", spec.text.lower_case);
        note_overruled("strip_accents", spec.text.strip_accents);
        note_overruled("tokenize_chinese_chars", spec.text.space_cjk);
        return std::make_unique<WordPieceTokenizer>(spec);
    }
    PieceIds ids;
    BytePairSpec spec = read_byte_pair(root(), ids);
    AddedVocabulary added = add_all(ids);
    spec.added = add_special(added, names);
    if (framed) spec.frame = decoder_frame(added, names);
    compare_vocabulary("tokenizer.json", ids);
    note_overruled("add_prefix_space", spec.words.prefix != PreTokenizerOptions::Prefix::Never);
    return std::make_unique<BytePairTokenizer>(spec);
}

std::unique_ptr<Tokenizer> Builder::word_piece() {
    if (!flag("do_basic_tokenize", true))
        settings_.fail("do_basic_tokenize", "false cannot be read");
    WordPieceSpec spec;
    spec.text.lower_case = flag("do_lower_case", true);
    spec.text.strip_accents = settings_.states_null("strip_accents")
                                  ? spec.text.lower_case
                                  : flag("strip_accents", spec.text.lower_case);
    spec.text.space_cjk = flag("tokenize_chinese_chars", true);
    spec.pieces = read_word_piece_vocabulary();
    const PieceIds ids = ids_of(spec.pieces);
    AddedVocabulary added(ids);
    const Named names = named_tokens();
    const auto unknown = std::find_if(names.begin(), names.end(),
                                      [](const auto& entry) { return entry.first == "unk_token"; });
    if (unknown == names.end())
        settings_.fail("unk_token", fmt::format("is null; {} needs one", class_name()));
    const auto found = ids.find(unknown->second.token.content);
    if (found == ids.end())
        throw DataError(fmt::format("{}: holds no \"{}\", the unk_token of {}",
                                    json_ ? files_.tokenizer_json.name : files_.vocab_txt.name,
                                    unknown->second.token.content, class_name()));
    spec.unknown_id = found->second;
    spec.added = add_special(added, names);
    const std::int32_t cls = framing_id(added, names, "cls_token");
    const std::int32_t sep = framing_id(added, names, "sep_token");
    spec.frame =
        kind_ == Mpnet ? SequenceTemplate::roberta(cls, sep) : SequenceTemplate::bert(cls, sep);
    compare_vocabulary(json_ ? "tokenizer.json" : "vocab.txt", ids);
    if (json_) {
        compare_normalizer(spec.text);
        compare_frame(spec.frame);
    }
    return std::make_unique<WordPieceTokenizer>(spec);
}

/// What the class does to a text before it is cut into pieces.
void Builder::cut_words(BytePairSpec& spec) {
    using Prefix = PreTokenizerOptions::Prefix;
    if (kind_ == Llama) {
        spec.blank = spec.words.blank = kVisibleBlank;
        const bool prefix =
            settings_.states_null("add_prefix_space") || flag("add_prefix_space", true);
        if (prefix) spec.words.prefix = truthy("legacy", false) ? Prefix::Always : Prefix::First;
        spec.vocabulary.fuse_unknown = true;
        return;
    }
    const bool prefix =
        kind_ == Qwen2 ? truthy("add_prefix_space", false) : flag("add_prefix_space", false);
    if (kind_ == Qwen2) {
        if (prefix) settings_.fail("add_prefix_space", "true cannot be read for Qwen2Tokenizer");
        spec.normalizer.push_back({});  // NFC
    }
    spec.words.splitters = {kind_ == Qwen2 ? Splitter::Qwen2 : Splitter::Gpt2};
    if (prefix) spec.words.prefix = Prefix::Always;
}

std::unique_ptr<Tokenizer> Builder::byte_pair() {
    BytePairVocabularyReader vocabulary = read_byte_pair_vocabulary_of_class();
    const PieceIds ids = vocabulary.ids();
    BytePairSpec spec;
    cut_words(spec);
    AddedVocabulary added(ids);
    const Named names = named_tokens();
    spec.added = add_special(added, names);
    spec.frame = kind_ == Roberta ? SequenceTemplate::roberta(framing_id(added, names, "cls_token"),
                                                              framing_id(added, names, "sep_token"))
                                  : decoder_frame(added, names);
    using Unit = BytePairVocabulary::Unit;
    const bool bytes = kind_ != Llama;
    std::move(vocabulary).finish(bytes ? Unit::Byte : Unit::Character, !bytes, spec);
    spec.drop_first_blank = prepends_blank(spec);
    compare_vocabulary(json_ ? "tokenizer.json" : "vocab.json and merges.txt", ids);
    if (json_) {
        compare_words(spec.words);
        compare_frame(spec.frame);
    }
    return std::make_unique<BytePairTokenizer>(spec);
}

/// What tokenizer.json says of a tokenizer that is not read as it is written.
void Builder::compare(const char* key, bool used, bool written, const char* name) {
    if (used == written) return;
    notes_.push_back({fmt::format("{} {}", key, used), source(key),
                      fmt::format("tokenizer.json says {} {}", name, written)});
}

/// What another file says of a tokenizer.json that is read as it is written.
void Builder::note_overruled(const char* key, bool used) {
    if (!settings_.states(key) || settings_.states_null(key) || flag(key, used) == used) return;
    notes_.push_back({fmt::format("{} {}", key, used), "tokenizer.json, which is used as written",
                      fmt::format("{} says {}", settings_.source(key), !used)});
}

void Builder::compare_normalizer(const BertTextOptions& text) {
    if (!json_->contains("normalizer")) return;
    const JsonNode node = root().at("normalizer");
    if (node.kind() != "BertNormalizer") {
        notes_.push_back({"normalizer", class_name(),
                          fmt::format("tokenizer.json says {}", printable(node.kind()))});
        return;
    }
    const bool lower = node.flag("lowercase", true);
    compare("do_lower_case", text.lower_case, lower, "lowercase");
    compare("strip_accents", text.strip_accents, node.flag("strip_accents", lower),
            "strip_accents");
    compare("tokenize_chinese_chars", text.space_cjk, node.flag("handle_chinese_chars", true),
            "handle_chinese_chars");
    if (!node.flag("clean_text", true))
        notes_.push_back({"clean_text true", class_name(), "tokenizer.json says false"});
}

void Builder::compare_words(const PreTokenizerOptions& words) {
    std::string other;
    try {
        bool bytes = false;
        const PreTokenizerOptions written = read_pre_tokenizer(root().at("pre_tokenizer"), bytes);
        using Prefix = PreTokenizerOptions::Prefix;
        compare("add_prefix_space", words.prefix != Prefix::Never, written.prefix != Prefix::Never,
                "add_prefix_space");
        if (written.splitters != words.splitters || written.blank != words.blank)
            other = "the pre_tokenizer of tokenizer.json is another";
    } catch (const DataError& problem) {
        other = problem.what();
    }
    if (!other.empty()) notes_.push_back({"how words are cut", class_name(), printable(other)});
}

void Builder::compare_frame(const SequenceTemplate& frame) {
    std::string other;
    try {
        if (!(read_post_processor(root().at("post_processor")) == frame))
            other = "the post_processor of tokenizer.json is another";
    } catch (const DataError& problem) {
        other = problem.what();
    }
    if (!other.empty())
        notes_.push_back({"special tokens around a text", class_name(), printable(other)});
}

/// Notes which vocabulary was read where the folder has several.
void Builder::compare_vocabulary(const char* from, const PieceIds& ids) {
    std::string other;
    const auto add = [&](const std::string& file, const auto& read) {
        std::string verdict = "says the same";
        try {
            if (read() != ids) verdict = "has other pieces";
        } catch (const DataError&) {
            verdict = "cannot be read";
        }
        other += fmt::format("{}{} {}", other.empty() ? "" : "; ", file, verdict);
    };
    const std::string_view read = from;
    if (read != "vocab.txt" && files_.vocab_txt.is_there())
        add("vocab.txt", [&] { return ids_of(read_vocab_txt(files_.vocab_txt)); });
    if (!read.starts_with("vocab.json") && files_.vocab_json.is_there())
        add("vocab.json",
            [&] { return read_byte_pair_files(files_.vocab_json, files_.merges).ids(); });
    notes_.insert(notes_.begin(), {"vocabulary", from, other});
}

}  // namespace

std::unique_ptr<Tokenizer> make_tokenizer(const TokenizerFiles& files) {
    return Builder(files).build();
}

}  // namespace mobi
