// SPDX-License-Identifier: Apache-2.0
#include "model/mpnet.hpp"

#include "model/encoder.hpp"

namespace mobi {

TransformerConfig read_mpnet(const ConfigFile& config, std::int32_t layers) {
    // the defaults are those of transformers' MPNetConfig
    const EncoderDefaults defaults{
        .family = "mpnet", .vocabulary = 30527, .pad_id = 1, .norm_eps = 1e-12};
    TransformerConfig encoder = read_encoder(config, defaults, layers);
    count_positions_after_padding(config, defaults, encoder);
    encoder.relative_buckets = config.integer("relative_attention_num_buckets", 32, 4, 1 << 10);
    if (encoder.relative_buckets % 4 != 0)
        config.refuse("relative_attention_num_buckets", "a multiple of 4");
    encoder.names.token_types = "";
    encoder.names.relative_bias = "encoder.relative_attention_bias.weight";
    encoder.names.qkv = {"attention.attn.q", "attention.attn.k", "attention.attn.v"};
    encoder.names.attention_out = "attention.attn.o";
    encoder.names.attention_norm = "attention.LayerNorm";
    return encoder;
}

}  // namespace mobi
