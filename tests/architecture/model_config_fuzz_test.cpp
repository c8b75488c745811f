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
    test::run_mutations(
        R"({"model_type":"opt","hidden_size":24,"num_attention_heads":3,"ffn_dim":40,)"
        R"("num_hidden_layers":2,"do_layer_norm_before":false,"word_embed_proj_dim":12})",
        5000);
    test::run_mutations(
        R"({"model_type":"gpt2","n_embd":24,"n_head":3,"n_inner":null,"n_layer":2,"n_positions":9})",
        5000);
    test::run_mutations(
        R"({"model_type":"llama","hidden_size":24,"num_attention_heads":4,"head_dim":8,)"
        R"("num_key_value_heads":2,"num_hidden_layers":2,"rope_scaling":{"rope_type":"llama3",)"
        R"("factor":8,"low_freq_factor":1,"high_freq_factor":4}})",
        5000);
    test::run_mutations(
        R"({"model_type":"gpt2","hidden_size":24,"n_embd":24,"num_attention_heads":3,"n_inner":null})",
        5000);
    test::run_mutations(
        R"({"model_type":"qwen2","hidden_size":24,"num_attention_heads":4,"num_key_value_heads":null,)"
        R"("layer_types":["full_attention"],"rope_theta":7,"rope_scaling":{"type":"linear","factor":4},)"
        R"("rope_parameters":{"rope_type":"default","rope_theta":500,"partial_rotary_factor":1}})",
        5000);
}

}  // namespace
}  // namespace mobi
