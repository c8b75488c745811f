// SPDX-License-Identifier: Apache-2.0
#include "data/tokenizer_file.hpp"

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.hpp"
#include "core/text.hpp"
#include "data/text_file.hpp"

namespace mobi {
namespace {

using Json = nlohmann::json;

constexpr std::int32_t kLargestId = std::numeric_limits<std::int32_t>::max() - 1;

/// A JSON value that knows its file and key, so that every complaint names both.
class Node {
  public:
    Node(std::string_view file, std::string key, const Json& value)
        : file_(file), key_(std::move(key)), value_(value) {}

    [[noreturn]] void fail(const std::string& problem) const {
        throw DataError(fmt::format("{}: {}{}{}", file_, key_, key_.empty() ? "" : ": ", problem));
    }

    bool has(const char* name) const {
        return value_.is_object() && value_.contains(name) && !value_.at(name).is_null();
    }
    bool is_null() const { return value_.is_null(); }
    bool is_string() const { return value_.is_string(); }
    bool is_object() const { return value_.is_object(); }

    Node at(const char* name) const {
        const std::string path = key_.empty() ? name : key_ + "." + name;
        if (!value_.is_object()) fail("is not an object");
        if (!value_.contains(name)) fail(fmt::format("has no \"{}\"", name));
        return {file_, path, value_.at(name)};
    }

    std::vector<Node> items() const {
        if (!value_.is_array()) fail("is not a list");
        std::vector<Node> all;
        for (std::size_t i = 0; i < value_.size(); ++i)
            all.emplace_back(file_, fmt::format("{}[{}]", key_, i), value_[i]);
        return all;
    }

    std::string text() const {
        if (!value_.is_string()) fail("is not a text");
        return value_.get<std::string>();
    }

    bool flag(const char* name, bool otherwise) const {
        if (!has(name)) return otherwise;
        const Node node = at(name);
        if (!node.value_.is_boolean()) node.fail("is neither true nor false");
        return node.value_.get<bool>();
    }

    std::int32_t id(std::int32_t largest = kLargestId) const {
        if (!value_.is_number_unsigned() ||
            value_.get<std::uint64_t>() > static_cast<std::uint64_t>(largest))
            fail(fmt::format("is not a whole number from 0 to {}", largest));
        return value_.get<std::int32_t>();
    }

    const Json& json() const { return value_; }
    std::string_view file() const { return file_; }

