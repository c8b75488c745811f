// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include <ATen/core/Tensor.h>

#include "architecture/model_folder.hpp"
#include "model/parameters.hpp"

namespace mobi {

/// The frozen head that turns a backbone's final state into its output o (docs/method.md 1.3).
class ResidualHead {
  public:
    virtual ~ResidualHead() = default;
    ResidualHead(const ResidualHead&) = delete;
    ResidualHead& operator=(const ResidualHead&) = delete;

    /// \param state  float32 (b, d), the final state at the pivot.
    /// \return       o, float32 (b, C): softmax of the logits, or they themselves for `output =
    ///               logits` and for one output (regression), because a softmax of one number is 1;
    ///               zeros for `output = zero` or `head = none`.
    at::Tensor output(const at::Tensor& state) const;

  protected:
    ResidualHead(const ResidualParameters& parameters, std::int32_t classes)
        : parameters_(parameters), classes_(classes) {}

  private:
    /// (b, C)
    virtual at::Tensor logits(const at::Tensor& state) const = 0;

    ResidualParameters parameters_;
    std::int32_t classes_;
};

/// `head = frozen_random`: linear without bias, (C, d), uniform in ±1/sqrt(d), drawn from the run's
/// seed and the backbone's name.
std::unique_ptr<ResidualHead> make_random_head(const ResidualParameters& parameters,
                                               std::int32_t width,
                                               std::int32_t classes,
                                               std::string_view backbone,
                                               std::uint64_t seed);

/// `head = lm_verbalizer`: the language model's logits of one word a class.  `head = folder`: the
/// folder's own classifier.
/// \param words  the classes' token ids, for the verbalizer.
/// \param seed   of random weights.
/// \throws ConfigError  when the folder holds no such head, or one of another number of classes.
std::unique_ptr<ResidualHead> make_folder_head(const ResidualParameters& parameters,
                                               const ModelFolder& folder,
                                               std::int32_t classes,
                                               std::span<const std::int32_t> words,
                                               std::uint64_t seed);

}  // namespace mobi
