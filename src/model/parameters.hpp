// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "core/precision.hpp"

namespace mobi {

enum class WeightSource { Folder, Random };

/// A section `[backbone.<name>]`.
struct BackboneParameters {
    std::string name;
    std::string path;  ///< Hugging Face folder
    int layers = 0;    ///< keep the first n blocks; 0 = all
    WeightSource weights = WeightSource::Folder;
    Precision weight_dtype = Precision::Fp16;  ///< of the device: rounded to it, charged with it
    bool resident_embedding = true;  ///< whether the device keeps the embedding table in memory
};

/// Section `[forward]`: how the host computes forward passes.
struct ForwardParameters {
    Precision dtype = Precision::Bf16;  ///< fp32 or bf16
    int group_devices = 8;
    int batch_tokens = 2048;
    double window_bytes = 256.0 * 1024 * 1024;
};

enum class ResidualOutput { Softmax, Logits, Zero };
enum class ResidualHeadKind { FrozenRandom, LmVerbalizer, Folder, None };

/// Section `[residual]` (docs/method.md 1.3).
struct ResidualParameters {
    ResidualOutput output = ResidualOutput::Softmax;
    ResidualHeadKind head = ResidualHeadKind::FrozenRandom;
    std::string verbalizer;  ///< a word for each class, cut at commas; empty: the classes' names
};

enum class SideArch { AdapterLadder };
enum class SideActivation { Relu, Gelu };
enum class SideGate { Learned, Fixed, None };

/// Section `[side]` (docs/method.md 1.4).
struct SideParameters {
    SideArch arch = SideArch::AdapterLadder;
    int width = 0;  ///< 0 = auto: median of the backbones' widths
    int bottleneck = 64;
    SideActivation activation = SideActivation::Relu;
    SideGate gate = SideGate::Learned;
    double gate_temperature = 0.1;
    bool ln_affine = true;
    bool zero_init = true;
};

enum class ProjectionScope { TypeLayer, Type, DeviceLayer };
enum class ProjectionStart { Uniform, Identity };

/// Section `[align]` (docs/method.md 1.4).
struct AlignParameters {
    ProjectionScope projection = ProjectionScope::TypeLayer;
    bool identity = true;  ///< no projection for a single type with d = m
    ProjectionStart start = ProjectionStart::Uniform;
};

enum class LossKind { MseResidual, HuberResidual, CeResidual, CeWithLabel };
enum class LogitAdjustment { None, Type };

/// Section `[loss]` (docs/method.md 1.5).
struct LossParameters {
    LossKind kind = LossKind::MseResidual;
    LogitAdjustment logit_adjustment = LogitAdjustment::None;  ///< of cross-entropies
};

/// Whether a loss has logits, so that class labels and a logit adjustment take part in it.
constexpr bool is_cross_entropy(LossKind kind) noexcept {
    return kind == LossKind::CeResidual || kind == LossKind::CeWithLabel;
}

enum class OptimizerKind { AdamW };
enum class Schedule { Linear, Constant };

/// Section `[optimizer]` (docs/method.md 1.6).
struct OptimizerParameters {
    OptimizerKind kind = OptimizerKind::AdamW;
    double lr = 1e-3;
    Schedule schedule = Schedule::Linear;
    double warmup = 0.06;  ///< share of the T updates
    double clip = 1.0;     ///< joint norm; 0 = off
    double weight_decay = 0.01;
};

}  // namespace mobi
