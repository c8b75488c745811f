// SPDX-License-Identifier: Apache-2.0
#include "architecture/rotary_decoder.hpp"

#include <fmt/format.h>

namespace mobi {
namespace {

constexpr const char* kKvHeads = "num_key_value_heads";

}  // namespace

TransformerConfig read_rotary_decoder(const ConfigFile& config,
                                      const RotaryDecoderDefaults& defaults,
                                      std::int32_t layers) {
    TransformerConfig decoder =
        read_sizes(config, {.head_dim = "head_dim"}, defaults.sizes, layers);
    decoder.family = defaults.family;
    decoder.causal = true;
    decoder.placement = NormPlacement::Pre;
    decoder.rms_norm = true;
    decoder.norm_eps = config.number("rms_norm_eps", 1e-6, 0, 1);
    decoder.activation = read_activation(config, "hidden_act", "silu");
    // as many as heads where nothing else is said; null says so too, whatever the class's default
    if (config.says(kKvHeads) || (defaults.kv_heads > 0 && !config.is_null(kKvHeads)))
        decoder.kv_heads = config.integer(kKvHeads, defaults.kv_heads, 1, decoder.heads);
    else
        config.take_default(kKvHeads, decoder.kv_heads);
    if (decoder.heads % decoder.kv_heads != 0)
        config.refuse(kKvHeads,
                      fmt::format("a divisor of num_attention_heads = {}", decoder.heads));
    constexpr std::int32_t kMostWidth = 1
                                        << 18;  // of all heads together, so that no size overflows
    if (config.says("head_dim"))
        decoder.head_dim =
            config.integer("head_dim", decoder.head_dim, 2, kMostWidth / decoder.heads);
    else
        config.take_default("head_dim", decoder.head_dim);
    if (decoder.head_dim % 2 != 0)
        config.refuse("head_dim", fmt::format("an even number (it is {})", decoder.head_dim));
    decoder.qkv_bias = decoder.attention_out_bias = decoder.mlp_bias = false;
    decoder.rotary = read_rotary(config, decoder.max_tokens, decoder.notes);
    decoder.names = {.words = "embed_tokens",
                     .final_norm = "norm",
                     .block = "layers.{}.",
                     .qkv = {"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"},
                     .attention_out = "self_attn.o_proj",
                     .attention_norm = "input_layernorm",
                     .up = {"mlp.gate_proj", "mlp.up_proj"},
                     .down = "mlp.down_proj",
                     .mlp_norm = "post_attention_layernorm"};
    return decoder;
}

}  // namespace mobi
