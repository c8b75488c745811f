// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "architecture/config_file.hpp"
#include "architecture/rotary.hpp"
#include "core/source_note.hpp"
#include "kernels/kernels.hpp"

namespace mobi {

/// Where a block normalises.
///
///     post   y = N1(x + attention x)      x' = N2(y + mlp y)          BERT and its kin, OPT-350M
///     pre    y = x + attention(N1 x)      x' = y + mlp(N2 y)          GPT-2, OPT, Llama
enum class NormPlacement { Post, Pre };

/// Names of a model's tensors as its files have them, without the family's prefix.  Empty: the
/// model has no such tensor.
struct TensorNames {
    std::string words{};
    std::string positions{};
    std::string token_types{};
    std::string embedding_norm{};
    std::string project_in{};  ///< from the embedding's width to the blocks'
    std::string project_out{};
    std::string relative_bias{};
    std::string final_norm{};
    std::string block{};  ///< what the names below begin with; `{}` stands for the block's number
    std::vector<std::string> qkv{};  ///< query, key, value, or one that holds all three
    std::string attention_out{};
    std::string attention_norm{};   ///< N1
    std::vector<std::string> up{};  ///< one, or gate and up
    std::string down{};
    std::string mlp_norm{};  ///< N2
};

/// A transformer of any family: blocks of attention and MLP behind an embedding stage.  A family's
/// file turns `config.json` into one of these; transformer.hpp computes it.
struct TransformerConfig {
    std::string family;
    std::int32_t layers = 0;
    std::int32_t width = 0;  ///< d
    std::int32_t heads = 0;
    std::int32_t kv_heads = 0;
    std::int32_t head_dim = 0;
    std::int32_t ffn = 0;
    std::int32_t vocabulary = 0;
    std::int32_t max_tokens = 0;

    bool causal = false;
    NormPlacement placement = NormPlacement::Post;
    bool rms_norm = false;
    double norm_eps = 0;
    kernels::Activation activation = kernels::Activation::Gelu;
    bool qkv_bias = true;
    bool attention_out_bias = true;
    bool mlp_bias = true;
    bool stored_in_out = false;  ///< block matrices lie as (in, out), as in GPT-2's Conv1D

    std::int32_t embedding_width = 0;   ///< of the word table; other than d: names.project_in
    std::int32_t position_rows = 0;     ///< of the position table; 0 = none
    std::int32_t first_position = 0;    ///< row of a sequence's first token
    std::int32_t uncounted_pad = -1;    ///< this id takes its own row and is not counted; -1: none
    std::int32_t token_types = 0;       ///< rows of the type table; 0 = none
    std::int32_t relative_buckets = 0;  ///< of MPNet's attention bias by distance; 0 = none
    std::optional<RotaryConfig> rotary;

    SourceNotes notes;  ///< of what `config.json` says twice

    TensorNames names;

    bool gated() const noexcept { return names.up.size() == 2; }
    std::int32_t query_width() const noexcept { return heads * head_dim; }
    std::int32_t qkv_width() const noexcept { return (heads + 2 * kv_heads) * head_dim; }
};

/// How a family's file spells the keys that all have (ConfigFile::either() for two names of one).
struct SizeKeys {
    const char* layers = "num_hidden_layers";
    const char* width = "hidden_size";
    const char* heads = "num_attention_heads";
    const char* ffn = "intermediate_size";
    const char* max_positions = "max_position_embeddings";
    const char* head_dim = nullptr;  ///< null: a head's width is always width / heads
};

/// What the class that writes a family's files leaves out.
struct SizeDefaults {
    std::int32_t layers = 12;
    std::int32_t width = 768;
    std::int32_t heads = 12;
    std::int32_t ffn = 3072;  ///< 0: four times the width
    std::int32_t vocabulary = 0;
    std::int32_t max_positions = 512;
};

/// How many of a model's blocks are kept.
/// \param wanted  the first n; 0 = all.  \param name  of the file, for the error.
/// \throws ConfigError  when `wanted` is more than there are.
std::int32_t kept_layers(std::int32_t wanted, std::int32_t available, const std::string& name);

/// Reads the sizes that every family has, as of a model whose heads divide its width and share
/// nothing; `max_tokens` is what `max_positions` says.
/// \param layers  keep the first n blocks; 0 = all.
/// \throws DataError    when a value is out of range.
/// \throws ConfigError  when `layers` is more than there are.
TransformerConfig read_sizes(const ConfigFile& config,
                             const SizeKeys& keys,
                             const SizeDefaults& defaults,
                             std::int32_t layers);

/// The activation that a key names, as transformers' `ACT2FN` spells it.
/// \throws DataError  when it is none of ours.
kernels::Activation read_activation(const ConfigFile& config,
                                    std::string_view key,
                                    std::string_view fallback);

}  // namespace mobi
