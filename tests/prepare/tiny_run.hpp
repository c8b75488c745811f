// SPDX-License-Identifier: Apache-2.0
// A run so small that it is prepared in a moment: tables of made-up words, backbones of 24 numbers.
#pragma once

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "config/load.hpp"
#include "core/error.hpp"
#include "core/rng.hpp"
#include "prepare/run_preparation.hpp"
#include "support/shared_data.hpp"
#include "support/temp_folder.hpp"

namespace mobi::test {

/// The pieces of a vocab.txt: specials, words `w0`, `w1`, ..., and two that only continue a word.
inline std::vector<std::string> word_pieces(std::vector<std::string> specials, std::size_t size) {
    const std::size_t words = size - specials.size() - 2;
    for (std::size_t i = 0; i < words; ++i) specials.push_back(fmt::format("w{}", i));
    specials.insert(specials.end(), {"##x", "##y"});
    return specials;
}

inline const std::vector<std::string>& bert_pieces() {
    static const auto pieces = word_pieces({"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}, 50);
    return pieces;
}

inline const std::vector<std::string>& mpnet_pieces() {
    static const auto pieces =
        word_pieces({"<s>", "<pad>", "</s>", "<unk>", "[UNK]", "<mask>"}, 60);
    return pieces;
}

inline std::string lines_of(const std::vector<std::string>& pieces) {
    std::string text;
    for (const std::string& piece : pieces) text += piece + "\n";
    return text;
}

inline std::int32_t id_of(const std::vector<std::string>& pieces, std::string_view piece) {
    const auto found = std::find(pieces.begin(), pieces.end(), piece);
    EXPECT_NE(found, pieces.end()) << piece;
    return static_cast<std::int32_t>(found - pieces.begin());
}

/// The ids of a text of known words between `first` and `last`: a word may end in x or y, which is
/// a piece of its own.  0: no limit.
inline std::vector<std::int32_t> plain_ids(const std::vector<std::string>& pieces,
                                           std::string_view text,
                                           std::string_view first,
                                           std::string_view last,
                                           std::size_t most) {
    std::vector<std::int32_t> ids{id_of(pieces, first)};
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find(' ', at), text.size());
        std::string word(text.substr(at, end - at));
        const char last_letter = word.back();
        if (last_letter == 'x' || last_letter == 'y') word.pop_back();
        ids.push_back(id_of(pieces, word));
        if (last_letter == 'x' || last_letter == 'y')
            ids.push_back(id_of(pieces, std::string("##") + last_letter));
        at = end + 1;
    }
    if (most > 0 && ids.size() + 1 > most) ids.resize(most - 1);
    ids.push_back(id_of(pieces, last));
    return ids;
}

/// 2 to 9 words that both vocabularies know.
inline std::string random_text(RandomStream& random) {
    std::string text;
    const std::size_t words = 2 + random.below(8);
    for (std::size_t i = 0; i < words; ++i) {
        text += fmt::format("{}w{}", i == 0 ? "" : " ", random.below(43));
        if (random.below(4) == 0) text += random.below(2) == 0 ? "x" : "y";
    }
    return text;
}

/// A folder with `train.tsv` and `test.tsv` of four classes, backbones `bert` (2 x 24, 18 tokens at
/// most with its own two), `mpnet` (2 x 24) and `deep` (4 x 32, a configuration without weights),
/// and a configuration of three slow devices with bert and four fast ones with mpnet.
class TinyRun : public ::testing::Test {
  protected:
    static constexpr std::size_t kTrain = 40;
    static constexpr std::size_t kTest = 12;

    TinyRun() {
        RandomStream random(1, Purpose::Test, 1);
        write_table("train.tsv", kTrain, random, train_texts);
        write_table("test.tsv", kTest, random, test_texts);
        copy_backbone("bert", bert_pieces());
        copy_backbone("mpnet", mpnet_pieces());
        std::filesystem::create_directories(path("deep"));
        files.write("deep/config.json",
                    R"({"model_type": "bert", "hidden_size": 32, "num_attention_heads": 4,
                        "intermediate_size": 64, "num_hidden_layers": 4, "vocab_size": 50,
                        "max_position_embeddings": 20, "type_vocab_size": 2, "hidden_act": "gelu",
                        "layer_norm_eps": 1e-12})");
        files.write("deep/vocab.txt", lines_of(bert_pieces()));
        files.write("run.cfg", fmt::format(R"([run]
compute = none
output = {0}/run.h5
threads = 1
[data]
train = {0}/train.tsv
test = {0}/test.tsv
max_tokens = 12
[fleet]
mix = slow:3 fast:4
backbones = slow:small fast:large
links = slow:thin fast:thick
[device.slow]
rate_fp32 = 40 MFLOP/s
memory = 64 MB
memory_bandwidth = 2 GB/s
power_compute = 2 W
[device.fast]
rate_fp32 = 400 MFLOP/s
memory = 32 MB
memory_bandwidth = 20 GB/s
[link.thin]
uplink = 200 kbit/s
downlink = 1 Mbit/s
[link.thick]
uplink = 8 Mbit/s
downlink = 8 Mbit/s
latency = 2 ms
[backbone.small]
path = {0}/bert
weight_dtype = fp32
[backbone.large]
path = {0}/mpnet
weight_dtype = fp32
[backbone]
cache = {0}/prepared
[packet]
samples = 4
[server]
batch = 8
epochs = 2
[side]
bottleneck = 4
[forward]
group_devices = 2
batch_tokens = 64
)",
                                           files.path().string()));
    }

    std::filesystem::path path(std::string_view name) const { return files.path() / name; }

    /// \param settings  `key=value`, over those of the file.
    RunConfig config(const std::vector<std::string>& settings = {}) const {
        return load_config({path("run.cfg")}, settings, files.path());
    }

    PreparedRun prepare(const std::vector<std::string>& settings = {}) const {
        return prepare_run(config(settings));
    }

    /// What is wrong with a run, with paths below the folder; "accepted" if nothing is.
    std::string refusal(const std::vector<std::string>& settings) const {
        try {
            prepare(settings);
        } catch (const Error& error) {
            return without_folder(error.what());
        }
        return "accepted";
    }

    std::string without_folder(std::string text) const {
        const std::string prefix = files.path().string() + "/";
        for (auto at = text.find(prefix); at != std::string::npos; at = text.find(prefix))
            text.erase(at, prefix.size());
        return text;
    }

    void copy_backbone(const std::string& name, const std::vector<std::string>& pieces) const {
        copy_folder(name, name);
        files.write(name + "/vocab.txt", lines_of(pieces));
    }

    /// A folder of tests/golden/backbone, which has no tokenizer.
    void copy_folder(const std::string& golden, const std::string& name) const {
        std::filesystem::copy(source_path("tests/golden/backbone") / golden, path(name),
                              std::filesystem::copy_options::recursive);
    }

    TempFolder files;
    std::vector<std::string> train_texts, test_texts;

  private:
    void write_table(const char* name,
                     std::size_t samples,
                     RandomStream& random,
                     std::vector<std::string>& texts) const {
        constexpr const char* kClasses[] = {"animal", "plant", "star", "stone"};
        std::string table = "text\tlabel\n";
        for (std::size_t i = 0; i < samples; ++i) {
            texts.push_back(random_text(random));
            table += fmt::format("{}\t{}\n", texts.back(), kClasses[i % 4]);
        }
        files.write(name, table);
    }
};

}  // namespace mobi::test
