// SPDX-License-Identifier: Apache-2.0
// The forward pass of every family against one in double precision, token by token, with random
// sizes and weights.
#include "model/transformer.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <numbers>
#include <numeric>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "architecture/backbone_info.hpp"
#include "architecture/family.hpp"
#include "architecture/preparation_plan.hpp"
#include "core/rng.hpp"
#include "model/model_support.hpp"
#include "model/relative_bias.hpp"

namespace mobi {
namespace {

using Vector = std::vector<double>;

/// Random numbers for every tensor, norms and biases too: a function of the tensor's name.
class NoiseReader : public WeightReader {
  public:
    at::Tensor rows(const TensorSource& source,
                    std::int64_t first,
                    std::int64_t count) const override {
        RandomStream random(1, Purpose::Test, text_key(source.name));
        at::Tensor values = at::empty(source.shape, at::kFloat);
        const bool norm = source.shape.size() == 1 && source.name.ends_with(".weight");
        float* const numbers = values.data_ptr<float>();
        for (std::int64_t i = 0; i < values.numel(); ++i)
            numbers[i] = static_cast<float>((norm ? 1 : 0) + 0.3 * random.normal());
        return values.narrow(0, first, count).contiguous();
    }
    std::optional<std::vector<std::int64_t>> shape(std::string_view) const override {
        return std::nullopt;
    }
    std::string fingerprint() const override { return "noise"; }
};

/// The model by the formulas of transformer_config.hpp.
class NaiveTransformer {
  public:
    explicit NaiveTransformer(const TransformerConfig& config) : config_(config) {
        for (const PreparedTensor& tensor : preparation_plan(config))
            for (const TensorSource& source : tensor.sources)
                tensors_[source.name] = NoiseReader().weight(source);
    }

    /// The states of one sequence's tokens behind each layer, 0 .. N.
    std::vector<std::vector<Vector>> layers(const std::vector<std::int32_t>& ids,
                                            const std::vector<std::int32_t>& types) const {
        std::vector<std::vector<Vector>> all{embed(ids, types)};
        for (std::int32_t block = 0; block < config_.layers; ++block) {
            const std::string stem = fmt::format(fmt::runtime(config_.names.block), block);
            const std::vector<Vector>& x = all.back();
            const bool pre = config_.placement == NormPlacement::Pre;
            const TensorNames& names = config_.names;
            std::vector<Vector> y, normed;
            for (const Vector& row : x)
                normed.push_back(pre ? norm(row, stem + names.attention_norm) : row);
            const auto attended = attention(normed, stem);
            for (std::size_t t = 0; t < x.size(); ++t) {
                Vector sum = add(x[t], attended[t]);
                if (!pre) sum = norm(sum, stem + names.attention_norm);
                const Vector in = pre ? norm(sum, stem + names.mlp_norm) : sum;
                sum = add(sum, mlp(in, stem));
                y.push_back(pre ? sum : norm(sum, stem + names.mlp_norm));
            }
            all.push_back(y);
        }
        return all;
    }
    Vector final_state(const Vector& state) const {
        return config_.names.final_norm.empty() ? state : norm(state, config_.names.final_norm);
    }

