// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace mobi {

enum class Schedule { Linear, Constant };
/// What becomes of a step whose loss or gradient is not finite.
enum class OnNan { Stop, Skip };

/// How a step is computed: tensor by tensor, or with calls that take the list of all tensors, which
/// a GPU carries out in a launch or a few each (`foreach`, the default of torch.optim since 2.0).
/// The same operations in the same order; no key, for comparison alone.
enum class OptimizerCalls { PerTensor, Foreach };

/// Section `[optimizer]` (docs/method.md 1.6).
struct OptimizerParameters {
    double lr = 1e-3;
    Schedule schedule = Schedule::Linear;
    double warmup = 0.06;  ///< share of the T updates
    double clip = 1.0;     ///< joint norm; 0 = off
    double weight_decay = 0.01;
    OnNan on_nan = OnNan::Stop;  ///< `train.on_nan`
    OptimizerCalls calls = OptimizerCalls::PerTensor;
};

}  // namespace mobi
