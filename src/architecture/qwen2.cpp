// SPDX-License-Identifier: Apache-2.0
#include "architecture/qwen2.hpp"

#include "architecture/rotary_decoder.hpp"

namespace mobi {

TransformerConfig read_qwen2(const ConfigFile& config, std::int32_t layers) {
    if (config.flag("use_sliding_window", false)) config.refuse("use_sliding_window", "false");
    if (config.says("layer_types"))
        for (const std::string& type : config.texts("layer_types"))
            if (type != "full_attention") config.refuse("layer_types", "full_attention alone");
    // the defaults are those of transformers' Qwen2Config
    TransformerConfig qwen2 = read_rotary_decoder(config,
                                                  {.family = "qwen2",
                                                   .sizes = {.layers = 32,
                                                             .width = 4096,
                                                             .heads = 32,
                                                             .ffn = 22016,
                                                             .vocabulary = 151936,
                                                             .max_positions = 32768},
                                                   .kv_heads = 32},
                                                  layers);
    qwen2.qkv_bias = true;
    return qwen2;
}

}  // namespace mobi
