// SPDX-License-Identifier: Apache-2.0
#include "model/generation.hpp"

#include <numeric>

#include <ATen/ATen.h>

#include "core/error.hpp"

namespace mobi {

std::vector<std::int32_t> generate_greedily(const Backbone& backbone,
                                            const FolderHeads& heads,
                                            std::span<const std::int32_t> prompt,
                                            std::int32_t count) {
    if (prompt.empty())
        throw ConfigError("generation begins with at least one token: give a prompt");
    const BackboneInfo& info = backbone.info();
    std::vector<std::int32_t> words(static_cast<std::size_t>(info.vocabulary));
    std::iota(words.begin(), words.end(), 0);
    const auto weight = heads.word_weights(words);
    if (!weight)
        throw DataError("the folder holds no language model head: only decoders with one generate");
    PackedBatch sequence;
    sequence.ids.assign(prompt.begin(), prompt.end());
    std::vector<std::int32_t> added;
    for (std::int32_t i = 0; i < count; ++i) {
        if (sequence.tokens() >= static_cast<std::size_t>(info.max_tokens)) break;
        sequence.offsets = {0, static_cast<std::int32_t>(sequence.tokens())};
        const Taps taps = backbone.forward(sequence, {}, Pivot::Last);
        const at::Tensor logits = at::linear(taps.output, *weight)[0];
        const auto next = static_cast<std::int32_t>(logits.argmax().item<std::int64_t>());
        added.push_back(next);
        sequence.ids.push_back(next);
    }
    return added;
}

}  // namespace mobi
