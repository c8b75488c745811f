// SPDX-License-Identifier: Apache-2.0
#include "method/side/mixup.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <vector>

#include <torch/torch.h>

namespace mobi {
namespace {

/// The larger of λ and 1 - λ, λ ~ Beta(a, a) = G / (G + G') of two Gamma(a) draws.
double larger_share(RandomStream& stream, double a) {
    const double one = stream.log_gamma_draw(a);
    const double other = stream.log_gamma_draw(a);
    return 1 / (1 + std::exp(-std::abs(one - other)));
}

/// Which row each row of a part is mixed with, and its own share.
struct Mix {
    at::Tensor partner;  // int64 (b)
    at::Tensor share;    // float (b, 1)

    /// \param rows  (..., b, columns).
    at::Tensor of(const at::Tensor& rows) const {
        return share * rows + (1 - share) * rows.index_select(rows.dim() - 2, partner);
    }
};

/// \param first  place of the part's first row in the batch.
void draw_part(Mix& mix, std::int64_t first, std::int64_t rows, double a, RandomStream& stream) {
    std::int64_t* const partner = mix.partner.data_ptr<std::int64_t>() + first;
    float* const share = mix.share.data_ptr<float>() + first;
    std::iota(partner, partner + rows, first);
    std::fill(share, share + rows, 1.0F);
    if (rows == 1) return;
    stream.shuffle(std::span(partner, static_cast<std::size_t>(rows)));
    for (std::int64_t i = 0; i < rows; ++i) share[i] = static_cast<float>(larger_share(stream, a));
}

}  // namespace

Mixture mix_samples(TrainingBatch& batch, double a, RandomStream& stream) {
    const std::int64_t total = batch.residual.size(0);
    Mix whole{torch::empty({total}, torch::kInt64), torch::empty({total, 1}, torch::kFloat32)};
    std::int64_t first = 0;
    for (SideInput& part : batch.parts) {
        const std::int64_t rows = part.taps.size(1);
        draw_part(whole, first, rows, a, stream);
        const Mix own{whole.partner.narrow(0, first, rows) - first,
                      whole.share.narrow(0, first, rows)};
        part.taps = own.of(part.taps);
        first += rows;
    }
    if (batch.labels.defined()) {
        const at::Tensor truth = torch::one_hot(batch.labels, batch.residual.size(1));
        batch.labels = whole.of(truth.to(torch::kFloat32));
    }
    batch.residual = whole.of(batch.residual);
    const std::int64_t* const partner = whole.partner.data_ptr<std::int64_t>();
    const float* const share = whole.share.data_ptr<float>();
    return {{partner, partner + total}, {share, share + total}};
}

}  // namespace mobi
