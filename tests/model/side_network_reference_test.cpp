// SPDX-License-Identifier: Apache-2.0
//
// Steps 2 to 7 of the reference side_tuning_centralised: the side network, its losses, its
// gradients and its optimiser against an independent implementation.
#include <cctype>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <torch/torch.h>

#include "model/loss.hpp"
#include "model/safetensors.hpp"
#include "model/side_network.hpp"
#include "model/side_optimizer.hpp"
#include "support/shared_data.hpp"

namespace mobi::test {
namespace {

constexpr const char* kCase = "vectors/algorithms/side_tuning_centralised";

/// Every run of digits as `*`, the way the case's tolerances are keyed.
std::string pattern(const std::string& name) {
    std::string result;
    for (const char letter : name) {
        const bool digit = std::isdigit(static_cast<unsigned char>(letter)) != 0;
        if (digit && !result.empty() && result.back() == '*') continue;
        result += digit ? '*' : letter;
    }
    return result;
}

class SideTuningReferenceTest : public ::testing::Test {
  protected:
    struct Packet {
        std::int32_t source = 0;
        std::vector<std::int64_t> ids;
        at::Tensor taps, residual, labels;
    };

    void SetUp() override {
        MOBI_NEEDS_SHARED(kCase);
        at::set_num_threads(1);
        file.emplace(shared_path(kCase) / "reference.safetensors");
        std::ifstream stream(shared_path(kCase) / "case.json");
        tolerances = nlohmann::json::parse(stream).at("tolerances");
        packets = load_packets("taps");
    }

    at::Tensor tensor(const std::string& name) const { return file->tensor(name).clone(); }

    /// \param taps  `taps`, `int8` for the decoded ones, or `embedding` for layer 0 and the taps.
    std::vector<Packet> load_packets(const std::string& taps) const {
        std::vector<Packet> list;
        for (int i = 0; i < 4; ++i) {
            const std::string stage = "packet" + std::to_string(i) + "/";
            Packet packet;
            packet.source = i % 2;
            const at::Tensor ids = tensor(stage + "sample_ids");
            packet.ids.assign(ids.data_ptr<std::int64_t>(),
                              ids.data_ptr<std::int64_t>() + ids.numel());
            packet.taps = tensor(stage + "taps");
            if (taps == "int8")
                packet.taps = tensor(stage + "int8_codes").to(torch::kFloat32) *
                              tensor(stage + "int8_scale").unsqueeze(2);
            if (taps == "embedding")
                packet.taps =
                    torch::cat({tensor(stage + "all_layers").narrow(0, 0, 1), packet.taps});
            packet.residual = tensor(stage + "residual");
            packet.labels = tensor(stage + "labels");
            list.push_back(std::move(packet));
        }
        return list;
    }

    static SideNetwork network(bool embedding = false) {
        SideShape shape;
        shape.sources = {{"a", 24}, {"b", 40}};
        shape.blocks = 4;
        shape.embedding = embedding;
        shape.width = 40;
        shape.classes = 3;
        SideParameters side;
        side.bottleneck = 8;
        if (embedding) side.activation = SideActivation::Gelu;
        return {shape, side, {}, 1};
    }

    void load(SideNetwork& side, const std::string& stage) const {
        for (const auto& [name, value] : side.parameters())
            if (file->contains(stage + "/" + name)) side.set(name, tensor(stage + "/" + name));
    }

    struct Batch {
        std::vector<SideInput> parts;
        at::Tensor residual, labels;
    };

    /// The samples of step `t`, grouped by type and then by id.
    Batch batch(int t, const std::vector<Packet>& from) const {
        const at::Tensor ids = tensor("steps/" + std::to_string(t));
        Batch result;
        std::vector<at::Tensor> residual, labels;
        for (std::int32_t source = 0; source < 2; ++source) {
            std::vector<at::Tensor> taps;
            for (std::int64_t i = 0; i < ids.numel(); ++i)
                for (const Packet& packet : from)
                    for (std::size_t row = 0; row < packet.ids.size(); ++row)
                        if (packet.source == source &&
                            packet.ids[row] == ids.data_ptr<std::int64_t>()[i]) {
                            const auto at = static_cast<std::int64_t>(row);
                            taps.push_back(packet.taps.select(1, at));
                            residual.push_back(packet.residual[at]);
                            labels.push_back(packet.labels[at]);
                        }
            if (!taps.empty()) result.parts.push_back({source, torch::stack(taps, 1)});
        }
        result.residual = torch::stack(residual);
        result.labels = torch::stack(labels);
        return result;
    }

    void expect_near(const at::Tensor& got, const std::string& name) const {
        std::string key = pattern(name);
        if (!tolerances.contains(key)) key = pattern(name.substr(0, name.rfind('/')));
        ASSERT_TRUE(tolerances.contains(key)) << name;
        const auto tolerance = tolerances.at(key).at("tolerance").get<double>();
        const at::Tensor expected = tensor(name).to(torch::kFloat64);
        const double error = (got.detach().to(torch::kFloat64).reshape(expected.sizes()) - expected)
                                 .abs()
                                 .max()
                                 .item<double>();
        EXPECT_LE(error, tolerance) << name;
    }

