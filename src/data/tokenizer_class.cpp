// SPDX-License-Identifier: Apache-2.0
#include "data/tokenizer_class.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/text.hpp"
#include "data/json_node.hpp"

namespace mobi {
namespace {

using enum TokenizerClass;

struct Name {
    std::string_view name;
    TokenizerClass kind;
};

constexpr std::array kClasses{
    Name{"BertTokenizer", Bert},
    Name{"DistilBertTokenizer", Bert},
    Name{"ElectraTokenizer", Bert},
    Name{"MobileBertTokenizer", Bert},
    Name{"SqueezeBertTokenizer", Bert},
    Name{"MPNetTokenizer", Mpnet},
    Name{"GPT2Tokenizer", Gpt2},
    Name{"RobertaTokenizer", Roberta},
    Name{"BartTokenizer", Roberta},
    Name{"LongformerTokenizer", Roberta},
    Name{"Qwen2Tokenizer", Qwen2},
    Name{"LlamaTokenizer", Llama},
    Name{"PreTrainedTokenizer", AsWritten},
    Name{"PythonBackend", AsWritten},
    Name{"TokenizersBackend", AsWritten},
    Name{"BloomTokenizer", AsWritten},
};

// Of the model types that are not here, transformers knows no class, or one that is not ours.
constexpr std::array kModels{
    Name{"bert", Bert},          Name{"convbert", Bert},   Name{"distilbert", Bert},
    Name{"electra", Bert},       Name{"ernie", Bert},      Name{"layoutlm", Bert},
    Name{"megatron-bert", Bert}, Name{"mobilebert", Bert}, Name{"nomic_bert", Bert},
    Name{"squeezebert", Bert},   Name{"mpnet", Mpnet},     Name{"codegen", Gpt2},
    Name{"gpt2", Gpt2},          Name{"gpt_neo", Gpt2},    Name{"gptj", Gpt2},
    Name{"opt", Gpt2},           Name{"phi", Gpt2},        Name{"starcoder2", Gpt2},
    Name{"bart", Roberta},       Name{"ibert", Roberta},   Name{"longformer", Roberta},
    Name{"roberta", Roberta},    Name{"qwen2", Qwen2},     Name{"qwen2_moe", Qwen2},
    Name{"qwen3", Qwen2},        Name{"qwen3_moe", Qwen2}, Name{"mistral", AsWritten},
    Name{"mixtral", AsWritten},  Name{"phi3", AsWritten},  Name{"modernbert", AsWritten},
};

template <typename Names>
std::optional<TokenizerClass> find(const Names& names, std::string_view wanted) {
    const auto found = std::find_if(names.begin(), names.end(),
                                    [&](const Name& entry) { return entry.name == wanted; });
    return found == names.end() ? std::nullopt : std::optional(found->kind);
}

/// A text member of the object that a file is; empty when the file or the member is absent.
std::string member(const NamedText& file, const char* key) {
    if (!file.is_there()) return {};
    const nlohmann::json value = parse_json(file.name, file.text);
    const JsonNode root(file.name, "", value);
    if (!root.is_object()) root.fail("is not a JSON object");
    return root.text(key, "");
}

/// The class that a file states, without a final `Fast`, and the file.
struct Stated {
    std::string name;
    const NamedText* file = nullptr;
};

Stated stated_class(const TokenizerFiles& files) {
    for (const NamedText* file : {&files.tokenizer_config, &files.model_config}) {
        std::string name = member(*file, "tokenizer_class");
        if (name.ends_with("Fast")) name.resize(name.size() - 4);
        if (!name.empty()) return {std::move(name), file};
    }
    return {};
}

TokenizerClass known_class(const Stated& stated) {
    if (const auto kind = find(kClasses, stated.name)) return *kind;
    std::vector<std::string_view> names;
    for (const Name& entry : kClasses)
        if (entry.kind != AsWritten) names.push_back(entry.name);
    const nlohmann::json value = stated.name;
    JsonNode(stated.file->name, "tokenizer_class", value)
        .fail(fmt::format("is {}; {} can be read, and PreTrainedTokenizerFast, which reads "
                          "tokenizer.json as it is written",
                          stated.name, fmt::join(names, ", ")));
}

}  // namespace

std::string_view name_of(TokenizerClass kind) {
    if (kind == Opt) return "OPT";
    if (kind == AsWritten) return "PreTrainedTokenizerFast";
    return std::find_if(kClasses.begin(), kClasses.end(),
                        [&](const Name& entry) { return entry.kind == kind; })
        ->name;
}

std::string model_type(const NamedText& config) {
    return member(config, "model_type");
}

std::optional<TokenizerClass> tokenizer_class(const TokenizerFiles& files, SourceNotes& notes) {
    const std::string model = model_type(files.model_config);
    const std::optional<TokenizerClass> of_model = find(kModels, model);
    const Stated stated = stated_class(files);
    if (stated.file == nullptr) {
        const bool opt = model == "opt" && !files.tokenizer_config.is_there();
        if (opt && !files.tokenizer_json.is_there()) return Opt;
        if (of_model || !files.tokenizer_json.is_there()) return of_model;
        return AsWritten;
    }
    const auto choose = [&](TokenizerClass kind, const std::string& from, std::string other) {
        notes.push_back({fmt::format("tokenizer_class {}", name_of(kind)), from, std::move(other)});
        return kind;
    };
    const std::string says =
        fmt::format("{} says {}", stated.file->short_name(), printable(stated.name));
    if (of_model == AsWritten && find(kClasses, stated.name) != AsWritten)
        return choose(AsWritten, "config.json's model_type " + model, says);
    if (model == "qwen2" && find(kClasses, stated.name) != Qwen2)
        return choose(Qwen2, "config.json's model_type qwen2", says);
    if (stated.name == "LlamaTokenizer" &&
        files.tokenizer_json.text.find("\"ByteLevel\"") != std::string::npos)
        return choose(AsWritten, "tokenizer.json, which is ByteLevel", says);
    const TokenizerClass kind = known_class(stated);
    if (of_model && kind != *of_model)
        return choose(kind, stated.file->short_name(),
                      fmt::format("{} is usual for model_type {}", name_of(*of_model), model));
    return kind;
}

}  // namespace mobi
