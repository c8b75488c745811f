// SPDX-License-Identifier: Apache-2.0
#include "architecture/transformer_config.hpp"

#include <string>

#include <gtest/gtest.h>

#include "architecture/read_family.hpp"

namespace mobi {
namespace {

constexpr SizeKeys kKeys{"L", "W", "H", "F", "P", nullptr};
constexpr SizeDefaults kDefaults{2, 24, 4, 40, 50, 60};

TransformerConfig sizes_of(const std::string& json,
                           const SizeDefaults& defaults = kDefaults,
                           std::int32_t layers = 0) {
    return read_sizes(ConfigFile::parse(json, "c"), kKeys, defaults, layers);
}

std::string refusal(const std::string& json) {
    try {
        sizes_of(json);
    } catch (const DataError& error) {
        return error.what();
    }
    return {};
}

TEST(KeptLayersTest, ZeroIsAll) {
    EXPECT_EQ(kept_layers(0, 7, "m"), 7);
    for (int wanted = 1; wanted <= 7; ++wanted) EXPECT_EQ(kept_layers(wanted, 7, "m"), wanted);
    for (const int wanted : {-1, 8}) {
        try {
            kept_layers(wanted, 7, "m");
            ADD_FAILURE() << wanted;
        } catch (const ConfigError& error) {
            EXPECT_EQ(error.what(), "layers = " + std::to_string(wanted) +
                                        ": m has 7 blocks; 0 keeps all of them");
        }
    }
}

TEST(ReadSizesTest, AbsentKeysTakeTheDefaults) {
    const TransformerConfig sizes = sizes_of("{}");
    EXPECT_EQ(sizes.layers, 2);
    EXPECT_EQ(sizes.width, 24);
    EXPECT_EQ(sizes.embedding_width, 24);
    EXPECT_EQ(sizes.heads, 4);
    EXPECT_EQ(sizes.kv_heads, 4);
    EXPECT_EQ(sizes.head_dim, 6);
    EXPECT_EQ(sizes.ffn, 40);
    EXPECT_EQ(sizes.vocabulary, 50);
    EXPECT_EQ(sizes.max_tokens, 60);
}

TEST(ReadSizesTest, EachKeySetsOneSize) {
    const TransformerConfig sizes =
        sizes_of(R"({"L":3,"W":35,"H":5,"F":41,"vocab_size":51,"P":61})");
    EXPECT_EQ(sizes.layers, 3);
    EXPECT_EQ(sizes.width, 35);
    EXPECT_EQ(sizes.heads, 5);
    EXPECT_EQ(sizes.head_dim, 7);
    EXPECT_EQ(sizes.ffn, 41);
    EXPECT_EQ(sizes.vocabulary, 51);
    EXPECT_EQ(sizes.max_tokens, 61);
}

TEST(ReadSizesTest, AnMlpWithoutDefaultIsFourWidths) {
    SizeDefaults defaults = kDefaults;
    defaults.ffn = 0;
    EXPECT_EQ(sizes_of("{}", defaults).ffn, 96);
    EXPECT_EQ(sizes_of(R"({"F":null})", defaults).ffn, 96);
    EXPECT_EQ(sizes_of(R"({"F":7})", defaults).ffn, 7);
    // with a default null is an error, as transformers has it
    EXPECT_EQ(refusal(R"({"F":null})"), "c: F = null: accepted: a whole number from 1 to 262144");
}

TEST(ReadSizesTest, EverySizeHasBounds) {
    struct Bound {
        const char* key;
        std::int64_t most;
        const char* beside;  ///< so that the largest value contradicts nothing
    };
    const Bound bounds[] = {
        {"L", 1 << 16, ""}, {"W", 1 << 16, R"(,"H":1)"}, {"H", 1 << 16, R"(,"W":65536)"},
        {"F", 1 << 18, ""}, {"vocab_size", 1 << 24, ""}, {"P", 1 << 24, ""}};
    for (const Bound& bound : bounds) {
        const auto with = [&](std::int64_t value) {
            return R"({")" + std::string(bound.key) + "\":" + std::to_string(value) + bound.beside +
                   "}";
        };
        EXPECT_EQ(refusal(with(bound.most)), "") << bound.key;
        for (const std::int64_t value :
             {std::int64_t{0}, std::int64_t{-1}, bound.most + 1, (std::int64_t{1} << 32) + 1})
            EXPECT_EQ(refusal(with(value)),
                      "c: " + std::string(bound.key) + " = " + std::to_string(value) +
                          ": accepted: a whole number from 1 to " + std::to_string(bound.most));
    }
}

TEST(ReadSizesTest, HeadsDivideTheWidth) {
    EXPECT_EQ(refusal(R"({"H":5})"),
              "c: H = 5: accepted: a divisor of W = 24 (absent: the "
              "default)");
    EXPECT_EQ(refusal(R"({"W":25})"),
              "c: H = 4 (absent: the default): accepted: a divisor of W = "
              "25");
    for (std::int32_t heads = 1; heads <= 24; ++heads)
        EXPECT_EQ(refusal(R"({"H":)" + std::to_string(heads) + "}").empty(), 24 % heads == 0);
}

TEST(ReadActivationTest, NamesAreThoseOfTransformers) {
    using kernels::Activation;
    const auto read = [](const std::string& json) {
        return read_activation(ConfigFile::parse(json, "c"), "act", "relu");
    };
    const std::pair<const char*, Activation> names[] = {{"gelu", Activation::Gelu},
                                                        {"gelu_new", Activation::GeluTanh},
                                                        {"gelu_pytorch_tanh", Activation::GeluTanh},
                                                        {"gelu_fast", Activation::GeluTanh},
                                                        {"relu", Activation::Relu},
                                                        {"silu", Activation::Silu},
                                                        {"swish", Activation::Silu}};
    for (const auto& [name, activation] : names)
        EXPECT_EQ(read(R"({"act":")" + std::string(name) + "\"}"), activation) << name;
    EXPECT_EQ(read("{}"), Activation::Relu);
    for (const std::string name : {"tanh", "GELU", "quick_gelu", ""}) {
        try {
            read(R"({"act":")" + name + "\"}");
            ADD_FAILURE() << name;
        } catch (const DataError& error) {
            EXPECT_EQ(error.what(), "c: act = \"" + name +
                                        "\": accepted: gelu, gelu_fast, gelu_new, "
                                        "gelu_pytorch_tanh, relu, silu, swish");
        }
    }
}

TEST(TransformerConfigTest, WidthsOfQueriesAndKeysAddUp) {
    TransformerConfig config;
    config.heads = 6;
    config.kv_heads = 2;
    config.head_dim = 10;
    EXPECT_EQ(config.query_width(), 60);
    EXPECT_EQ(config.qkv_width(), 100);
    EXPECT_FALSE(config.gated());
    config.names.up = {"up"};
    EXPECT_FALSE(config.gated());
    config.names.up = {"gate", "up"};
    EXPECT_TRUE(config.gated());
}

}  // namespace
}  // namespace mobi
