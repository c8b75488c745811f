// SPDX-License-Identifier: Apache-2.0
#include "prepare/residual_words.hpp"

#include <map>

#include <fmt/format.h>

#include "architecture/model_folder.hpp"
#include "core/error.hpp"
#include "core/text.hpp"
#include "model/residual_head.hpp"

namespace mobi {
namespace {

std::vector<std::string> words_of(const RunConfig& config,
                                  const std::vector<std::string>& class_names,
                                  std::int32_t classes) {
    std::vector<std::string> words = class_names;
    if (!config.residual.verbalizer.empty()) {
        words.clear();
        for (const std::string_view word : split(config.residual.verbalizer, ','))
            words.emplace_back(trim(word));
    }
    if (words.size() != static_cast<std::size_t>(classes))
        throw ConfigError(
            fmt::format("residual.verbalizer: {} words for {} classes: give one a "
                        "class, cut at commas",
                        words.size(), classes));
    return words;
}

/// The first token of a word that spells something.
std::int32_t first_token(const Tokenizer& tokenizer, const std::string& word) {
    for (const std::int32_t id : tokenizer.encode_bare(" " + word)) {
        const std::string text = tokenizer.decode(std::span(&id, 1), SpecialTokens::Keep);
        if (!trim(text).empty()) return id;
    }
    throw ConfigError(fmt::format("residual.verbalizer: '{}' is no word", word));
}

std::vector<std::int32_t> ids_of(const Tokenizer& tokenizer,
                                 const std::vector<std::string>& words,
                                 const std::string& backbone) {
    std::vector<std::int32_t> ids;
    std::map<std::int32_t, std::string> taken;
    for (const std::string& word : words) {
        ids.push_back(first_token(tokenizer, word));
        const auto [other, is_new] = taken.emplace(ids.back(), word);
        if (!is_new)
            throw ConfigError(fmt::format(
                "residual.verbalizer: '{}' and '{}' begin with the same token of backbone '{}': "
                "give words that differ from the start",
                other->second, word, backbone));
    }
    return ids;
}

}  // namespace

std::vector<std::vector<std::int32_t>> residual_words(const RunConfig& config,
                                                      const FleetPlan& plan,
                                                      const FleetTokenizers& tokenizers,
                                                      const std::vector<std::string>& class_names,
                                                      std::int32_t classes) {
    std::vector<std::vector<std::int32_t>> result(plan.backbones.size());
    const ResidualHeadKind kind = config.residual.head;
    const bool verbalizer = kind == ResidualHeadKind::LmVerbalizer;
    if (!verbalizer && kind != ResidualHeadKind::Folder) return result;
    for (std::size_t k = 0; k < plan.backbones.size(); ++k) {
        const BackbonePlan& backbone = plan.backbones[k];
        if (backbone.devices == 0) continue;
        const BackboneParameters& parameters = config.backbones.at(backbone.name);
        const ModelFolder folder(parameters);
        const Pivot trained = folder.architecture().causal ? Pivot::Last : Pivot::First;
        if (backbone.pivot != trained)
            throw ConfigError(
                fmt::format("residual.head: the head of backbone '{}' reads its {} token: set "
                            "packet.pivot = {}",
                            backbone.name, trained == Pivot::Last ? "last" : "first",
                            trained == Pivot::Last ? "last" : "first"));
        if (verbalizer)
            result[k] =
                ids_of(tokenizers.of(k), words_of(config, class_names, classes), backbone.name);
        make_folder_head(config.residual, folder, classes, result[k], config.run.seed);
    }
    return result;
}

}  // namespace mobi
