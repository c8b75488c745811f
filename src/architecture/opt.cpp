// SPDX-License-Identifier: Apache-2.0
#include "architecture/opt.hpp"

namespace mobi {
namespace {

/// Rows of the position table before the first token's: transformers'
/// OPTLearnedPositionalEmbedding.
constexpr std::int32_t kPositionOffset = 2;

}  // namespace

TransformerConfig read_opt(const ConfigFile& config, std::int32_t layers) {
    // the defaults are those of transformers' OPTConfig
    TransformerConfig opt =
        read_sizes(config, {.ffn = "ffn_dim"},
                   {.ffn = 3072, .vocabulary = 50272, .max_positions = 2048}, layers);
    if (!config.flag("enable_bias", true)) config.refuse("enable_bias", "true");
    if (!config.flag("layer_norm_elementwise_affine", true))
        config.refuse("layer_norm_elementwise_affine", "true");
    opt.family = "opt";
    opt.causal = true;
    const bool pre_norm = config.flag("do_layer_norm_before", true);
    opt.placement = pre_norm ? NormPlacement::Pre : NormPlacement::Post;
    opt.norm_eps = 1e-5;  // not in the file
    opt.activation = read_activation(config, "activation_function", "relu");
    if (config.says("word_embed_proj_dim"))  // null means the width
        opt.embedding_width = config.integer("word_embed_proj_dim", opt.width, 1, 1 << 16);
    else
        config.take_default("word_embed_proj_dim", opt.width);
    opt.first_position = kPositionOffset;
    opt.position_rows = opt.max_tokens + kPositionOffset;
    opt.names = {.words = "decoder.embed_tokens",
                 .positions = "decoder.embed_positions",
                 .block = "decoder.layers.{}.",
                 .qkv = {"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"},
                 .attention_out = "self_attn.out_proj",
                 .attention_norm = "self_attn_layer_norm",
                 .up = {"fc1"},
                 .down = "fc2",
                 .mlp_norm = "final_layer_norm"};
    if (opt.embedding_width != opt.width) {
        opt.names.project_in = "decoder.project_in";
        opt.names.project_out = "decoder.project_out";
    }
    if (pre_norm && !config.flag("_remove_final_layer_norm", false))
        opt.names.final_norm = "decoder.final_layer_norm";
    return opt;
}

}  // namespace mobi