    void expect_weights(const SideNetwork& side, const std::string& stage) const {
        for (const auto& [name, value] : side.parameters()) expect_near(value, stage + "/" + name);
    }

    /// Gradients of one loss, undefined where a type is absent.
    static std::map<std::string, at::Tensor> gradients(SideNetwork& side, const at::Tensor& loss) {
        for (const auto& [name, value] : side.parameters()) value.mutable_grad() = at::Tensor();
        loss.backward();
        std::map<std::string, at::Tensor> result;
        for (const auto& [name, value] : side.parameters())
            if (value.grad().defined()) result[name] = value.grad().clone();
        return result;
    }

    void run_plan(const std::string& plan, const std::vector<Packet>& from, bool every_step) {
        SideNetwork side = network();
        OptimizerParameters parameters;
        load(side, plan == "default" ? "default_start" : "dense_start");
        if (plan != "default") {
            parameters.weight_decay = 0.1;
            parameters.clip = 0;
            parameters.warmup = 0;
            parameters.schedule = Schedule::Constant;
        }
        SideOptimizer optimizer(side, parameters, 6);
        const at::Tensor losses = tensor(plan + "/loss");
        std::vector<double> got_losses, got_norms;
        for (int t = 1; t <= 6; ++t) {
            const Batch now = batch(t, from);
            const auto loss_of = [&] {
                return side_loss(LossKind::MseResidual, side.forward(now.parts), now.residual,
                                 now.labels);
            };
            const std::string stage = plan + "/gradient" + std::to_string(t);
            if (file->contains(stage + "/W_o"))
                for (const auto& [name, gradient] : gradients(side, loss_of()))
                    expect_near(gradient, stage + "/" + name);
            const at::Tensor loss = loss_of();
            got_losses.push_back(loss.item<double>());
            got_norms.push_back(optimizer.step(loss, t - 1).gradient_norm);
            if (every_step && t < 6) expect_weights(side, plan + "/step" + std::to_string(t));
        }
        expect_near(torch::tensor(got_losses, torch::kFloat64), plan + "/loss");
        expect_near(torch::tensor(got_norms, torch::kFloat64), plan + "/gradient_norm");
        expect_weights(side, plan + "/final");
        const torch::NoGradGuard no_grad;
        for (std::size_t i = 0; i < from.size(); ++i) {
            const SideInput part{from[i].source, from[i].taps};
            expect_near(side.forward(std::span(&part, 1)),
                        plan + "/packet" + std::to_string(i) + "/f_s");
        }
    }

    std::optional<SafetensorsFile> file;
    nlohmann::json tolerances;
    std::vector<Packet> packets;
};

TEST_F(SideTuningReferenceTest, HasTheParametersOfTheFormula) {
    const SideNetwork side = network();
    std::int64_t count = 0;
    for (const auto& [name, value] : side.parameters()) count += value.numel();
    EXPECT_EQ(count, 13839);
}

TEST_F(SideTuningReferenceTest, LossKindsAndTheirGradients) {
    SideNetwork side = network();
    load(side, "dense_start");
    const Batch now = batch(5, packets);
    const at::Tensor output = side.forward(now.parts).detach();
    expect_near(output, "loss_kinds/f_s");
    const std::map<std::string, LossKind> kinds{{"mse_residual", LossKind::MseResidual},
                                                {"huber_residual", LossKind::HuberResidual},
                                                {"ce_with_label", LossKind::CeWithLabel}};
    for (const auto& [name, kind] : kinds) {
        const at::Tensor input = output.clone().requires_grad_(true);
        const at::Tensor loss = side_loss(kind, input, now.residual, now.labels);
        loss.backward();
        expect_near(loss, "loss_kinds/" + name + "/loss");
        expect_near(input.grad(), "loss_kinds/" + name + "/gradient");
    }
}

TEST_F(SideTuningReferenceTest, DensePlanStepByStep) {
    run_plan("dense", packets, true);
}

TEST_F(SideTuningReferenceTest, DefaultPlanWithScheduleAndClipping) {
    run_plan("default", packets, true);
}

TEST_F(SideTuningReferenceTest, QuantisedPlan) {
    run_plan("quantised", load_packets("int8"), false);
}

TEST_F(SideTuningReferenceTest, EmbeddingTapAndGelu) {
    SideNetwork side = network(true);
    load(side, "dense_start");
    const Batch now = batch(5, load_packets("embedding"));
    const at::Tensor loss =
        side_loss(LossKind::MseResidual, side.forward(now.parts), now.residual, now.labels);
    expect_near(loss, "embedding/loss");
    for (const auto& [name, gradient] : gradients(side, loss))
        expect_near(gradient, "embedding/gradient/" + name);
}

}  // namespace
}  // namespace mobi::test
