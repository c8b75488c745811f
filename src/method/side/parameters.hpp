// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace mobi {

enum class SideActivation { Relu, Gelu };
enum class SideGate { Learned, Fixed, None };

/// Section `[side]` (docs/method.md 1.4).
struct SideParameters {
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

}  // namespace mobi
