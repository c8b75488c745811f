// SPDX-License-Identifier: Apache-2.0
#include "architecture/config_file.hpp"

#include <limits>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "architecture/read_family.hpp"
#include "core/error.hpp"
#include "support/contains.hpp"
#include "support/temp_folder.hpp"

namespace mobi {
namespace {

using test::contains;

using test::family_refusal;
using test::read_family;

ConfigFile parse(const std::string& json) {
    return ConfigFile::parse(json, "config.json");
}

/// What a look-up of a configuration says; empty when it is accepted.
template <typename LookUp>
std::string refusal(const std::string& json, LookUp look_up) {
    const ConfigFile config = parse(json);
    try {
        look_up(config);
    } catch (const DataError& error) {
        return error.what();
    }
    return {};
}

/// What is wrong with a text as a whole.
std::string fault(const std::string& text) {
    try {
        parse(text);
    } catch (const DataError& error) {
        return error.what();
    }
    return {};
}

TEST(ConfigFileTest, NullIsNotAbsent) {
    // transformers refuses null for these, and has a default when they are absent
    for (const std::string key : {"vocab_size", "hidden_size", "num_hidden_layers", "hidden_act",
                                  "num_attention_heads", "max_position_embeddings"})
        for (const std::string family : {"bert", "roberta", "mpnet", "llama", "qwen2"})
            EXPECT_TRUE(contains(
                family_refusal(R"({"model_type":")" + family + R"(",")" + key + R"(":null})"),
                "config.json: " + key + " = null: accepted: "));
    for (const std::string key : {"do_layer_norm_before", "enable_bias", "ffn_dim"})
        EXPECT_TRUE(contains(family_refusal(R"({"model_type":"opt",")" + key + R"(":null})"),
                             key + " = null: accepted"));
    EXPECT_TRUE(contains(family_refusal(R"({"model_type":"roberta","pad_token_id":null})"),
                         "pad_token_id = null: accepted"));
}

TEST(ConfigFileTest, NullThatMeansSomethingIsUnderstood) {
    const std::string sizes = R"("hidden_size":24,"num_attention_heads":4)";
    EXPECT_EQ(
        read_family(R"({"model_type":"qwen2","num_key_value_heads":null,)" + sizes + "}").kv_heads,
        4);
    EXPECT_EQ(
        read_family(R"({"model_type":"llama","num_key_value_heads":null,)" + sizes + "}").kv_heads,
        4);
    EXPECT_EQ(read_family(R"({"model_type":"llama","head_dim":null,)" + sizes + "}").head_dim, 6);
    EXPECT_EQ(read_family(R"({"model_type":"gpt2","n_inner":null,"n_embd":24,"n_head":4})").ffn,
              96);
    EXPECT_EQ(read_family(R"({"model_type":"opt","word_embed_proj_dim":null,)" + sizes + "}")
                  .embedding_width,
              24);
    EXPECT_EQ(family_refusal(R"({"model_type":"bert","position_embedding_type":null})"), "");
}

TEST(ConfigFileTest, AnErrorSaysThatAValueIsTheDefault) {
    EXPECT_TRUE(contains(
        family_refusal(R"({"model_type":"qwen2","hidden_size":24,"num_attention_heads":4})"),
        "num_key_value_heads = 32 (absent: the default): accepted: a divisor of "
        "num_attention_heads = 4"));
    EXPECT_TRUE(contains(family_refusal(R"({"model_type":"bert","hidden_size":25})"),
                         "num_attention_heads = 12 (absent: the default): accepted: a divisor of "
                         "hidden_size = 25"));
    EXPECT_TRUE(
        contains(family_refusal(R"({"hidden_size":24})"), "model_type = absent: accepted: bert"));
}

TEST(ConfigFileTest, Gpt2MayUseTheCommonNames) {
    const TransformerConfig gpt2 = read_family(
        R"({"model_type":"gpt2","hidden_size":24,"num_hidden_layers":2,"num_attention_heads":3,)"
        R"("max_position_embeddings":40,"n_layer":2})");
    EXPECT_EQ(gpt2.width, 24);
    EXPECT_EQ(gpt2.layers, 2);
    EXPECT_EQ(gpt2.heads, 3);
    EXPECT_EQ(gpt2.max_tokens, 40);
    EXPECT_EQ(
        family_refusal(R"({"model_type":"gpt2","n_embd":24,"hidden_size":48,"n_head":3})"),
        "config.json: n_embd = 24 and hidden_size = 48: two names of one thing; accepted: the "
        "same value, or one of them alone");
    EXPECT_TRUE(contains(family_refusal(R"({"model_type":"gpt2","hidden_size":null})"),
                         "hidden_size = null: accepted"));
}

TEST(ConfigFileTest, LayersThatSlideAreRefused) {
    EXPECT_TRUE(contains(
        family_refusal(
            R"({"model_type":"qwen2","layer_types":["full_attention","sliding_attention"]})"),
        "layer_types"));
    EXPECT_EQ(family_refusal(R"({"model_type":"qwen2","layer_types":["full_attention"]})"), "");
}

TEST(ConfigFileTest, ATextThatIsNoObjectIsRefused) {
    for (const char* text : {"[]", "1", "null", R"("bert")"})
        EXPECT_EQ(fault(text), "config.json: is not a JSON object") << text;
    EXPECT_TRUE(contains(fault(""), "config.json: is not JSON"));
    EXPECT_TRUE(contains(fault(R"({"a":1)"), "config.json: is not JSON"));
    EXPECT_EQ(fault(R"({"a":1,"a":1})"), R"(config.json: key "a" occurs twice)");
    EXPECT_EQ(fault("{}"), "");
}

TEST(ConfigFileTest, AFileIsNamedByItsPath) {
    const test::TempFolder folder;
    const std::string text = "{ \"a\" :\n 7 }";
    const std::string path = folder.write("config.json", text);
    const ConfigFile config{std::filesystem::path(path)};
    EXPECT_EQ(config.name(), path);
    EXPECT_EQ(config.text(), text);  // the bytes, not what they mean
    EXPECT_EQ(config.integer("a", 0, 0), 7);
    for (const char* name : {"absent.json", ""})
        EXPECT_THROW(ConfigFile(folder.path() / name), DataError) << name;
}

TEST(ConfigFileTest, WholeNumbersKeepTheirBounds) {
    const auto read = [](const std::string& value, std::int32_t least, std::int32_t most) {
        const ConfigFile config = parse(R"({"k":)" + value + "}");
        return config.integer("k", 1000, least, most);
    };
    constexpr std::int32_t kLeast = std::numeric_limits<std::int32_t>::min();
    constexpr std::int32_t kMost = std::numeric_limits<std::int32_t>::max();
    EXPECT_EQ(read("2147483647", kLeast, kMost), kMost);
    EXPECT_EQ(read("-2147483648", kLeast, kMost), kLeast);
    EXPECT_EQ(read("-3", -3, -1), -3);
    EXPECT_EQ(read("-1", -3, -1), -1);
    EXPECT_EQ(read("-0", 0, 0), 0);
    for (const std::string value :
         {"2147483648", "-2147483649", "4294967296", "9223372036854775807", "9223372036854775808",
          "18446744073709551615", "-9223372036854775808", "1.0", "1e2", "true", "\"1\"", "[1]",
          "{}", "null"})
        EXPECT_TRUE(contains(
            refusal(R"({"k":)" + value + "}",
                    [](const ConfigFile& config) { config.integer("k", 0, kLeast, kMost); }),
            "accepted: a whole number from -2147483648 to 2147483647"))
            << value;
    EXPECT_THROW(read("-4", -3, -1), DataError);
    EXPECT_THROW(read("0", -3, -1), DataError);
}

TEST(ConfigFileTest, NumbersMayBeWholeAndBoundsAreIncluded) {
    const auto number = [](const std::string& value) {
        return parse(R"({"k":)" + value + "}").number("k", 9, -1, 2.5);
    };
    EXPECT_EQ(number("2"), 2);
    EXPECT_EQ(number("-1"), -1);
    EXPECT_EQ(number("2.5"), 2.5);
    EXPECT_EQ(number("25e-1"), 2.5);
    EXPECT_EQ(parse("{}").number("k", 9, -1, 2.5), 9);  // a default is the caller's own business
    for (const std::string value : {"2.5000001", "-1.5", "true", "null", "\"1\"", "[]"})
        EXPECT_EQ(refusal(R"({"k":)" + value + "}",
                          [](const ConfigFile& config) { config.number("k", 0, -1, 2.5); }),
                  "config.json: k = " + value + ": accepted: a number from -1 to 2.5");
}

TEST(ConfigFileTest, FlagsAndTextsHaveOneType) {
    const ConfigFile config = parse(R"({"yes":true,"no":false,"text":"t","empty":"","none":null})");
    EXPECT_TRUE(config.flag("yes", false));
    EXPECT_FALSE(config.flag("no", true));
    EXPECT_TRUE(config.flag("absent", true));
    EXPECT_EQ(config.text_value("text", "x"), "t");
    EXPECT_EQ(config.text_value("empty", "x"), "");
    EXPECT_EQ(config.text_value("absent", "x"), "x");
    for (const char* key : {"text", "none"})
        EXPECT_THROW(config.flag(key, false), DataError) << key;
    for (const char* key : {"yes", "none"})
        EXPECT_THROW(config.text_value(key, ""), DataError) << key;
}

TEST(ConfigFileTest, AListOfTextsMayBeOneText) {
    using Texts = std::vector<std::string>;
    const ConfigFile config =
        parse(R"({"one":"a","list":["a","","b"],"empty":[],"mixed":["a",1],"none":null})");
    EXPECT_EQ(config.texts("one"), Texts{"a"});
    EXPECT_EQ(config.texts("list"), (Texts{"a", "", "b"}));
    EXPECT_EQ(config.texts("empty"), Texts{});
    EXPECT_EQ(config.texts("absent"), Texts{});
    for (const char* key : {"mixed", "none"}) EXPECT_THROW(config.texts(key), DataError) << key;
}

TEST(ConfigFileTest, AnObjectInsideNamesBothInItsErrors) {
    const ConfigFile config = parse(R"({"outer":{"inner":{"k":"x"}},"none":null,"list":[]})");
    EXPECT_FALSE(config.object("absent").has_value());
    EXPECT_FALSE(config.object("none").has_value());
    EXPECT_THROW(config.object("list"), DataError);
    const auto inner = config.object("outer")->object("inner");
    ASSERT_TRUE(inner.has_value());
    try {
        inner->flag("k", false);
        FAIL();
    } catch (const DataError& error) {
        EXPECT_STREQ(error.what(), "config.json: outer: inner: k = \"x\": accepted: true, false");
    }
}

TEST(ConfigFileTest, AbsentNullAndSaidAreThreeThings) {
    const ConfigFile config = parse(R"({"said":0,"none":null})");
    EXPECT_TRUE(config.contains("said") && config.says("said") && !config.is_null("said"));
    EXPECT_TRUE(config.contains("none") && !config.says("none") && config.is_null("none"));
    EXPECT_TRUE(!config.contains("absent") && !config.says("absent") && !config.is_null("absent"));
    EXPECT_FALSE(config.empty());
    EXPECT_TRUE(parse("{}").empty());
}

TEST(ConfigFileTest, AStrangersValueIsShownOnOneShortLine) {
    EXPECT_EQ(parse(R"({"k": [1,  "a"]})").shown("k"), R"([1,"a"])");
    EXPECT_EQ(parse(R"({"k": "a\nb"})").shown("k"), R"("a\nb")");
    EXPECT_EQ(parse("{\"k\": \"\u00e9\"}").shown("k"), R"("\u00e9")");
    EXPECT_EQ(parse("{}").shown("k"), "absent");
    EXPECT_EQ(parse(R"({"b":1, "a":2})").shown(), R"({"a":2,"b":1})");
    const std::string fits(78, 'x');  // with its quotes 80 characters
    EXPECT_EQ(parse(R"({"k":")" + fits + "\"}").shown("k"), '"' + fits + '"');
    EXPECT_EQ(parse(R"({"k":"x)" + fits + "\"}").shown("k"), "\"x" + fits + "...");
}

