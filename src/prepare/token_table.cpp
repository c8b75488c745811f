// SPDX-License-Identifier: Apache-2.0
#include "prepare/token_table.hpp"

#include <algorithm>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "architecture/model_folder.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "core/long_work.hpp"
#include "core/text.hpp"
#include "tokenizer/tokenizer_folder.hpp"

namespace mobi {
namespace {

using Sample = TokenTable::Sample;

std::optional<std::string_view> pair_of(const TextSet& set, std::size_t sample) {
    if (set.pairs.empty()) return std::nullopt;
    return set.pairs[sample];
}

/// Tokenises the samples of one part and remembers what is wrong with them.
class PartReader {
  public:
    PartReader(const RunConfig& config,
               const TextSet& set,
               const FleetTokenizers& tokenizers,
               const FleetPlan& plan)
        : config_(config),
          set_(set),
          tokenizers_(tokenizers),
          plan_(plan),
          special_alone_(set.size()) {}

    /// \param k  index of the backbone that reads the sample.
    Sample read(std::size_t index, std::size_t k) {
        Encoding encoding =
            tokenizers_.of(k).encode(set_.texts[index], pair_of(set_, index),
                                     static_cast<std::size_t>(config_.data.max_tokens));
        check(index, encoding, k);
        special_alone_[index] = special_alone_[index] || encoding.ids.size() == special_tokens(k);
        Sample sample;
        sample.id = static_cast<std::int32_t>(index);
        if (!set_.truth.labels.empty()) sample.label = set_.truth.labels[index];
        if (!set_.truth.targets.empty()) sample.target = set_.truth.targets[index];
        sample.ids = std::move(encoding.ids);
        if (std::any_of(encoding.type_ids.begin(), encoding.type_ids.end(),
                        [](std::int32_t type) { return type != 0; }))
            sample.type_ids = std::move(encoding.type_ids);
        return sample;
    }

    /// Warns of texts that are special tokens alone.
    /// \throws DataError  when a sample was refused.
    void finish() const {
        if (refused_ > 0)
            throw DataError(refused_ == 1 ? problem_
                                          : fmt::format("{} ({} such samples in this file)",
                                                        problem_, refused_));
        const auto first = std::find(special_alone_.begin(), special_alone_.end(), true);
        if (first == special_alone_.end()) return;
        const auto count = std::count(first, special_alone_.end(), true);
        log::warning(fmt::format(
            "{}: the text has no token but the special ones around it: is it empty? {} such "
            "sample{}",
            set_.where(static_cast<std::size_t>(first - special_alone_.begin())), count,
            count == 1 ? "" : "s"));
    }

  private:
    void check(std::size_t index, const Encoding& encoding, std::size_t k) {
        std::string problem = no_token(index, encoding, k);
        if (problem.empty()) problem = no_row(encoding, k);
        if (problem.empty()) return;
        if (refused_++ == 0) problem_ = fmt::format("{}: {}", set_.where(index), problem);
    }

    /// Tokens of an empty text, or pair of them.
    std::size_t special_tokens(std::size_t k) {
        auto [known, is_new] = special_tokens_.try_emplace(k);
        if (is_new)
            known->second =
                tokenizers_.of(k)
                    .encode("",
                            set_.pairs.empty() ? std::nullopt : std::optional<std::string_view>(""),
                            0)
                    .ids.size();
        return known->second;
    }

    std::string no_token(std::size_t index, const Encoding& encoding, std::size_t k) const {
        if (!encoding.ids.empty()) return {};
        const bool empty = set_.texts[index].empty() && pair_of(set_, index).value_or("").empty();
        const std::string what = empty ? "the text is empty"
                                       : fmt::format("the text \"{}\" has no token",
                                                     printable_utf8(set_.texts[index], 40));
        return fmt::format(
            "{}, and backbone '{}' puts no special token around it: nothing is left to compute "
            "with; leave the row out, or give it a text",
            what, plan_.backbones[k].name);
    }