  private:
    const at::Tensor& tensor(const std::string& name) const { return tensors_.at(name); }
    Vector row(const std::string& name, std::int64_t index) const {
        const at::Tensor values = tensor(name)[index];
        return {values.data_ptr<float>(), values.data_ptr<float>() + values.numel()};
    }
    static Vector add(const Vector& a, const Vector& b) {
        Vector sum = a;
        for (std::size_t c = 0; c < sum.size(); ++c) sum[c] += b[c];
        return sum;
    }
    Vector norm(const Vector& x, const std::string& stem) const {
        const auto d = static_cast<double>(x.size());
        const double mean = config_.rms_norm ? 0 : std::accumulate(x.begin(), x.end(), 0.0) / d;
        double squares = 0;
        for (const double value : x) squares += (value - mean) * (value - mean) / d;
        Vector y;
        for (std::size_t c = 0; c < x.size(); ++c) {
            const double shift =
                config_.rms_norm ? 0 : double{tensor(stem + ".bias").data_ptr<float>()[c]};
            y.push_back((x[c] - mean) / std::sqrt(squares + config_.norm_eps) *
                            double{tensor(stem + ".weight").data_ptr<float>()[c]} +
                        shift);
        }
        return y;
    }
    /// W x, with the bias where there is one.
    Vector product(const Vector& x, const std::string& stem) const {
        const at::Tensor& weight = tensor(stem + ".weight");
        Vector y(static_cast<std::size_t>(weight.size(0)));
        for (std::size_t out = 0; out < y.size(); ++out) {
            for (std::size_t in = 0; in < x.size(); ++in)
                y[out] += double{weight.data_ptr<float>()[out * x.size() + in]} * x[in];
            if (const auto bias = tensors_.find(stem + ".bias"); bias != tensors_.end())
                y[out] += double{bias->second.data_ptr<float>()[out]};
        }
        return y;
    }
    std::vector<Vector> embed(const std::vector<std::int32_t>& ids,
                              const std::vector<std::int32_t>& types) const {
        const TensorNames& names = config_.names;
        std::vector<Vector> states;
        std::int32_t position = config_.first_position;
        for (std::size_t t = 0; t < ids.size(); ++t) {
            Vector x = row(names.words + ".weight", ids[t]);
            if (!names.project_in.empty()) x = product(x, names.project_in);
            if (config_.position_rows > 0) {
                const bool uncounted = ids[t] == config_.uncounted_pad;
                x = add(x, row(names.positions + ".weight", uncounted ? ids[t] : position));
                if (!uncounted) ++position;
            }
            if (config_.token_types > 0) x = add(x, row(names.token_types + ".weight", types[t]));
            states.push_back(names.embedding_norm.empty() ? x : norm(x, names.embedding_norm));
        }
        return states;
    }
    Vector rotated(const Vector& x, std::size_t position) const {
        if (!config_.rotary) return x;
        const std::size_t half = x.size() / 2;
        Vector y(x.size());
        for (std::size_t c = 0; c < half; ++c) {
            const double angle =
                static_cast<double>(position) /
                std::pow(config_.rotary->theta, static_cast<double>(c) / static_cast<double>(half));
            y[c] = x[c] * std::cos(angle) - x[half + c] * std::sin(angle);
            y[half + c] = x[c] * std::sin(angle) + x[half + c] * std::cos(angle);
        }
        return y;
    }
    std::vector<Vector> attention(const std::vector<Vector>& x, const std::string& block) const {
        const auto dim = static_cast<std::ptrdiff_t>(config_.head_dim);
        std::vector<Vector> qkv, context;
        for (const Vector& state : x) {
            Vector all;
            for (const std::string& name : config_.names.qkv) {
                const Vector part = product(state, block + name);
                all.insert(all.end(), part.begin(), part.end());
            }
            qkv.push_back(all);
        }
        const auto part = [&](std::size_t token, std::int32_t index) {
            const auto begin = qkv[token].begin() + index * dim;
            return Vector(begin, begin + dim);
        };
        for (std::size_t query = 0; query < x.size(); ++query) {
            Vector row;
            for (std::int32_t head = 0; head < config_.heads; ++head) {
                const std::int32_t kv = head / (config_.heads / config_.kv_heads);
                const Vector q = rotated(part(query, head), query);
                Vector sum(static_cast<std::size_t>(dim));
                double total = 0;
                for (std::size_t key = 0; key < (config_.causal ? query + 1 : x.size()); ++key) {
                    const Vector k = rotated(part(key, config_.heads + kv), key);
                    double score = std::inner_product(q.begin(), q.end(), k.begin(), 0.0) /
                                   std::sqrt(static_cast<double>(dim));
                    if (config_.relative_buckets > 0) {
                        const auto bucket = relative_bucket(
                            static_cast<std::int32_t>(key) - static_cast<std::int32_t>(query),
                            config_.relative_buckets);
                        score += this->row(config_.names.relative_bias,
                                           bucket)[static_cast<std::size_t>(head)];
                    }
                    const double weight = std::exp(score);
                    total += weight;
                    const Vector v = part(key, config_.heads + config_.kv_heads + kv);
                    for (std::size_t c = 0; c < v.size(); ++c) sum[c] += weight * v[c];
                }
                for (const double value : sum) row.push_back(value / total);
            }
            context.push_back(product(row, block + config_.names.attention_out));
        }
        return context;
    }
    double activated(double x) const {
        switch (config_.activation) {
            case kernels::Activation::Gelu:
                return x * (1 + std::erf(x / std::numbers::sqrt2)) / 2;
            case kernels::Activation::GeluTanh:
                return x *
                       (1 +
                        std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x))) /
                       2;
            case kernels::Activation::Relu:
                return std::max(x, 0.0);
            case kernels::Activation::Silu:
                return x / (1 + std::exp(-x));
        }
        return 0;
    }
    Vector mlp(const Vector& x, const std::string& block) const {
        Vector hidden = product(x, block + config_.names.up[0]);
        for (double& value : hidden) value = activated(value);
        if (config_.gated()) {
            const Vector up = product(x, block + config_.names.up[1]);
            for (std::size_t c = 0; c < hidden.size(); ++c) hidden[c] *= up[c];
        }
        return product(hidden, block + config_.names.down);
    }