TEST(ConfigFileTest, DefaultsThatWereTakenAreRemembered) {
    const ConfigFile config = parse(R"({"said":3,"none":null})");
    EXPECT_EQ(config.integer("said", 5, 0), 3);
    EXPECT_EQ(config.integer("absent", 7, 0), 7);
    EXPECT_EQ(config.take_default("none", 9), 9);
    EXPECT_EQ(config.defaults_taken().size(), 2U);
    EXPECT_EQ(config.defaults_taken().at("absent"), 7);
    EXPECT_EQ(config.defaults_taken().at("none"), 9);
    EXPECT_EQ(config.shown("absent"), "7 (absent: the default)");
    EXPECT_EQ(config.shown("none"), "null");  // it is there
    config.take_default("absent", 8);
    EXPECT_EQ(config.defaults_taken().at("absent"), 8);
}

TEST(ConfigFileTest, OneOfTwoNamesIsChosen) {
    EXPECT_STREQ(parse("{}").either("a", "b"), "a");
    EXPECT_STREQ(parse(R"({"a":1})").either("a", "b"), "a");
    EXPECT_STREQ(parse(R"({"b":1})").either("a", "b"), "b");
    EXPECT_STREQ(parse(R"({"a":1,"b":1})").either("a", "b"), "a");
    EXPECT_STREQ(parse(R"({"a":1,"b":1.0})").either("a", "b"), "a");
    EXPECT_THROW(parse(R"({"a":1,"b":2})").either("a", "b"), DataError);
    EXPECT_THROW(parse(R"({"a":null,"b":2})").either("a", "b"), DataError);
}

TEST(ConfigFileTest, AMovedFileKeepsWhatItRead) {
    ConfigFile first = parse(R"({"a":1})");
    first.integer("b", 2, 0);
    ConfigFile second = std::move(first);
    EXPECT_EQ(second.integer("a", 0, 0), 1);
    EXPECT_EQ(second.name(), "config.json");
    EXPECT_EQ(second.defaults_taken().at("b"), 2);
    second = parse(R"({"a":5})");
    EXPECT_EQ(second.integer("a", 0, 0), 5);
    EXPECT_TRUE(second.defaults_taken().empty());
}

TEST(ConfigFileTest, UnknownKeysAreIgnored) {
    for (const Family& family : families())
        EXPECT_EQ(family_refusal(test::config_of(std::string(family.model_type),
                                                 R"("_name_or_path":7,"of_my_own":{"x":[]})")),
                  "");
}

}  // namespace
}  // namespace mobi
