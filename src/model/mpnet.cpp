// SPDX-License-Identifier: Apache-2.0
#include "model/mpnet.hpp"

#include "model/post_norm_encoder.hpp"

namespace mobi {

std::unique_ptr<Architecture> read_mpnet(const ConfigFile& config, std::int32_t layers) {
    // the defaults are those of transformers' MPNetConfig
    PostNormEncoderConfig encoder = read_post_norm_encoder(
        config, {.family = "mpnet", .vocabulary = 30527, .pad_id = 1, .norm_eps = 1e-12}, layers);
    encoder.first_position = encoder.pad_id + 1;
    if (encoder.positions <= encoder.first_position)
        config.refuse("max_position_embeddings", "more than pad_token_id + 1");
    encoder.relative_buckets = config.integer("relative_attention_num_buckets", 32, 4, 1 << 10);
    if (encoder.relative_buckets % 4 != 0)
        config.refuse("relative_attention_num_buckets", "a multiple of 4");
    encoder.names = {.query = "attention.attn.q",
                     .key = "attention.attn.k",
                     .value = "attention.attn.v",
                     .attention_out = "attention.attn.o",
                     .attention_norm = "attention.LayerNorm"};
    return make_post_norm_architecture(std::move(encoder));
}

}  // namespace mobi
