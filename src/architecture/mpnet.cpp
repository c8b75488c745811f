// SPDX-License-Identifier: Apache-2.0
#include "architecture/mpnet.hpp"

#include "architecture/encoder.hpp"

namespace mobi {
namespace {

// transformers' MPNetModel knows these two alone, whatever config.json says
constexpr std::int32_t kPadding = 1;
constexpr std::int32_t kBuckets = 32;

}  // namespace

TransformerConfig read_mpnet(const ConfigFile& config, std::int32_t layers) {
    // the defaults are those of transformers' MPNetConfig
    TransformerConfig encoder =
        read_encoder(config, {.family = "mpnet", .vocabulary = 30527, .norm_eps = 1e-12}, layers);
    count_positions_after_padding(config, kPadding, encoder);
    encoder.relative_buckets =
        config.integer("relative_attention_num_buckets", kBuckets, kBuckets, kBuckets);
    encoder.names.token_types = "";
    encoder.names.relative_bias = "encoder.relative_attention_bias.weight";
    encoder.names.qkv = {"attention.attn.q", "attention.attn.k", "attention.attn.v"};
    encoder.names.attention_out = "attention.attn.o";
    encoder.names.attention_norm = "attention.LayerNorm";
    return encoder;
}

}  // namespace mobi