    TransformerConfig config_;
    std::map<std::string, at::Tensor> tensors_;
};

/// A configuration of random sizes, most of them odd.
std::string random_config(const std::string& family, RandomStream& random) {
    const auto heads = std::int64_t{1} << random.below(3);
    const auto head_dim = static_cast<std::int64_t>(2 * (1 + random.below(5)));
    const auto number = [&](std::uint64_t least, std::uint64_t most) {
        return std::to_string(least + random.below(most - least + 1));
    };
    const auto key = [](const char* name, const std::string& value) {
        return fmt::format(R"(,"{}":{})", name, value);
    };
    const auto chosen = [&](std::initializer_list<const char*> values) {
        return *(values.begin() + random.below(values.size()));
    };
    std::string json = fmt::format(R"({{"model_type":"{}")", family);
    json += key("hidden_size", std::to_string(heads * head_dim));
    json += key("num_attention_heads", std::to_string(heads));
    json += key("num_hidden_layers", number(1, 3));
    json += key("vocab_size", number(20, 40));
    json += key("max_position_embeddings", number(16, 30));
    json += key(family == "opt"    ? "ffn_dim"
                : family == "gpt2" ? "n_inner"
                                   : "intermediate_size",
                number(3, 50));
    json += key(family == "gpt2" || family == "opt" ? "activation_function" : "hidden_act",
                chosen({R"("gelu")", R"("gelu_new")", R"("relu")", R"("silu")"}));
    if (family == "llama" || family == "qwen2") {
        json += key("num_key_value_heads",
                    std::to_string(std::int64_t{1} << random.below(static_cast<std::uint64_t>(
                                       std::bit_width(static_cast<std::uint64_t>(heads))))));
        json += key("rope_theta", number(2, 10000));
        if (random.below(2) == 0)
            json += key("head_dim", std::to_string(2 * (1 + random.below(6))));
    }
    if (family == "llama") {
        json += key("attention_bias", chosen({"true", "false"}));
        json += key("mlp_bias", chosen({"true", "false"}));
    }
    if (family == "opt") {
        json += key("do_layer_norm_before", chosen({"true", "false"}));
        json += key("word_embed_proj_dim", number(5, 40));
    }
    return json + "}";
}

PackedBatch random_batch(const TransformerConfig& config, RandomStream& random) {
    PackedBatch batch;
    batch.offsets.push_back(0);
    for (auto sequences = 1 + random.below(3); sequences > 0; --sequences) {
        for (auto tokens = 1 + random.below(14); tokens > 0; --tokens) {
            // the padding's id among them, which RoBERTa does not count
            batch.ids.push_back(static_cast<std::int32_t>(
                random.below(4) == 0
                    ? 1
                    : random.below(static_cast<std::uint64_t>(config.vocabulary))));
            batch.type_ids.push_back(config.token_types > 0
                                         ? static_cast<std::int32_t>(random.below(
                                               static_cast<std::uint64_t>(config.token_types)))
                                         : 0);
        }
        batch.offsets.push_back(static_cast<std::int32_t>(batch.ids.size()));
    }
    return batch;
}