    std::string no_row(const Encoding& encoding, std::size_t k) const {
        const BackbonePlan& backbone = plan_.backbones[k];
        const auto beyond = [](std::span<const std::int32_t> ids, std::int32_t rows) {
            const auto found = std::find_if(
                ids.begin(), ids.end(), [rows](std::int32_t id) { return id < 0 || id >= rows; });
            return found == ids.end() ? std::nullopt : std::optional(*found);
        };
        if (const auto id = beyond(encoding.ids, backbone.vocabulary))
            return fmt::format(
                "the text has token {} (\"{}\"), and the embedding of backbone '{}' has {} rows: "
                "its tokenizer belongs to another model",
                *id,
                printable_utf8(tokenizers_.of(k).decode(std::span(&*id, 1), SpecialTokens::Keep),
                               40),
                backbone.name, backbone.vocabulary);
        const std::int32_t types = tokenizers_.token_types(k);
        if (types == 0) return {};
        if (const auto type = beyond(encoding.type_ids, types))
            return fmt::format(
                "the text has tokens of type {}, and backbone '{}' knows {} (type_vocab_size in "
                "its config.json): its tokenizer belongs to another model",
                *type, backbone.name, types);
        return {};
    }

    const RunConfig& config_;
    const TextSet& set_;
    const FleetTokenizers& tokenizers_;
    const FleetPlan& plan_;
    std::map<std::size_t, std::size_t> special_tokens_;  // by backbone
    std::vector<bool> special_alone_;                    // by sample
    std::size_t refused_ = 0;
    std::string problem_;  // of the first
};

}  // namespace

FleetTokenizers::FleetTokenizers(const RunConfig& config, const FleetPlan& plan) {
    for (const BackbonePlan& backbone : plan.backbones) {
        const BackboneParameters& parameters = config.backbones.at(backbone.name);
        auto& tokenizer = by_folder_[parameters.path];
        if (tokenizer == nullptr) tokenizer = load_tokenizer(parameters.path);
        entries_.push_back({tokenizer.get(), ModelFolder(parameters).architecture().token_types});
    }
}

std::vector<Sample> tokenise_train(const RunConfig& config,
                                   const TextSet& train,
                                   const FleetTokenizers& tokenizers,
                                   FleetPlan& plan) {
    std::vector<std::optional<std::size_t>> backbone_of(train.size());
    for (const DevicePlan& device : plan.devices)
        for (const std::int32_t id : device.samples)
            backbone_of[static_cast<std::size_t>(id)] = static_cast<std::size_t>(device.backbone);
    std::vector<Sample> samples(train.size());
    PartReader reader(config, train, tokenizers, plan);
    LongWork tokenising("tokenising: training texts");
    // in the order of the file, so that the first line that is wrong is named
    for (std::size_t i = 0; i < train.size(); ++i) {
        tokenising.step(static_cast<std::int64_t>(i), static_cast<std::int64_t>(train.size()));
        if (!backbone_of[i]) continue;
        samples[i] = reader.read(i, *backbone_of[i]);
        plan.samples[i].tokens = static_cast<std::int32_t>(samples[i].ids.size());
    }
    reader.finish();
    return samples;
}

std::vector<std::vector<Sample>> tokenise_test(const RunConfig& config,
                                               const TextSet& test,
                                               const FleetTokenizers& tokenizers,
                                               const FleetPlan& plan) {
    std::vector<std::vector<Sample>> all(plan.backbones.size());
    PartReader reader(config, test, tokenizers, plan);
    for (std::size_t k = 0; k < plan.backbones.size(); ++k) {
        if (plan.backbones[k].devices == 0) continue;
        LongWork tokenising("tokenising: test texts");
        for (std::size_t i = 0; i < test.size(); ++i) {
            tokenising.step(static_cast<std::int64_t>(i), static_cast<std::int64_t>(test.size()));
            all[k].push_back(reader.read(i, k));
        }
    }
    reader.finish();
    return all;
}

std::vector<std::vector<Sample>> tokenise_evaluation(const RunConfig& config,
                                                     const Task& task,
                                                     const FleetTokenizers& tokenizers,
                                                     const FleetPlan& plan) {
    std::vector<std::vector<Sample>> all = tokenise_test(config, task.validation, tokenizers, plan);
    std::vector<std::vector<Sample>> test = tokenise_test(config, task.test, tokenizers, plan);
    for (std::size_t k = 0; k < all.size(); ++k)
        for (Sample& sample : test[k]) {
            sample.id = static_cast<std::int32_t>(all[k].size());
            all[k].push_back(std::move(sample));
        }
    return all;
}

}  // namespace mobi
