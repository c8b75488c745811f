// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "model/fuzz_mutations.hpp"

namespace mobi {
namespace {

TEST(ModelConfigFuzzTest, NoInputBreaksTheReader) {
    test::run_mutations(
        R"({"model_type":"bert","hidden_size":24,"num_attention_heads":3,"intermediate_size":40,)"
        R"("num_hidden_layers":2,"vocab_size":50,"layer_norm_eps":1e-12,"hidden_act":"gelu"})",
        5000);
    test::run_mutations(
        R"({"model_type":"mpnet","hidden_size":24,"num_attention_heads":3,"pad_token_id":1,)"
        R"("max_position_embeddings":152,"relative_attention_num_buckets":32})",
        5000);
}

}  // namespace
}  // namespace mobi
