// SPDX-License-Identifier: Apache-2.0
#include "method/side/update_launches.hpp"

#include "core/check.hpp"

namespace mobi {
namespace {

constexpr std::int64_t kOneHot = 6;  // zeros, range of the labels (two found, two fetched), ones
constexpr std::int64_t kMix = 6;     // λ x, 1 - λ (two), the other rows, their product, the sum
constexpr std::int64_t kAdamW = 8;   // two a moment; root, scale, eps; the step
constexpr std::int64_t kLinearBackward = 3;  // of input, weight and bias

/// Where gradients go (SideNetwork::forward).
class Ladder {
  public:
    Ladder(const SideShape& shape, const SideSettings& settings, std::int64_t parts)
        : shape_(shape), settings_(settings), parts_(parts) {}

    std::int64_t forward() const {
        const std::int64_t aligned =
            shape_.taps() * ((shape_.projected ? parts_ : 0) + (parts_ > 1 ? 1 : 0));
        std::int64_t blocks = 0;
        for (std::int32_t b = 1; b <= shape_.blocks; ++b) {
            blocks += 5;                                  // norm, down, activation, up, sum
            if (learned()) blocks += 2;                   // α / T, its sigmoid
            if (gate() == SideGate::Fixed) blocks += 1;   // one half
            if (gated()) blocks += 3;                     // 1 - μ (two), its product with z
            if (has_state(b)) blocks += gated() ? 2 : 1;  // μ s, the sum
        }
        return aligned + blocks + 2;  // last norm, head
    }

    std::int64_t backward() const {
        std::int64_t launches = kLinearBackward + 1;  // head, last norm
        for (std::int32_t b = 1; b <= shape_.blocks; ++b) launches += block_backward(b);
        if (!shape_.projected) return launches;
        const std::int64_t uses = 2 * parts_ * shape_.taps();  // of weight and bias
        launches += uses;
        // Where all layers share a projection, what each gives is summed.
        if (settings_.align.projection == ProjectionScope::Type) launches += uses - 2 * parts_;
        return launches;
    }

    /// That have a gradient.
    std::int64_t tensors() const {
        const std::int64_t affine = settings_.side.ln_affine ? 2 : 0;
        const std::int64_t shared = shape_.blocks * (4 + affine + (learned() ? 1 : 0)) + affine + 2;
        if (!shape_.projected) return shared;
        const bool one = settings_.align.projection == ProjectionScope::Type;
        return shared + 2 * parts_ * (one ? 1 : shape_.taps());
    }

    bool learned() const { return gate() == SideGate::Learned; }

  private:
    SideGate gate() const { return settings_.side.gate; }
    bool gated() const { return gate() != SideGate::None; }
    bool has_state(std::int32_t b) const { return b > 1 || shape_.embedding; }
    bool state_learns(std::int32_t b) const {
        return b > 1 || (shape_.embedding && shape_.projected);
    }

    std::int64_t block_backward(std::int32_t b) const {
        const bool mix_learns = learned() || shape_.projected || state_learns(b);  // u_b
        std::int64_t launches = kLinearBackward + 1 + kLinearBackward + 1;         // up to the norm
        if (mix_learns)
            launches += 1;  // u_b is used twice
        else if (!settings_.side.ln_affine)
            launches -= 2;  // nothing below the down map learns: neither its input nor the norm
        if (learned()) {
            launches += 5;  // product and sum for 1 - μ, its sign, sigmoid, 1 / T
            if (has_state(b)) launches += 3;  // product and sum for μ, both ways to μ
        }
        if (gated() && state_learns(b)) ++launches;   // μ times the gradient
        if (gated() && shape_.projected) ++launches;  // 1 - μ times it
        return launches;
    }

    const SideShape& shape_;
    const SideSettings& settings_;
    std::int64_t parts_;
};

struct LossLaunches {
    std::int64_t forward = 0;
    std::int64_t backward = 0;
};

LossLaunches loss_launches(const SideSettings& settings) {
    const bool mixed = settings.server.mixup > 0;
    switch (settings.loss.kind) {
        case LossKind::MseResidual:
            return {5, 6};
        case LossKind::HuberResidual:
            return {5, 3};
        case LossKind::CeResidual:
        case LossKind::CeWithLabel:
            // f_s + Δy + y and the cross-entropy, of shares or of classes
            return mixed ? LossLaunches{7, 4} : LossLaunches{5 + kOneHot, 2};
    }
    throw Bug("unknown loss kind");
}

}  // namespace

UpdateLaunches update_launches(const SideShape& shape,
                               const SideSettings& settings,
                               std::int64_t parts) {
    MOBI_CHECK(parts >= 1, "an update of no sample");
    const Ladder ladder(shape, settings, parts);
    const LossLaunches loss = loss_launches(settings);
    const bool classes = is_cross_entropy(settings.loss.kind);
    UpdateLaunches launches;
    if (settings.server.mixup > 0)
        launches.mixup =
            parts * (kMix + 1) + kMix + (classes ? kOneHot + 1 + kMix : 0);  // taps, Δy, labels
    launches.forward = ladder.forward();
    launches.loss = loss.forward;
    if (settings.loss.kind == LossKind::CeResidual) launches.loss += 1;  // the label from Δy
    if (adjusts_logits(settings)) launches.loss += 2;                    // its rows, their sum
    launches.backward = 1 + loss.backward + ladder.backward();           // 1: dL/dL
    launches.norm = 2 * ladder.tensors();                                // found and fetched
    launches.clip = settings.optimizer.clip > 0 ? ladder.tensors() : 0;
    launches.optimizer =
        (kAdamW + (settings.optimizer.weight_decay > 0 ? 1 : 0)) * ladder.tensors();
    launches.readout = 2 + (ladder.learned() ? 3 * shape.blocks : 0);
    return launches;
}

}  // namespace mobi
