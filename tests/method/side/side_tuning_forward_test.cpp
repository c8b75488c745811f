// SPDX-License-Identifier: Apache-2.0
// Step 1 of the reference side_tuning_centralised, and of every other case of its form: from token
// ids to taps, backbone output and residual.
#include <numeric>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "method/side/side_tuning_case.hpp"
#include "model/backbone.hpp"
#include "model/model_support.hpp"
#include "support/shared_data.hpp"
#include "weights/safetensors.hpp"

namespace mobi {
namespace {

class SideTuningForwardTest : public ::testing::TestWithParam<std::string> {};

PackedBatch without_padding(const at::Tensor& ids, const at::Tensor& mask) {
    PackedBatch batch;
    batch.offsets.push_back(0);
    for (std::int64_t row = 0; row < ids.size(0); ++row) {
        for (std::int64_t column = 0; column < ids.size(1); ++column)
            if (mask[row][column].item<std::int64_t>() == 1)
                batch.ids.push_back(
                    static_cast<std::int32_t>(ids[row][column].item<std::int64_t>()));
        batch.offsets.push_back(static_cast<std::int32_t>(batch.ids.size()));
    }
    return batch;
}

double relative_error(const at::Tensor& x, const at::Tensor& reference) {
    return ((x - reference).abs().max() / reference.abs().max()).item<double>();
}

TEST_P(SideTuningForwardTest, TapsAndResidualsAreThoseOfTheReference) {
    MOBI_NEEDS_SHARED(GetParam());
    test::use_one_thread();
    const SafetensorsFile file(test::shared_path(GetParam()) / "reference.safetensors");
    const test::Json settings = test::read_case(GetParam()).at("settings");
    for (std::size_t i = 0; i < settings.at("packets").size(); ++i) {
        const std::string kind = settings.at("packets")[i].at("backbone");
        const std::string stage = "packet" + std::to_string(i) + "/";
        BackboneParameters parameters;
        parameters.path = (test::shared_path(GetParam()) / ("backbone_" + kind)).string();
        parameters.weight_dtype = Precision::Fp32;
        const auto backbone = load_backbone(parameters, Precision::Fp32, "");
        const PackedBatch batch = without_padding(file.tensor(stage + "input_ids"),
                                                  file.tensor(stage + "attention_mask"));
        std::vector<std::int32_t> all(static_cast<std::size_t>(backbone->info().size.layers) + 1);
        std::iota(all.begin(), all.end(), 0);
        const Taps every = backbone->forward(batch, all, Pivot::Auto);
        EXPECT_LT(relative_error(every.taps, file.tensor(stage + "all_layers")), 1e-5) << stage;
        const auto layers = settings.at("layers").at(kind).get<std::vector<std::int32_t>>();
        const Taps taps = backbone->forward(batch, layers, Pivot::Auto);
        EXPECT_LT(relative_error(taps.taps, file.tensor(stage + "taps")), 1e-5) << stage;
        const at::Tensor o = at::softmax(at::linear(taps.output, file.tensor("head/" + kind)), 1);
        EXPECT_LT(relative_error(o, file.tensor(stage + "o")), 1e-5) << stage;
        const at::Tensor labels = file.tensor(stage + "labels");
        const at::Tensor residual = o.clone();
        for (std::int64_t row = 0; row < labels.size(0); ++row)
            residual[row][labels[row].item<std::int64_t>()] -= 1;
        EXPECT_LT(relative_error(residual, file.tensor(stage + "residual")), 1e-5) << stage;
    }
}

INSTANTIATE_TEST_SUITE_P(Cases,
                         SideTuningForwardTest,
                         ::testing::ValuesIn(test::reference_cases(test::is_side_tuning_case)),
                         [](const auto& test) { return test::case_name(test); });

}  // namespace
}  // namespace mobi
