// SPDX-License-Identifier: Apache-2.0
//
// Steps 2 to 7 of the reference side_tuning_centralised, and of every other case of its form: the
// side network, its losses, its gradients and its optimiser against an independent implementation.
// Sizes and settings are those of case.json.
#include <algorithm>
#include <cctype>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "learn/optimizer.hpp"
#include "method/side/loss.hpp"
#include "method/side/side_network.hpp"
#include "method/side/side_tuning_case.hpp"
#include "support/shared_data.hpp"
#include "weights/safetensors.hpp"

namespace mobi::test {
namespace {

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

class SideTuningReferenceTest : public ::testing::TestWithParam<std::string> {
  protected:
    struct Packet {
        std::int32_t source = 0;
        std::vector<std::int64_t> ids;
        at::Tensor taps, residual, labels;
    };

    void SetUp() override {
        MOBI_NEEDS_SHARED(GetParam());
        at::set_num_threads(1);
        file.emplace(shared_path(GetParam()) / "reference.safetensors");
        facts = read_case(GetParam());
        tolerances = facts.at("tolerances");
        settings = facts.at("settings");
        // what a program cannot be told, only be
        ASSERT_EQ(settings.at("layer_norm_eps"), 1e-5);
        ASSERT_EQ(settings.at("optimizer"), "adamw");
        ASSERT_EQ(settings.at("betas"), Json::parse("[0.9, 0.999]"));
        ASSERT_EQ(settings.at("eps"), 1e-8);
        packets = load_packets("taps");
    }

    at::Tensor tensor(const std::string& name) const { return file->tensor(name).clone(); }

