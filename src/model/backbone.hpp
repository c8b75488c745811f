// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>

#include "architecture/backbone_info.hpp"
#include "architecture/parameters.hpp"
#include "core/precision.hpp"
#include "wire/parameters.hpp"

namespace mobi {

/// Several sequences in one stream of tokens, without padding.  Sequence i is
/// `ids[offsets[i] .. offsets[i + 1])`.
struct PackedBatch {
    std::vector<std::int32_t> ids;       ///< (T)
    std::vector<std::int32_t> type_ids;  ///< (T), or empty: all zero
    std::vector<std::int32_t> offsets;   ///< (b + 1), begins with 0, ends with T, increasing

    std::size_t sequences() const noexcept { return offsets.empty() ? 0 : offsets.size() - 1; }
    std::size_t tokens() const noexcept { return ids.size(); }
};

/// What a forward pass gives back.
struct Taps {
    at::Tensor taps;    ///< float32 (L, b, d): the asked layers at the pivot, before a final norm
    at::Tensor output;  ///< float32 (b, d): final_state() at the pivot, before any head
};

/// A frozen model.  Every member function is const and may be called from several threads at once;
/// each call uses the calling thread alone when that thread has `at::set_num_threads(1)`, which is
/// the caller's business.  The same batch gives the same bits; a sequence's result depends on its
/// batch mates by rounding at most.
class Backbone {
  public:
    virtual ~Backbone();
    Backbone(const Backbone&) = delete;
    Backbone& operator=(const Backbone&) = delete;

    /// Computes the taps of a batch.
    ///
    /// \param layers  increasing, each in 0..N; 0 is the output of the embedding stage.
    /// \param pivot   First, Last, Mean (over the sequence's tokens), or Auto: the folder's own.
    /// \throws DataError  when a token id is outside the vocabulary or a sequence is longer than
    ///                    `info().max_tokens`.
    /// Cost: done_flop() of flops.hpp; about 8 KB of memory a token at d = 768 in bf16, kept for
    /// reuse.
    virtual Taps forward(const PackedBatch& batch,
                         std::span<const std::int32_t> layers,
                         Pivot pivot) const = 0;

    /// Every layer's raw output at every token, float32 (T, d) each, layers 0..N.  For `verify`,
    /// generation and tests: much memory, no shortcut.
    virtual std::vector<at::Tensor> hidden_states(const PackedBatch& batch) const = 0;

    /// The final norm of raw outputs of the last layer; themselves where there is none.
    /// \param states  float32 (rows, d).
    virtual at::Tensor final_state(const at::Tensor& states) const = 0;

    const BackboneInfo& info() const noexcept { return info_; }

  protected:
    explicit Backbone(BackboneInfo info) : info_(std::move(info)) {}

  private:
    BackboneInfo info_;
};

/// Loads a backbone: prepares its weights once (see prepared_weights.hpp) and maps them read-only.
///
/// \param arithmetic  Fp32 or Bf16: the host's arithmetic, `forward.dtype`.
/// \param cache       folder of prepared files, made when absent; empty: prepare in memory.
/// \param seed        of the weights when `parameters.weights` is Random.
/// \throws DataError  as ModelFolder does, and when weights are missing or malformed.
std::unique_ptr<Backbone> load_backbone(const BackboneParameters& parameters,
                                        Precision arithmetic,
                                        const std::filesystem::path& cache,
                                        std::uint64_t seed = 1);

}  // namespace mobi
