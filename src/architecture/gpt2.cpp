// SPDX-License-Identifier: Apache-2.0
#include "architecture/gpt2.hpp"

namespace mobi {

TransformerConfig read_gpt2(const ConfigFile& config, std::int32_t layers) {
    for (const char* key : {"scale_attn_by_inverse_layer_idx", "add_cross_attention"})
        if (config.flag(key, false)) config.refuse(key, "false");
    if (!config.flag("scale_attn_weights", true)) config.refuse("scale_attn_weights", "true");
    // the defaults are those of transformers' GPT2Config
    TransformerConfig gpt2 =
        read_sizes(config,
                   {.layers = config.either("n_layer", "num_hidden_layers"),
                    .width = config.either("n_embd", "hidden_size"),
                    .heads = config.either("n_head", "num_attention_heads"),
                    .ffn = "n_inner",
                    .max_positions = config.either("n_positions", "max_position_embeddings")},
                   {.ffn = 0, .vocabulary = 50257, .max_positions = 1024}, layers);
    gpt2.family = "gpt2";
    gpt2.causal = true;
    gpt2.placement = NormPlacement::Pre;
    gpt2.norm_eps = config.number("layer_norm_epsilon", 1e-5, 0, 1);
    gpt2.activation = read_activation(config, "activation_function", "gelu_new");
    gpt2.stored_in_out = true;
    gpt2.position_rows = gpt2.max_tokens;
    gpt2.names = {.words = "wte",
                  .positions = "wpe",
                  .final_norm = "ln_f",
                  .block = "h.{}.",
                  .qkv = {"attn.c_attn"},
                  .attention_out = "attn.c_proj",
                  .attention_norm = "ln_1",
                  .up = {"mlp.c_fc"},
                  .down = "mlp.c_proj",
                  .mlp_norm = "ln_2"};
    return gpt2;
}

}  // namespace mobi
