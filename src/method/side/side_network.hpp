// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "method/side/parameters.hpp"
#include "weights/named_tensors.hpp"

namespace mobi {

/// What a side network is built for.  B, m, r, C: docs/method.md 0.
struct SideShape {
    /// One set of projections: a backbone type, or a device with `align.projection = device_layer`.
    struct Source {
        std::string name;        ///< κ in the tensors' names
        std::int32_t width = 0;  ///< d
    };
    std::vector<Source> sources;
    std::int32_t blocks = 0;   ///< B, tapped layers without the embedding
    bool embedding = false;    ///< layer 0 is tapped too: s_0 = z_0 instead of 0
    std::int32_t width = 0;    ///< m
    std::int32_t classes = 0;  ///< C
    bool projected = true;     ///< false: every d = m and the taps are used as they are

    std::int32_t taps() const noexcept { return blocks + (embedding ? 1 : 0); }
};

/// m of `side.width = auto`: the median of the types' widths, the larger middle one for an even
/// number of types; duplicates kept (docs/method.md 1.4).  \pre not empty
std::int32_t auto_side_width(std::vector<std::int32_t> widths);

/// Parameters of θ alone: B(2mr + r + m + 1) + Cm + C + 2m(B + 1) for the defaults
/// (docs/method.md 1.4).
std::int64_t shared_parameters(const SideShape& shape, const SideParameters& side);

/// Parameters of the projections of one source: taps · (m d + m), one (P, c) only for
/// `align.projection = type`, 0 without projections.
std::int64_t projection_parameters(const SideShape& shape,
                                   std::int32_t source,
                                   const AlignParameters& align);

/// FLOPs of one sample in one update: forward and backward through θ, and the gradient of the
/// projection's weights; `6(2Bmr + Cm) + 4Bmd` (docs/method.md 1.8).
double side_update_flop(const SideShape& shape, const SideParameters& side, std::int32_t source);

/// A part of a batch whose samples share their projections.
struct SideInput {
    std::int32_t source = 0;  ///< index into SideShape::sources
    at::Tensor taps;          ///< float (taps, b, d)
};

/// The shared side network of Fed MobiLLM and the projections that align the backbones with it.
///
///     z_b = P_{κ,b} h_b + c_{κ,b}
///     u_b = μ_b s_{b-1} + (1 - μ_b) z_b,   μ_b = sigmoid(α_b / T)
///     s_b = u_b + W_up,b φ(W_dn,b LN(u_b) + b_dn,b) + b_up,b
///     f_s = W_o LN(s_B) + b_o
///
/// Source: arXiv 2508.06765 as reconstructed in docs/method.md 1.4, which says what the paper
/// leaves open and the keys (`side.*`, `align.*`) that decide it.
///
/// P starts uniform in ±1/sqrt(d), or, with `align.start = identity` and d = m, as a multiple of
/// the identity: taps of the side width need no alignment to begin with (ours; identity starts: Le
/// et al., "A simple way to initialize recurrent networks of rectified linear units", arXiv
/// 1504.00941).
///
/// Tensors are named `P.<κ>.<b>`, `c.<κ>.<b>`, `alpha.<b>`, `LN.<b>.weight`, `W_dn.<b>`, ...,
/// `LN.o.weight`, `W_o`, `b_o`; b counts from 1, and 0 is the embedding's projection.
/// Copies share their tensors.  Not thread-safe while an optimiser changes the parameters.
class SideNetwork {
  public:
    /// \param seed  each tensor's start is drawn from (seed, its name): it does not depend on which
    ///              other tensors exist.
    SideNetwork(SideShape shape,
                const SideParameters& side,
                const AlignParameters& align,
                std::uint64_t seed);

    /// \param parts  not empty; every sample passes its own source's projection, the rest is
    /// shared. \return       f_s, (Σ b, C), rows in the order of the parts.
    at::Tensor forward(std::span<const SideInput> parts) const;

    /// Every parameter, in a fixed order: θ first, then the projections source by source.
    const NamedTensors& parameters() const noexcept { return parameters_; }

    /// Overwrites the parameter `name` with `value`.  \throws Bug for an unknown name or shape.
    void set(const std::string& name, const at::Tensor& value);

    /// μ_1 ... μ_B as they are now; empty without gates.
    std::vector<float> gates() const;

    const SideShape& shape() const noexcept { return shape_; }

  private:
    const at::Tensor& get(const std::string& name) const;
    void add(const std::string& name, std::vector<std::int64_t> shape, double bound, double fill);
    void add_norm(const std::string& name);
    std::string projection_name(const std::string& letter,
                                std::int32_t source,
                                std::int32_t tap) const;
    at::Tensor align_tap(std::span<const SideInput> parts, std::int32_t tap) const;
    at::Tensor norm(const at::Tensor& x, const std::string& name) const;
    at::Tensor gate(std::int32_t block) const;

    SideShape shape_;
    SideParameters side_;
    AlignParameters align_;
    std::uint64_t seed_;
    NamedTensors parameters_;
    std::map<std::string, std::size_t> index_;
};

}  // namespace mobi
