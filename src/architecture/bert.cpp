// SPDX-License-Identifier: Apache-2.0
#include "architecture/bert.hpp"

#include "architecture/encoder.hpp"

namespace mobi {

TransformerConfig read_bert(const ConfigFile& config, std::int32_t layers) {
    // the defaults are those of transformers' BertConfig
    TransformerConfig encoder =
        read_encoder(config, {.family = "bert", .vocabulary = 30522, .norm_eps = 1e-12}, layers);
    encoder.token_types = config.integer("type_vocab_size", 2, 1, 1 << 16);
    return encoder;
}

}  // namespace mobi
