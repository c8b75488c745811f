// SPDX-License-Identifier: Apache-2.0
#include "architecture/encoder.hpp"

#include <fmt/format.h>

namespace mobi {

TransformerConfig read_encoder(const ConfigFile& config,
                               const EncoderDefaults& defaults,
                               std::int32_t layers) {
    if (config.flag("is_decoder", false)) config.refuse("is_decoder", "false");
    if (config.says("position_embedding_type") &&
        config.text_value("position_embedding_type", "absolute") != "absolute")
        config.refuse("position_embedding_type", "absolute");
    TransformerConfig encoder = read_sizes(config, {}, {.vocabulary = defaults.vocabulary}, layers);
    encoder.family = defaults.family;
    encoder.norm_eps = config.number("layer_norm_eps", defaults.norm_eps, 0, 1);
    encoder.activation = read_activation(config, "hidden_act", "gelu");
    encoder.position_rows = encoder.max_tokens;
    encoder.names = {.words = "embeddings.word_embeddings",
                     .positions = "embeddings.position_embeddings",
                     .token_types = "embeddings.token_type_embeddings",
                     .embedding_norm = "embeddings.LayerNorm",
                     .block = "encoder.layer.{}.",
                     .qkv = {"attention.self.query", "attention.self.key", "attention.self.value"},
                     .attention_out = "attention.output.dense",
                     .attention_norm = "attention.output.LayerNorm",
                     .up = {"intermediate.dense"},
                     .down = "output.dense",
                     .mlp_norm = "output.LayerNorm"};
    return encoder;
}

void count_positions_after_padding(const ConfigFile& config,
                                   std::int32_t padding,
                                   TransformerConfig& encoder) {
    encoder.uncounted_pad = padding;
    encoder.first_position = encoder.uncounted_pad + 1;
    if (encoder.position_rows <= encoder.first_position)
        config.refuse("max_position_embeddings",
                      fmt::format("more than {}", encoder.first_position));
    encoder.max_tokens = encoder.position_rows - encoder.first_position;
}

}  // namespace mobi
