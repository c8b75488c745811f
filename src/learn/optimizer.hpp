// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include "core/archive.hpp"
#include "learn/parameters.hpp"
#include "weights/named_tensors.hpp"

namespace mobi {

/// Factor on the learning rate at update t of T: min((t + 1) / w, (T - t) / (T - w)) with
/// w = max(1, ceil(warmup · T)) (docs/method.md 1.6); the first part alone for a constant schedule.
/// \param t  from 0.
double schedule_factor(const OptimizerParameters& parameters, std::int64_t t, std::int64_t total);

/// AdamW on named tensors: β 0.9, 0.999, eps 1e-8, decoupled decay on all of them.
///
/// A tensor without a gradient (the side network's projections of a type that is absent from the
/// batch) is not touched: no decay, no moments, no step count.  The clip norm is over the tensors
/// that have one.
class Optimizer {
  public:
    /// \param tensors  changed in place.
    /// \param total    T, the planned number of updates.
    Optimizer(NamedTensors tensors, const OptimizerParameters& parameters, std::int64_t total);
    ~Optimizer();
    Optimizer(const Optimizer&) = delete;
    Optimizer& operator=(const Optimizer&) = delete;

    struct Step {
        double gradient_norm = 0;  ///< before clipping
        double learning_rate = 0;
        bool skipped = false;  ///< nothing was changed
    };

    /// Back-propagates `loss`, clips, and takes update `t` (from 0).
    /// \throws NumericError  when loss or gradient is not finite and such steps are not skipped.
    Step step(const at::Tensor& loss, std::int64_t t);

    /// The moments and step counts; the tensors themselves are the caller's.
    void archive(Archive& archive);

  private:
    struct State;
    std::unique_ptr<State> state_;
    NamedTensors tensors_;
    OptimizerParameters parameters_;
    std::int64_t total_;
};

}  // namespace mobi
