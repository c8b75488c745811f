// SPDX-License-Identifier: Apache-2.0
#include "architecture/roberta.hpp"

#include "architecture/encoder.hpp"

namespace mobi {

TransformerConfig read_roberta(const ConfigFile& config, std::int32_t layers) {
    // the defaults are those of transformers' RobertaConfig; real files say 1e-5 for the eps
    TransformerConfig encoder =
        read_encoder(config, {.family = "roberta", .vocabulary = 50265, .norm_eps = 1e-12}, layers);
    count_positions_after_padding(
        config, config.integer("pad_token_id", 1, 0, encoder.vocabulary - 1), encoder);
    encoder.token_types = config.integer("type_vocab_size", 2, 1, 1 << 16);
    return encoder;
}

}  // namespace mobi
