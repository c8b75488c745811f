// SPDX-License-Identifier: Apache-2.0
#include "architecture/llama.hpp"

#include "architecture/rotary_decoder.hpp"

namespace mobi {

TransformerConfig read_llama(const ConfigFile& config, std::int32_t layers) {
    // the defaults are those of transformers' LlamaConfig
    TransformerConfig llama = read_rotary_decoder(config,
                                                  {.family = "llama",
                                                   .sizes = {.layers = 32,
                                                             .width = 4096,
                                                             .heads = 32,
                                                             .ffn = 11008,
                                                             .vocabulary = 32000,
                                                             .max_positions = 2048},
                                                   .kv_heads = 0},
                                                  layers);
    llama.qkv_bias = llama.attention_out_bias = config.flag("attention_bias", false);
    llama.mlp_bias = config.flag("mlp_bias", false);
    return llama;
}

}  // namespace mobi