  private:
    std::string_view file_;
    std::string key_;
    const Json& value_;
};

/// Parses strictly: a key that is given twice is an error, where the library would keep the last.
Json parse_json(std::string_view name, std::string_view text) {
    std::vector<std::unordered_set<std::string>> keys;
    const Json::parser_callback_t check = [&](int, Json::parse_event_t event, Json& value) {
        if (event == Json::parse_event_t::object_start) keys.emplace_back();
        if (event == Json::parse_event_t::object_end) keys.pop_back();
        if (event == Json::parse_event_t::key &&
            !keys.back().insert(value.get_ref<const std::string&>()).second)
            throw DataError(fmt::format("{}: the key \"{}\" is given twice in one object", name,
                                        value.get_ref<const std::string&>()));
        return true;
    };
    try {
        return Json::parse(text.begin(), text.end(), check);
    } catch (const Json::exception& problem) {
        throw DataError(fmt::format("{}: is not JSON: {}", name, problem.what()));
    }
}

std::string kind_of(const Node& node) {
    return node.is_null() ? "null" : node.at("type").text();
}

void read_normalizer(const Node& node, BertTextOptions& text) {
    const std::string kind = kind_of(node);
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

void read_model(const Node& node, WordPieceSpec& spec) {
    const std::string kind = node.has("type") ? node.at("type").text() : "WordPiece";
    if (kind != "WordPiece") node.fail(fmt::format("is a {}; WordPiece can be read", kind));
    if (node.has("continuing_subword_prefix"))
        spec.continuation = node.at("continuing_subword_prefix").text();
    if (node.has("max_input_chars_per_word"))
        spec.longest_word = static_cast<std::size_t>(node.at("max_input_chars_per_word").id());
    const Node vocabulary = node.at("vocab");
    if (!vocabulary.is_object()) vocabulary.fail("is not an object of piece to id");
    const std::string unknown = node.has("unk_token") ? node.at("unk_token").text() : "[UNK]";
    spec.pieces.reserve(vocabulary.json().size());
    for (const auto& [piece, value] : vocabulary.json().items()) {
        const Node entry(vocabulary.file(), "model.vocab." + piece, value);
        spec.pieces.emplace_back(piece, entry.id());
        if (piece == unknown) spec.unknown_id = spec.pieces.back().second;
    }
    if (spec.unknown_id < 0)
        node.fail(fmt::format("the unk_token \"{}\" is not in vocab", unknown));
}

std::vector<AddedToken> read_added_tokens(const Node& list) {
    std::vector<AddedToken> tokens;
    for (const Node& node : list.items()) {
        AddedToken token;
        token.id = node.at("id").id();
        token.content = node.at("content").text();
        token.single_word = node.flag("single_word", false);
        token.lstrip = node.flag("lstrip", false);
        token.rstrip = node.flag("rstrip", false);
        token.normalized = node.flag("normalized", true);
        tokens.push_back(std::move(token));
    }
    return tokens;
}

using Kind = TemplatePart::Kind;

TemplatePart special(std::int32_t id, std::int32_t type_id) {
    return {Kind::Special, id, type_id};
}

TemplatePart text_part(Kind kind, std::int32_t type_id) {
    return {kind, -1, type_id};
}

/// `cls A sep` and `cls A sep B sep`, or for RoBERTa and MPNet `cls A sep sep B sep` of one type.
void set_template(WordPieceSpec& spec, std::int32_t cls, std::int32_t sep, bool roberta) {
    spec.single = {special(cls, 0), text_part(Kind::First, 0), special(sep, 0)};
    spec.pair = spec.single;
    const std::int32_t type = roberta ? 0 : 1;
    if (roberta) spec.pair.push_back(special(sep, 0));
    spec.pair.push_back(text_part(Kind::Second, type));
    spec.pair.push_back(special(sep, type));
}

void append_special(const Node& processor,
                    const Node& name,
                    std::int32_t type_id,
                    std::vector<TemplatePart>& parts) {
    const Node tokens = processor.at("special_tokens");
    if (!tokens.has(name.text().c_str()))
        name.fail(fmt::format("\"{}\" is not among special_tokens", name.text()));
    for (const Node& id : tokens.at(name.text().c_str()).at("ids").items())
        parts.push_back(special(id.id(), type_id));
}

/// `A` or, where `pair`, `B`.
Kind kind_of_sequence(const Node& name, bool pair) {
    if (name.text() == "A") return Kind::First;
    if (pair && name.text() == "B") return Kind::Second;
    name.fail(fmt::format("\"{}\" is not {}", name.text(), pair ? "A or B" : "A"));
}

std::vector<TemplatePart> read_template(const Node& processor, const char* key, bool pair) {
    std::vector<TemplatePart> parts;
    for (const Node& node : processor.at(key).items()) {
        const bool is_special = node.has("SpecialToken");
        const Node element = node.at(is_special ? "SpecialToken" : "Sequence");
        const std::int32_t type_id = element.has("type_id") ? element.at("type_id").id(255) : 0;
        if (is_special)
            append_special(processor, element.at("id"), type_id, parts);
        else
            parts.push_back(text_part(kind_of_sequence(element.at("id"), pair), type_id));
    }
    const auto uses = [&](Kind kind) {
        return std::count_if(parts.begin(), parts.end(),
                             [&](const TemplatePart& part) { return part.kind == kind; });
    };
    if (uses(Kind::First) != 1 || uses(Kind::Second) != (pair ? 1 : 0))
        processor.at(key).fail(pair ? "does not hold A and B once each" : "does not hold A once");
    return parts;
}

/// `["[SEP]", 102]`
std::int32_t id_of_pair(const Node& node) {
    const std::vector<Node> items = node.items();
    if (items.size() != 2) node.fail("is not a token and its id");
    return items[1].id();
}

void read_post_processor(const Node& node, WordPieceSpec& spec) {
    const std::string kind = kind_of(node);
    if (kind == "null") {
        spec.single = {text_part(Kind::First, 0)};
        spec.pair = {text_part(Kind::First, 0), text_part(Kind::Second, 1)};
    } else if (kind == "TemplateProcessing") {
        spec.single = read_template(node, "single", false);
        spec.pair = read_template(node, "pair", true);
    } else if (kind == "BertProcessing" || kind == "RobertaProcessing") {
        set_template(spec, id_of_pair(node.at("cls")), id_of_pair(node.at("sep")),
                     kind == "RobertaProcessing");
    } else {
        node.fail(
            fmt::format("is a {}; TemplateProcessing, BertProcessing, RobertaProcessing and "
                        "null can be read",
                        kind));
    }
}

/// The special tokens that a class of transformers recognises in text, and how it frames sequences.
struct TokenizerClass {
    bool roberta = false;
    std::string cls, sep, unknown, pad, mask;
};

TokenizerClass tokenizer_class(const Node* config, bool begins_like_mpnet) {
    TokenizerClass bert{false, "[CLS]", "[SEP]", "[UNK]", "[PAD]", "[MASK]"};
    TokenizerClass mpnet{true, "<s>", "</s>", "[UNK]", "<pad>", "<mask>"};
    if (config == nullptr || !config->has("tokenizer_class"))
        return begins_like_mpnet ? mpnet : bert;
    std::string name = config->at("tokenizer_class").text();
    if (name.ends_with("Fast")) name.resize(name.size() - 4);
    if (name == "MPNetTokenizer") return mpnet;
    for (const char* alike :
         {"BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer", "MobileBertTokenizer"})
        if (name == alike) return bert;
    config->at("tokenizer_class")
        .fail(fmt::format("is {}; BertTokenizer, DistilBertTokenizer, ElectraTokenizer, "
                          "MobileBertTokenizer and MPNetTokenizer can be read from vocab.txt",
                          name));
}

/// How a special token is spelled: `"sep_token": "[SEP]"` or an object with `content`.
std::string spelled(const Node* config, const char* key, const std::string& otherwise) {
    if (config == nullptr || !config->has(key)) return otherwise;
    const Node node = config->at(key);
    return node.is_object() ? node.at("content").text() : node.text();
}

void read_config_flags(const Node& config, BertTextOptions& text) {
    if (!config.flag("do_basic_tokenize", true))
        config.at("do_basic_tokenize").fail("false cannot be read");
    text.lower_case = config.flag("do_lower_case", true);
    text.strip_accents = config.flag("strip_accents", text.lower_case);
    text.space_cjk = config.flag("tokenize_chinese_chars", true);
}

}  // namespace

WordPieceSpec parse_tokenizer_json(std::string_view name, std::string_view json) {
    const Json value = parse_json(name, checked_utf8(name, json));
    const Node root(name, "", value);
    if (!root.is_object()) root.fail("is not a JSON object");
    WordPieceSpec spec;
    read_model(root.at("model"), spec);
    read_normalizer(root.at("normalizer"), spec.text);
    const Node words = root.at("pre_tokenizer");
    if (kind_of(words) != "BertPreTokenizer")
        words.fail(fmt::format("is a {}; BertPreTokenizer can be read", kind_of(words)));
    read_post_processor(root.at("post_processor"), spec);
    if (root.has("added_tokens")) spec.added = read_added_tokens(root.at("added_tokens"));
    return spec;
}

WordPieceSpec parse_vocabulary(std::string_view name,
                               std::string_view vocabulary,
                               std::string_view config_name,
                               std::string_view config_text) {
    WordPieceSpec spec;
    std::vector<std::string_view> lines = split(checked_utf8(name, vocabulary), '\n');
    if (lines.back().empty()) lines.pop_back();
    if (lines.size() > static_cast<std::size_t>(kLargestId))
        throw DataError(fmt::format("{}: {} pieces are too many", name, lines.size()));
    std::unordered_map<std::string_view, std::int32_t> ids;
    for (std::string_view line : lines) {
        if (line.ends_with('\r')) line.remove_suffix(1);
        const auto id = static_cast<std::int32_t>(spec.pieces.size());
        spec.pieces.emplace_back(line, id);
        ids[line] = id;
    }
    std::optional<Json> json;
    std::optional<Node> node;
    if (!config_text.empty()) {
        json = parse_json(config_name, checked_utf8(config_name, config_text));
        node.emplace(config_name, "", *json);
        if (!node->is_object()) node->fail("is not a JSON object");
        read_config_flags(*node, spec.text);
    }
    const Node* config = node ? &*node : nullptr;
    const TokenizerClass names =
        tokenizer_class(config, !spec.pieces.empty() && spec.pieces.front().first == "<s>");
    const auto id_of = [&](const std::string& token) {
        const auto found = ids.find(token);
        if (found == ids.end())
            throw DataError(
                fmt::format("{}: holds no \"{}\", a special token of this tokenizer", name, token));
        return found->second;
    };
    const std::string cls = spelled(config, "cls_token", names.cls);
    const std::string sep = spelled(config, "sep_token", names.sep);
    const std::string unknown = spelled(config, "unk_token", names.unknown);
    const std::int32_t cls_id = id_of(cls);
    const std::int32_t sep_id = id_of(sep);
    spec.unknown_id = id_of(unknown);
    set_template(spec, cls_id, sep_id, names.roberta);
    const std::string pad = spelled(config, "pad_token", names.pad);
    const std::string mask = spelled(config, "mask_token", names.mask);
    for (const std::string& token : {cls, sep, unknown, pad})
        spec.added.push_back({id_of(token), token});
    AddedToken mask_token{id_of(mask), mask};
    mask_token.lstrip = names.roberta;  // MPNetTokenizer swallows the blank before <mask>
    spec.added.push_back(std::move(mask_token));
    if (const auto found = ids.find("<unk>"); names.roberta && found != ids.end()) {
        AddedToken token{found->second, "<unk>"};
        token.normalized = true;
        spec.added.push_back(std::move(token));
    }
    return spec;
}

std::unique_ptr<Tokenizer> load_tokenizer(const std::filesystem::path& folder) {
    std::error_code error;
    const auto is_there = [&](const std::filesystem::path& file) {
        return std::filesystem::exists(file, error);
    };
    const std::filesystem::path json = folder / "tokenizer.json";
    if (is_there(json))
        return std::make_unique<WordPieceTokenizer>(
            parse_tokenizer_json(json.string(), read_text_file(json)));
    const std::filesystem::path vocabulary = folder / "vocab.txt";
    const std::filesystem::path config = folder / "tokenizer_config.json";
    if (!is_there(vocabulary)) {
        const std::string_view command = fetch_command(folder);
        throw DataError(fmt::format(
            "{}: {}; {}", folder.string(),
            is_there(folder) ? "holds neither tokenizer.json nor vocab.txt" : "no such folder",
            command.empty() ? "a Hugging Face folder with one of tokenizer.json (WordPiece) and "
                              "vocab.txt is read"
                            : command));
    }
    return std::make_unique<WordPieceTokenizer>(
        parse_vocabulary(vocabulary.string(), read_text_file(vocabulary), config.string(),
                         is_there(config) ? read_text_file(config) : std::string()));
}

}  // namespace mobi
