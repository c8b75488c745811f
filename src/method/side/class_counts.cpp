// SPDX-License-Identifier: Apache-2.0
#include "method/side/class_counts.hpp"

#include <cmath>

#include <torch/torch.h>

#include "core/check.hpp"

namespace mobi {
namespace {

constexpr double kFloor = 1e-6;  // keeps a class that nobody has out of the logarithm

}  // namespace

ClassCounts::ClassCounts(std::int32_t backbones, std::int32_t classes)
    : backbones_(backbones),
      classes_(classes),
      counts_(static_cast<std::size_t>(backbones) * static_cast<std::size_t>(classes), 0) {}

void ClassCounts::add(std::int32_t backbone, std::int32_t label) {
    MOBI_CHECK(backbone >= 0 && backbone < backbones_ && label >= 0 && label < classes_,
               "class {} of backbone {}", label, backbone);
    ++counts_[static_cast<std::size_t>(backbone * classes_ + label)];
    adjustment_ = at::Tensor();
}

const at::Tensor& ClassCounts::adjustment() {
    if (adjustment_.defined()) return adjustment_;
    const auto classes = static_cast<std::size_t>(classes_);
    std::vector<double> all(classes, 0);  // Σ_k n_kc
    double total = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
        all[i % classes] += static_cast<double>(counts_[i]);
        total += static_cast<double>(counts_[i]);
    }
    adjustment_ = torch::zeros({backbones_, classes_}, torch::kFloat32);
    if (total == 0) return adjustment_;
    float* const values = adjustment_.data_ptr<float>();
    for (std::size_t first = 0; first < counts_.size(); first += classes) {
        double own = 0;  // N_k
        for (std::size_t c = 0; c < classes; ++c) own += static_cast<double>(counts_[first + c]);
        for (std::size_t c = 0; c < classes; ++c) {
            const double share = all[c] / total;
            const double smoothed =
                (static_cast<double>(counts_[first + c]) + classes_ * share) / (own + classes_);
            values[first + c] =
                static_cast<float>(std::log((smoothed + kFloor) / (share + kFloor)));
        }
    }
    return adjustment_;
}

}  // namespace mobi
