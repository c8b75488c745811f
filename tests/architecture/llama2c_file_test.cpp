// SPDX-License-Identifier: Apache-2.0
#include "architecture/llama2c_file.hpp"

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "architecture/model_folder.hpp"
#include "architecture/preparation_plan.hpp"
#include "core/error.hpp"
#include "core/rng.hpp"
#include "support/contains.hpp"
#include "support/temp_folder.hpp"

namespace mobi {
namespace {

using test::contains;

/// A checkpoint whose numbers are 0, 1, 2, ... in the order of the file, so that a number says
/// where it was read.
struct Checkpoint {
    std::int32_t width = 12, ffn = 10, layers = 3, heads = 3, kv_heads = 1, vocabulary = 7,
                 positions = 5;
    bool tied = true;

    std::int64_t head_dim() const { return width / heads; }
    std::int64_t kv() const { return kv_heads * head_dim(); }
    /// The parts of the file, in its order: a name and the numbers in it.
    std::vector<std::pair<std::string, std::int64_t>> parts() const {
        const std::int64_t d = width;
        std::vector<std::pair<std::string, std::int64_t>> all{
            {"words", vocabulary * d},
            {"attention_norm", layers * d},
            {"wq", layers * d * d},
            {"wk", layers * kv() * d},
            {"wv", layers * kv() * d},
            {"wo", layers * d * d},
            {"mlp_norm", layers * d},
            {"w1", layers * ffn * d},
            {"w2", layers * d * ffn},
            {"w3", layers * ffn * d},
            {"final_norm", d},
            {"cosines", positions * head_dim() / 2},
            {"sines", positions * head_dim() / 2}};
        if (!tied) all.emplace_back("classifier", vocabulary * d);
        return all;
    }
    /// The first number of a layer's share of a part.
    float first(const std::string& part, std::int64_t layer = 0) const {
        std::int64_t before = 0;
        for (const auto& [name, count] : parts()) {
            if (name == part) return static_cast<float>(before + layer * (count / layers));
            before += count;
        }
        ADD_FAILURE() << part;
        return -1;
    }
    std::vector<float> numbers() const {
        std::int64_t count = 0;
        for (const auto& part : parts()) count += part.second;
        std::vector<float> values(static_cast<std::size_t>(count));
        for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
        return values;
    }
    std::string bytes(const std::vector<float>& values) const {
        const std::int32_t header[] = {
            width, ffn, layers, heads, kv_heads, tied ? vocabulary : -vocabulary, positions};
        std::string file(sizeof(header) + values.size() * sizeof(float), '\0');
        std::memcpy(file.data(), header, sizeof(header));
        if (!values.empty())
            std::memcpy(file.data() + sizeof(header), values.data(), values.size() * sizeof(float));
        return file;
    }
    std::string bytes() const { return bytes(numbers()); }
};

Llama2cFile open(const test::TempFolder& folder, const std::string& bytes) {
    return Llama2cFile(folder.write("model.bin", bytes));
}

at::Tensor counted(float first, const std::vector<std::int64_t>& shape) {
    std::int64_t count = 1;
    for (const std::int64_t size : shape) count *= size;
    return (at::arange(count, at::kFloat) + first).reshape(shape);
}

TEST(Llama2cFileTest, TheHeaderIsTheArchitecture) {
    const test::TempFolder folder;
    const Llama2cFile file = open(folder, Checkpoint{}.bytes());
    const TransformerConfig config = file.architecture(0);
    EXPECT_EQ(config.family, "llama");
    EXPECT_EQ(config.width, 12);
    EXPECT_EQ(config.ffn, 10);
    EXPECT_EQ(config.layers, 3);
    EXPECT_EQ(config.heads, 3);
    EXPECT_EQ(config.kv_heads, 1);
    EXPECT_EQ(config.head_dim, 4);
    EXPECT_EQ(config.vocabulary, 7);
    EXPECT_EQ(config.max_tokens, 5);
    EXPECT_EQ(config.norm_eps, 1e-5);
    EXPECT_EQ(config.rotary->theta, 10000);
    EXPECT_EQ(config.activation, kernels::Activation::Silu);
    EXPECT_TRUE(file.tied());
    EXPECT_EQ(file.architecture(2).layers, 2);
    EXPECT_THROW(file.architecture(4), ConfigError);
}

TEST(Llama2cFileTest, EveryTensorLiesWhereTheFormatPutsIt) {
    const test::TempFolder folder;
    const Checkpoint model;
    const Llama2cFile file = open(folder, model.bytes());
    struct Part {
        const char* part;
        std::string name;
        std::vector<std::int64_t> shape;
    };
    const Part of_model[] = {{"words", "embed_tokens.weight", {7, 12}},
                             {"final_norm", "norm.weight", {12}}};
    for (const auto& [part, name, shape] : of_model)
        EXPECT_TRUE(at::equal(file.weight({name, shape}), counted(model.first(part), shape)))
            << name;
    const Part of_layer[] = {{"attention_norm", "input_layernorm", {12}},
                             {"wv", "self_attn.v_proj", {4, 12}},
                             {"wo", "self_attn.o_proj", {12, 12}},
                             {"mlp_norm", "post_attention_layernorm", {12}},
                             {"w1", "mlp.gate_proj", {10, 12}},
                             {"w2", "mlp.down_proj", {12, 10}},
                             {"w3", "mlp.up_proj", {10, 12}}};
    for (std::int64_t layer = 0; layer < model.layers; ++layer)
        for (const auto& [part, stem, shape] : of_layer) {
            const std::string name = "layers." + std::to_string(layer) + '.' + stem + ".weight";
            EXPECT_EQ(file.shape(name), shape) << name;
            EXPECT_TRUE(
                at::equal(file.weight({name, shape}), counted(model.first(part, layer), shape)))
                << name;
        }
}

TEST(Llama2cFileTest, TheRowsOfQueriesAndKeysGoFromPairsToHalves) {
    const test::TempFolder folder;
    const Checkpoint model;
    const Llama2cFile file = open(folder, model.bytes());
    const std::int64_t order[] = {0, 2, 1, 3};  // of a head of four channels
    const std::tuple<const char*, const char*, std::int64_t> parts[] = {
        {"wq", "layers.1.self_attn.q_proj.weight", 3},
        {"wk", "layers.1.self_attn.k_proj.weight", 1}};
    for (const auto& [part, name, heads] : parts) {
        const at::Tensor stored = counted(model.first(part, 1), {heads * 4, 12});
        const at::Tensor read = file.weight({name, {heads * 4, 12}});
        for (std::int64_t head = 0; head < heads; ++head)
            for (std::int64_t channel = 0; channel < 4; ++channel)
                EXPECT_TRUE(at::equal(read[head * 4 + channel], stored[head * 4 + order[channel]]))
                    << name << ' ' << channel;
    }
}

/// Rotates adjacent channels 2c, 2c + 1, as llama2.c does.
std::vector<double> rotate_pairs(const std::vector<double>& x, std::int64_t position) {
    std::vector<double> y(x.size());
    for (std::size_t c = 0; c < x.size(); c += 2) {
        const double angle =
            static_cast<double>(position) /
            std::pow(10000, static_cast<double>(c) / static_cast<double>(x.size()));
        y[c] = x[c] * std::cos(angle) - x[c + 1] * std::sin(angle);
        y[c + 1] = x[c] * std::sin(angle) + x[c + 1] * std::cos(angle);
    }
    return y;
}

/// Rotates channels c, c + d_h/2 by a row of rotation_table().
std::vector<double> rotate_halves(const std::vector<double>& x, const float* row) {
    const std::size_t half = x.size() / 2;
    std::vector<double> y(x.size());
    for (std::size_t c = 0; c < half; ++c) {
        const double cosine = row[c];
        const double sine = row[half + c];
        y[c] = x[c] * cosine - x[half + c] * sine;
        y[half + c] = x[c] * sine + x[half + c] * cosine;
    }
    return y;
}

double dot(const std::vector<double>& a, const std::vector<double>& b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
    return sum;
}

TEST(Llama2cFileTest, ScoresAreThoseOfAdjacentRotation) {
    Checkpoint model;
    model.width = 16;
    model.heads = model.kv_heads = 2;
    model.layers = 1;
    std::vector<float> numbers = model.numbers();
    RandomStream random(5, Purpose::Test);
    for (float& number : numbers) number = static_cast<float>(random.uniform() - 0.5);
    const test::TempFolder folder;
    const Llama2cFile file = open(folder, model.bytes(numbers));
    const at::Tensor x = at::ones({16});
    const auto head_of = [&](const at::Tensor& rows, std::int64_t head) {
        std::vector<double> values;
        const at::Tensor product = at::mv(rows, x);
        for (std::int64_t c = 0; c < 8; ++c) values.push_back(product[head * 8 + c].item<double>());
        return values;
    };
    const auto stored = [&](const char* part) {
        return at::tensor(at::ArrayRef<float>(
                              numbers.data() + static_cast<std::ptrdiff_t>(model.first(part)), 256))
            .reshape({16, 16});
    };
    const at::Tensor q = file.weight({"layers.0.self_attn.q_proj.weight", {16, 16}});
    const at::Tensor k = file.weight({"layers.0.self_attn.k_proj.weight", {16, 16}});
    const auto table = rotation_table({}, 8, model.positions);
    for (std::int64_t head = 0; head < 2; ++head)
        for (std::int64_t i = 0; i < model.positions; ++i)
            for (std::int64_t j = 0; j <= i; ++j)
                EXPECT_NEAR(dot(rotate_halves(head_of(q, head), table.data() + i * 8),
                                rotate_halves(head_of(k, head), table.data() + j * 8)),
                            dot(rotate_pairs(head_of(stored("wq"), head), i),
                                rotate_pairs(head_of(stored("wk"), head), j)),
                            1e-5);
}

TEST(Llama2cFileTest, PartsOfATensorAreItsRows) {
    const test::TempFolder folder;
    const Llama2cFile file = open(folder, Checkpoint{}.bytes());
    const TensorSource sources[] = {{"embed_tokens.weight", {7, 12}},
                                    {"layers.2.self_attn.q_proj.weight", {12, 12}},
                                    {"norm.weight", {12}}};
    for (const TensorSource& source : sources) {
        const at::Tensor whole = file.weight(source);
        for (std::int64_t first = 0; first < source.shape[0]; ++first)
            for (std::int64_t count = 0; first + count <= source.shape[0]; ++count)
                EXPECT_TRUE(
                    at::equal(file.rows(source, first, count), whole.narrow(0, first, count)));
    }
}

TEST(Llama2cFileTest, ANegativeVocabularyAnnouncesAClassifier) {
    const test::TempFolder folder;
    Checkpoint model;
    EXPECT_EQ(open(folder, model.bytes()).shape("lm_head.weight"), std::nullopt);
    model.tied = false;
    const Llama2cFile file = open(folder, model.bytes());
    EXPECT_FALSE(file.tied());
    EXPECT_EQ(file.architecture(0).vocabulary, 7);
    EXPECT_TRUE(at::equal(file.weight({"lm_head.weight", {7, 12}}),
                          counted(model.first("classifier"), {7, 12})));
}

TEST(Llama2cFileTest, ATensorThatIsNotThereIsNamed) {
    const test::TempFolder folder;
    const Llama2cFile file = open(folder, Checkpoint{}.bytes());
    const TensorSource wrong[] = {{"layers.3.mlp.up_proj.weight", {10, 12}},
                                  {"norm.weight", {13}},
                                  {"norm.bias", {12}},
                                  {"embed_tokens.weight", {12, 7}}};
    for (const TensorSource& source : wrong) {
        try {
            file.weight(source);
            ADD_FAILURE() << source.name;
        } catch (const DataError& error) {
            EXPECT_TRUE(contains(error.what(), "model.bin: has no tensor \"" + source.name + "\""));
        }
    }
}

TEST(Llama2cFileTest, ANumberThatIsNotFiniteIsRefusedWhereItIsRead) {
    const Checkpoint model;
    for (const float bad :
         {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
        std::vector<float> numbers = model.numbers();
        numbers[static_cast<std::size_t>(model.first("w2", 1)) + 25] = bad;  // row 2 of ten columns
        numbers[static_cast<std::size_t>(model.first("cosines"))] = bad;     // not used
        const test::TempFolder folder;
        const Llama2cFile file = open(folder, model.bytes(numbers));
        const TensorSource down{"layers.1.mlp.down_proj.weight", {12, 10}};
        EXPECT_NO_THROW(file.rows(down, 0, 2));
        EXPECT_NO_THROW(file.rows(down, 3, 9));
        EXPECT_THROW(file.rows(down, 2, 1), DataError);
    }
}

TEST(Llama2cFileTest, TheFingerprintIsOfTheBytes) {
    const test::TempFolder folder;
    const Checkpoint model;
    std::vector<float> numbers = model.numbers();
    const std::string first = open(folder, model.bytes(numbers)).fingerprint();
    EXPECT_EQ(open(folder, model.bytes(numbers)).fingerprint(), first);
    numbers.back() += 1;
    EXPECT_NE(open(folder, model.bytes(numbers)).fingerprint(), first);
}

TEST(Llama2cFileTest, EveryNumberOfTheHeaderHasBounds) {
    struct Field {
        std::int32_t Checkpoint::*field;
        const char* name;
        std::int32_t most;
    };
    const Field fields[] = {{&Checkpoint::width, "width", 1 << 16},
                            {&Checkpoint::ffn, "ffn", 1 << 18},
                            {&Checkpoint::layers, "layers", 1 << 10},
                            {&Checkpoint::heads, "heads", 1 << 12},
                            {&Checkpoint::kv_heads, "kv_heads", 1 << 12},
                            {&Checkpoint::vocabulary, "vocabulary", 1 << 24},
                            {&Checkpoint::positions, "positions", 1 << 24}};
    for (const Field& field : fields)
        for (const std::int32_t value : {0, field.most + 1}) {
            Checkpoint model;
            const test::TempFolder folder;
            model.*field.field = value;
            try {
                open(folder, model.bytes({}));
                ADD_FAILURE() << field.name;
            } catch (const DataError& error) {
                EXPECT_TRUE(contains(error.what(), std::string("model.bin: ") + field.name + " = " +
                                                       std::to_string(value) + ": accepted: 1 to " +
                                                       std::to_string(field.most)));
            }
        }
}

TEST(Llama2cFileTest, HeadsCutTheWidthEvenly) {
    const auto refusal = [](std::int32_t width, std::int32_t heads, std::int32_t kv_heads) {
        Checkpoint model;
        model.width = width;
        model.heads = heads;
        model.kv_heads = kv_heads;
        const test::TempFolder folder;
        try {
            open(folder, model.bytes());
        } catch (const DataError& error) {
            return std::string(error.what());
        }
        return std::string();
    };
    EXPECT_EQ(refusal(12, 3, 3), "");
    EXPECT_EQ(refusal(12, 6, 3), "");
    EXPECT_TRUE(contains(refusal(12, 5, 1), "heads = 5: accepted"));
    EXPECT_TRUE(contains(refusal(12, 4, 1), "heads = 4: accepted"));  // three channels each
    EXPECT_TRUE(contains(refusal(12, 6, 4), "kv_heads = 4: accepted: a divisor of heads = 6"));
}

TEST(Llama2cFileTest, AnyOtherLengthIsRefused) {
    const std::string whole = Checkpoint{}.bytes();
    const test::TempFolder folder;
    EXPECT_NO_THROW(open(folder, whole));
    for (const std::string& bytes : {whole.substr(0, whole.size() - 1), whole + '\0', whole + whole,
                                     whole.substr(0, 28), whole.substr(0, 27), std::string()})
        EXPECT_THROW(open(folder, bytes), DataError) << bytes.size();
}

TEST(Llama2cFileTest, AFolderOfOneIsAModelsFolder) {
    const test::TempFolder folder;
    Checkpoint model;
    model.tied = false;
    folder.write("model.bin", model.bytes());
    BackboneParameters parameters;
    parameters.path = folder.path().string();
    parameters.layers = 2;
    const ModelFolder opened(parameters);
    EXPECT_EQ(opened.info().size.layers, 2);
    EXPECT_EQ(opened.configuration(), "llama2.c");
    EXPECT_FALSE(opened.tied());
    EXPECT_EQ(opened.heads().language_model, "lm_head");
    EXPECT_EQ(opened.heads().classifier, "");
    EXPECT_NO_THROW(opened.check_weights());
    for (const PreparedTensor& tensor : preparation_plan(opened.architecture()))
        for (const TensorSource& source : tensor.sources)
            EXPECT_NO_THROW(opened.open_weights()->weight(source)) << source.name;
}

}  // namespace
}  // namespace mobi