    /// \param taps  `taps`, `int8` for the decoded ones, or `embedding` for layer 0 and the taps.
    std::vector<Packet> load_packets(const std::string& taps) const {
        std::vector<Packet> list;
        const std::vector<std::string> backbones = backbones_of(facts);
        for (std::size_t i = 0; i < settings.at("packets").size(); ++i) {
            const std::string stage = "packet" + std::to_string(i) + "/";
            Packet packet;
            const std::string backbone = settings.at("packets")[i].at("backbone");
            packet.source = static_cast<std::int32_t>(
                std::find(backbones.begin(), backbones.end(), backbone) - backbones.begin());
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

    SideNetwork network(bool embedding = false) const {
        const Json& sizes = settings.at("sizes");
        SideShape shape;
        for (const std::string& name : backbones_of(facts))
            shape.sources.push_back({name, sizes.at("backbones").at(name).at("d")});
        shape.blocks = settings.at("B");
        shape.embedding = embedding;
        shape.width = settings.at("m");
        shape.classes = sizes.at("C");
        SideParameters side;
        side.bottleneck = sizes.at("r");
        side.gate_temperature = settings.at("gate_temperature");
        side.activation = embedding || settings.at("activation") == "gelu" ? SideActivation::Gelu
                                                                           : SideActivation::Relu;
        return {shape, side, {}, 1};
    }

    int steps() const { return static_cast<int>(settings.at("steps").size()); }

    /// The first step whose samples are of several types.
    int mixed_step() const {
        for (const Json& step : settings.at("steps"))
            if (step.at("kind") == "replay") return step.at("step");
        ADD_FAILURE() << "no step of replay";
        return 1;
    }

    /// The optimiser's settings of a plan.  Rates that ours cannot have are a failure.
    OptimizerParameters optimizer_of(const Json& plan) const {
        const auto rates = plan.at("learning_rate").get<std::vector<double>>();
        OptimizerParameters parameters;
        parameters.weight_decay = plan.at("weight_decay");
        parameters.clip = plan.at("clip").is_null() ? 0 : plan.at("clip").get<double>();
        parameters.lr = *std::max_element(rates.begin(), rates.end());
        if (rates.back() == parameters.lr) {
            parameters.schedule = Schedule::Constant;
            parameters.warmup = 0;
        }
        for (std::size_t t = 0; t < rates.size(); ++t)
            EXPECT_NEAR(parameters.lr * schedule_factor(parameters, static_cast<std::int64_t>(t),
                                                        static_cast<std::int64_t>(rates.size())),
                        rates[t], 1e-12);
        return parameters;
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
        const auto sources = static_cast<std::int32_t>(backbones_of(facts).size());
        for (std::int32_t source = 0; source < sources; ++source) {
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

    void run_plan(const std::string& plan, const Json& told) {
        SideNetwork side = network();
        load(side, told.at("start"));
        const std::vector<Packet> from =
            told.value("taps", "") == "int8_decoded" ? load_packets("int8") : packets;
        Optimizer optimizer(side.parameters(), optimizer_of(told), steps());
        std::vector<double> got_losses, got_norms;
        for (int t = 1; t <= steps(); ++t) {
            const Batch now = batch(t, from);
            const auto loss_of = [&] {
                return side_loss(kinds.at(settings.at("loss")), side.forward(now.parts),
                                 now.residual, now.labels);
            };
            const std::string stage = plan + "/gradient" + std::to_string(t);
            if (file->contains(stage + "/W_o"))
                for (const auto& [name, gradient] : gradients(side, loss_of()))
                    expect_near(gradient, stage + "/" + name);
            const at::Tensor loss = loss_of();
            got_losses.push_back(loss.item<double>());
            got_norms.push_back(optimizer.step(loss, t - 1).gradient_norm);
            const std::string weights = plan + "/step" + std::to_string(t);
            if (file->contains(weights + "/W_o")) expect_weights(side, weights);
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

    const std::map<std::string, LossKind> kinds{{"mse_residual", LossKind::MseResidual},
                                                {"huber_residual", LossKind::HuberResidual},
                                                {"ce_with_label", LossKind::CeWithLabel}};
    std::optional<SafetensorsFile> file;
    Json facts, settings, tolerances;
    std::vector<Packet> packets;
};

TEST_P(SideTuningReferenceTest, HasTheParametersOfTheReference) {
    // With the embedding as a layer of its own and without: together they are all that is given.
    std::map<std::string, std::vector<std::int64_t>> ours, theirs;
    for (const bool embedding : {false, true}) {
        const SideNetwork side = network(embedding);
        for (const auto& [name, value] : side.parameters()) ours[name] = value.sizes().vec();
    }
    const std::string stage = "dense_start/";
    for (const auto& [name, entry] : file->entries())
        if (name.starts_with(stage)) theirs[name.substr(stage.size())] = tensor(name).sizes().vec();
    EXPECT_EQ(ours, theirs);
}

TEST_P(SideTuningReferenceTest, LossKindsAndTheirGradients) {
    SideNetwork side = network();
    load(side, "dense_start");
    const Batch now = batch(mixed_step(), packets);
    const at::Tensor output = side.forward(now.parts).detach();
    expect_near(output, "loss_kinds/f_s");
    for (const auto& [name, kind] : kinds) {
        const at::Tensor input = output.clone().requires_grad_(true);
        const at::Tensor loss = side_loss(kind, input, now.residual, now.labels);
        loss.backward();
        expect_near(loss, "loss_kinds/" + name + "/loss");
        expect_near(input.grad(), "loss_kinds/" + name + "/gradient");
    }
}

TEST_P(SideTuningReferenceTest, EveryPlanStepByStep) {
    for (const auto& [name, plan] : settings.at("plans").items()) {
        SCOPED_TRACE(name);
        run_plan(name, plan);
    }
}

TEST_P(SideTuningReferenceTest, EmbeddingTapAndGelu) {
    SideNetwork side = network(true);
    load(side, "dense_start");
    const Batch now = batch(mixed_step(), load_packets("embedding"));
    const at::Tensor loss =
        side_loss(LossKind::MseResidual, side.forward(now.parts), now.residual, now.labels);
    expect_near(loss, "embedding/loss");
    for (const auto& [name, gradient] : gradients(side, loss))
        expect_near(gradient, "embedding/gradient/" + name);
}

INSTANTIATE_TEST_SUITE_P(Cases,
                         SideTuningReferenceTest,
                         ::testing::ValuesIn(reference_cases(is_side_tuning_case)),
                         [](const auto& test) { return case_name(test); });

}  // namespace
}  // namespace mobi::test
