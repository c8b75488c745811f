// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "architecture/bert.hpp"
#include "architecture/family.hpp"
#include "architecture/gpt2.hpp"
#include "architecture/llama.hpp"
#include "architecture/mpnet.hpp"
#include "architecture/opt.hpp"
#include "architecture/qwen2.hpp"
#include "architecture/roberta.hpp"

namespace mobi {
namespace {

constexpr HeadNames kBertHeads{.tied = true,
                               .tied_to_words = "cls.predictions.decoder",
                               .classifier_dense = "pooler.dense",
                               .classifier = "classifier"};
constexpr HeadNames kEncoderHeads{.tied = true,
                                  .tied_to_words = "lm_head.decoder",
                                  .classifier_dense = "classifier.dense",
                                  .classifier = "classifier.out_proj"};
constexpr HeadNames kTiedDecoderHeads{
    .language_model = "lm_head", .tied = true, .tied_to_words = "lm_head", .classifier = "score"};
constexpr HeadNames kDecoderHeads{
    .language_model = "lm_head", .tied_to_words = "lm_head", .classifier = "score"};

constexpr std::array<Family, 7> kFamilies{{
    {"bert", "bert.", kBertHeads, read_bert},
    {"gpt2", "transformer.", kTiedDecoderHeads, read_gpt2},
    {"llama", "model.", kDecoderHeads, read_llama},
    {"mpnet", "mpnet.", kEncoderHeads, read_mpnet},
    {"opt", "model.", kTiedDecoderHeads, read_opt},
    {"qwen2", "model.", kDecoderHeads, read_qwen2},
    {"roberta", "roberta.", kEncoderHeads, read_roberta},
}};

}  // namespace

std::span<const Family> families() {
    return kFamilies;
}

const Family& family_of(const ConfigFile& config) {
    const std::string type = config.text_value("model_type", "");
    std::vector<std::string_view> names;
    for (const Family& family : kFamilies) {
        if (family.model_type == type) return family;
        names.push_back(family.model_type);
    }
    config.refuse("model_type", fmt::format("{}", fmt::join(names, ", ")));
}

}  // namespace mobi