at::Tensor as_tensor(const std::vector<Vector>& rows) {
    at::Tensor matrix = at::empty(
        {static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(rows.front().size())},
        at::kDouble);
    for (std::size_t i = 0; i < rows.size(); ++i)
        std::copy(rows[i].begin(), rows[i].end(),
                  matrix.data_ptr<double>() + i * rows.front().size());
    return matrix;
}

/// Largest difference, as a share of the largest number.
double error_of(const at::Tensor& x, const at::Tensor& exact) {
    EXPECT_EQ(x.sizes(), exact.sizes());
    return ((x.to(at::kDouble) - exact).abs().max() / exact.abs().max()).item<double>();
}

class TransformerTest : public ::testing::TestWithParam<std::string> {};

TEST_P(TransformerTest, IsTheFormulaForRandomModels) {
    test::use_one_thread();
    RandomStream random(1, Purpose::Test, text_key(GetParam()));
    for (int round = 0; round < 25; ++round) {
        const std::string json = random_config(GetParam(), random);
        SCOPED_TRACE(json);
        const ConfigFile file = ConfigFile::parse(json, "config.json");
        const TransformerConfig config = family_of(file).read(file, 0);
        const NaiveTransformer naive(config);
        const auto backbone = make_transformer(
            config, describe(config),
            PreparedWeights(preparation_plan(config), {"noise", Precision::Fp32, Precision::Fp32},
                            NoiseReader(), ""));
        const PackedBatch batch = random_batch(config, random);
        const auto states = backbone->hidden_states(batch);
        ASSERT_EQ(states.size(), static_cast<std::size_t>(config.layers) + 1);
        std::vector<std::int32_t> asked(states.size());
        std::iota(asked.begin(), asked.end(), 0);
        std::map<Pivot, Taps> taps;
        for (const Pivot pivot : {Pivot::First, Pivot::Last, Pivot::Mean})
            taps[pivot] = backbone->forward(batch, asked, pivot);
        for (std::size_t i = 0; i < batch.sequences(); ++i) {
            const std::int64_t first = batch.offsets[i];
            const std::int64_t end = batch.offsets[i + 1];
            const auto exact =
                naive.layers({batch.ids.begin() + first, batch.ids.begin() + end},
                             {batch.type_ids.begin() + first, batch.type_ids.begin() + end});
            const auto sequence = static_cast<std::int64_t>(i);
            for (std::size_t layer = 0; layer < states.size(); ++layer) {
                const at::Tensor expected = as_tensor(exact[layer]);
                // fp32 is off by 6e-8 a step; a few hundred steps a block, three blocks
                ASSERT_LT(error_of(states[layer].slice(0, first, end), expected), 5e-5) << layer;
                const auto at_layer = [&](Pivot pivot) {
                    return taps.at(pivot).taps[static_cast<std::int64_t>(layer)][sequence];
                };
                ASSERT_LT(error_of(at_layer(Pivot::First), expected[0]), 5e-5) << layer;
                ASSERT_LT(error_of(at_layer(Pivot::Last), expected[-1]), 5e-5) << layer;
                ASSERT_LT((at_layer(Pivot::Mean).to(at::kDouble) - expected.mean(0))
                              .abs()
                              .max()
                              .item<double>(),
                          5e-5 * expected.abs().max().item<double>())
                    << layer;
            }
            ASSERT_LT(error_of(taps.at(Pivot::Last).output[sequence],
                               as_tensor({naive.final_state(exact.back().back())})[0]),
                      5e-5);
            ASSERT_LT(error_of(taps.at(Pivot::First).output[sequence],
                               as_tensor({naive.final_state(exact.back().front())})[0]),
                      5e-5);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(
    Families,
    TransformerTest,
    ::testing::Values("bert", "gpt2", "llama", "mpnet", "opt", "qwen2", "roberta"),
    [](const auto& test) { return test.param; });

}  // namespace
}  // namespace mobi
