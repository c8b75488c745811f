// SPDX-License-Identifier: Apache-2.0
#include "tokenizer/tokenizer_class.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/text.hpp"
#include "tokenizer/json_node.hpp"

namespace mobi {
namespace {

using enum TokenizerClass;

struct Name {
    std::string_view name;
    TokenizerClass kind;
};

struct Models {
    TokenizerClass kind;
    std::string_view types;  ///< with a blank between
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
    Models{Bert,
           "align bark bert blip bros chinese_clip convbert distilbert electra ernie flava "
           "git grounding-dino layoutlm megatron-bert mm-grounding-dino mobilebert nezha "
           "nomic_bert qdqbert realm retribert squeezebert tvp vilt visual_bert"},
    Models{Mpnet, "mpnet"},
    Models{Gpt2,
           "blip-2 codegen dbrx emu3 gpt2 gpt_neo gptj hyperclovax_vision_v2 instructblip "
           "instructblipvideo jais2 opt phi starcoder2"},
    Models{Roberta,
           "bart bridgetower clap data2vec-text florence2 ibert lilt longformer mega mra "
           "roberta roberta-prelayernorm"},
    Models{Qwen2,
           "audioflamingo3 colqwen2 cosmos3_omni dots3_note fun_asr_nano hunyuan_vl internvl "
           "lighton_ocr moss_transcribe_diarize ovis2 qianfan_ocr qwen2 qwen2_5_omni "
           "qwen2_5_vl qwen2_audio qwen2_moe qwen2_vl qwen3 qwen3_asr qwen3_moe qwen3_next "
           "qwen3_omni_moe qwen3_vl qwen3_vl_moe vibevoice"},
    Models{Llama, "idefics idefics2"},
    Models{AsWritten,
           "EvollaModel arctic aria beam bigbird_pegasus camembertv2-base canary chatlm "
           "cohere_asr ernie4_5 ernie4_5_moe flex_olmo fuyu glm glm4 glm4_moe glm4_moe_lite "
           "glm4v glm4v_moe glm_image glmasr got_ocr2 gpt_bigcode gradium_phonon_tts granite "
           "granitemoe granitemoehybrid granitemoeshared h2ovl_chat hyperclovax "
           "hyperclovax_vlm internlm2 internlm3 iquestcoder jamba kimi_k25 kimi_linear "
           "kosmos-2 llava llava_next mimo_v2_flash minicpm3 minicpm_ocr minicpmv "
           "minicpmv4_6 minicpmv4_7 minimax_m2 ministral ministral3 mistral mistral3 "
           "mistral_large4 mixtral modernbert modernbert-decoder molmo molmo2 nemo_speechlm "
           "nemotron nvfp4 nystromformer olmo2 olmo3 olmo_hybrid omniasr opencua openvla "
           "paddleocr_vl pegasus_x persimmon phi3 phi3_v phimoe pix2struct pixtral "
           "pocket_tts smolvlm stablelm step3_vl umt5 vipllava voxtral voxtral_realtime "
           "xlm-roberta-xl"},
};

/// Model types that have their own class, whatever a file states.
constexpr std::string_view kOverruling = "qwen2 hyperclovax_vision_v2";
constexpr std::string_view kOverrulingUnknown =
    "qwen3_5 qwen3_5_moe qwen3_5_moe_text qwen4_exp siglip2";

bool is_among(std::string_view names, std::string_view wanted) {
    const std::vector<std::string_view> all = split_words(names);
    return std::find(all.begin(), all.end(), wanted) != all.end();
}

std::optional<TokenizerClass> class_named(std::string_view name) {
    const auto found = std::find_if(kClasses.begin(), kClasses.end(),
                                    [&](const Name& entry) { return entry.name == name; });
    return found == kClasses.end() ? std::nullopt : std::optional(found->kind);
}

std::optional<TokenizerClass> class_of_model(std::string_view type) {
    const auto found = std::find_if(kModels.begin(), kModels.end(), [&](const Models& entry) {
        return is_among(entry.types, type);
    });
    return found == kModels.end() ? std::nullopt : std::optional(found->kind);
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
    if (const auto kind = class_named(stated.name)) return *kind;
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
    if (is_among(kOverrulingUnknown, model)) {
        const nlohmann::json value = model;
        JsonNode(files.model_config.name, "model_type", value)
            .fail(fmt::format("is {}, whose tokenizer cannot be read, whatever class is stated",
                              model));
    }
    const std::optional<TokenizerClass> of_model = class_of_model(model);
    const Stated stated = stated_class(files);
    if (stated.file == nullptr) {
        const bool opt = model == "opt" && !files.tokenizer_config.is_there();
        if (opt && !files.tokenizer_json.is_there()) return Opt;
        if (of_model || !files.tokenizer_json.is_there()) return of_model;
        if (!model.empty() && model != "llama")
            notes.push_back({fmt::format("tokenizer_class {}", name_of(AsWritten)),
                             "tokenizer.json",
                             "no class is known here for model_type " + printable(model)});
        return AsWritten;
    }
    const auto choose = [&](TokenizerClass kind, const std::string& from, std::string other) {
        notes.push_back({fmt::format("tokenizer_class {}", name_of(kind)), from, std::move(other)});
        return kind;
    };
    const std::string says =
        fmt::format("{} says {}", stated.file->short_name(), printable(stated.name));
    if (of_model == AsWritten && class_named(stated.name) != AsWritten)
        return choose(AsWritten, "config.json's model_type " + model, says);
    if (is_among(kOverruling, model) && class_named(stated.name) != of_model)
        return choose(*of_model, "config.json's model_type " + model, says);
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
