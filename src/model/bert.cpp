// SPDX-License-Identifier: Apache-2.0
#include "model/bert.hpp"

#include "model/post_norm_encoder.hpp"

namespace mobi {

std::unique_ptr<Architecture> read_bert(const ConfigFile& config, std::int32_t layers) {
    if (config.text_value("position_embedding_type", "absolute") != "absolute")
        config.refuse("position_embedding_type", "absolute");
    if (config.flag("is_decoder", false)) config.refuse("is_decoder", "false");
    // the defaults are those of transformers' BertConfig
    PostNormEncoderConfig encoder = read_post_norm_encoder(
        config, {.family = "bert", .vocabulary = 30522, .pad_id = 0, .norm_eps = 1e-12}, layers);
    encoder.token_types = config.integer("type_vocab_size", 2, 1, 1 << 16);
    encoder.first_position = 0;
    encoder.names = {.query = "attention.self.query",
                     .key = "attention.self.key",
                     .value = "attention.self.value",
                     .attention_out = "attention.output.dense",
                     .attention_norm = "attention.output.LayerNorm"};
    return make_post_norm_architecture(std::move(encoder));
}

}  // namespace mobi
