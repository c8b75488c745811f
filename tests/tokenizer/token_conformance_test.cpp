// SPDX-License-Identifier: Apache-2.0
// Every file of cases of the reference data, from each of the files that can hold a tokenizer.  A
// file `conformance/<name>.jsonl` is for the folder <name>, or for the folders that `<one>_<other>`
// names.
#include <algorithm>
#include <array>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/text.hpp"
#include "core/text_file.hpp"
#include "support/reference_cases.hpp"
#include "support/temp_folder.hpp"
#include "support/tokenizer_files.hpp"
#include "tokenizer/token_check.hpp"
#include "tokenizer/tokenizer_folder.hpp"

namespace mobi::test {
namespace {

namespace fs = std::filesystem;
using Ids = std::vector<std::int32_t>;

constexpr const char* kCases = "data/tokenizer/conformance";

/// The first case of a file of cases; null when it is none.
nlohmann::json first_case(const fs::path& path) {
    if (path.extension() != ".jsonl") return nullptr;
    const std::string text = read_text_file(path);
    return nlohmann::json::parse(text.substr(0, text.find('\n')), nullptr, false);
}

std::string folder_of(const std::string& cases) {
    return "data/tokenizer/" + fs::path(cases).stem().string();
}

class TokenConformanceTest : public ::testing::TestWithParam<std::string> {
  protected:
    void SetUp() override {
        MOBI_NEEDS_SHARED(GetParam());
        folder_ = shared_path(folder_of(GetParam()));
        cases_ = read_token_cases(shared_path(GetParam()));
        ASSERT_FALSE(cases_.empty());
    }

    /// The cases are what tokenizer.json gives, where MPNet's <unk> is an added token. No file says
    /// so beside vocab.txt, from which AutoTokenizer of transformers 5 makes `<`, `un`, `##k`, `>`.
    void expect_all_equal_but_mpnets_unk(const Tokenizer& tokenizer) {
        for (TokenCase& test : cases_)
            if (test.name == "mpnet_024") {
                ASSERT_EQ(test.text, "<s> </s> <mask> <pad> <unk>");
                test.ids = {0, 0, 2, 30526, 1, 1030, 4899, 2247, 1032, 2};
                test.type_ids = Ids(test.ids.size(), 0);
            }
        expect_all_equal(tokenizer);
    }

    // A case without ids_max16 says that cutting changes nothing.
    void expect_all_equal(const Tokenizer& tokenizer) {
        for (TokenCase& test : cases_)
            if (!test.ids_max16) test.ids_max16 = test.ids;
        const TokenCheck check = check_tokens(tokenizer, cases_);
        EXPECT_EQ(check.equal, cases_.size()) << check.summary();
    }

    fs::path folder_;
    std::vector<TokenCase> cases_;
};

TEST_P(TokenConformanceTest, AllCasesFromTokenizerJson) {
    expect_all_equal(*load_tokenizer(folder_));
}

TEST_P(TokenConformanceTest, AllCasesFromVocabTxt) {
    expect_all_equal_but_mpnets_unk(*tokenizer_of_vocab_txt(
        read_text_file(folder_ / "vocab.txt"), read_text_file(folder_ / "tokenizer_config.json")));
}

TEST_P(TokenConformanceTest, AllCasesFromVocabTxtAlone) {
    expect_all_equal_but_mpnets_unk(*tokenizer_of_vocab_txt(read_text_file(folder_ / "vocab.txt")));
}

TEST_P(TokenConformanceTest, TheVocabularyIsWhatTheEmbeddingHasRowsFor) {
    const std::string pieces = read_text_file(folder_ / "vocab.txt");  // one a line
    EXPECT_EQ(load_tokenizer(folder_)->vocabulary(),
              std::count(pieces.begin(), pieces.end(), '\n'));
}

INSTANTIATE_TEST_SUITE_P(Folders,
                         TokenConformanceTest,
                         ::testing::ValuesIn(reference_files(kCases,
                                                             [](const fs::path& path) {
                                                                 return first_case(path).contains(
                                                                     "type_ids");
                                                             })),
                         [](const auto& test) { return case_name(test); });

/// A folder with a byte-pair tokenizer and the cases that it is for, as paths in shared_folder().
struct BytePairFolder {
    std::string folder, cases;

    std::string name() const { return fs::path(folder).filename().string(); }
    /// Special tokens around a text's ids, which the cases leave out.
    Ids before() const {
        if (name() == "opt") return {2};
        return name() == "roberta" ? Ids{0} : Ids{};
    }
    Ids after() const { return name() == "roberta" ? Ids{2} : Ids{}; }
};

std::vector<BytePairFolder> byte_pair_folders() {
    std::vector<BytePairFolder> list;
    for (const std::string& cases : reference_files(kCases, [](const fs::path& path) {
             const nlohmann::json first = first_case(path);
             return first.contains("ids") && !first.contains("type_ids") &&
                    !first.contains("decoded_with_special");
         })) {
        const std::string stem = fs::path(cases).stem().string();
        for (const std::string_view name : split(stem, '_'))
            list.push_back({"data/tokenizer/" + std::string(name), cases});
    }
    return list;
}

class BytePairConformanceTest : public ::testing::TestWithParam<BytePairFolder> {
  protected:
    // Reads the cases, whose ids are stated without special tokens, and puts these around.
    void SetUp() override {
        MOBI_NEEDS_SHARED(GetParam().cases);
        folder_ = shared_path(GetParam().folder);
        cases_ = read_token_cases(shared_path(GetParam().cases));
        ASSERT_FALSE(cases_.empty());
        before_ = GetParam().before();
        after_ = GetParam().after();
        for (TokenCase& test : cases_) {
            test.ids.insert(test.ids.begin(), before_.begin(), before_.end());
            test.ids.insert(test.ids.end(), after_.begin(), after_.end());
        }
    }

    void expect_all_equal(const Tokenizer& tokenizer) {
        const TokenCheck check = check_tokens(tokenizer, cases_);
        EXPECT_EQ(check.equal, cases_.size()) << check.summary();
        for (const TokenCase& test : cases_)
            EXPECT_EQ(tokenizer.decode(test.ids, SpecialTokens::Drop), test.text);
        const auto pieces = nlohmann::json::parse(read_text_file(folder_ / "vocab.json"));
        EXPECT_EQ(tokenizer.vocabulary(), static_cast<std::int32_t>(pieces.size()));
    }

    fs::path folder_;
    std::vector<TokenCase> cases_;
    Ids before_, after_;
};

TEST_P(BytePairConformanceTest, AllCasesFromVocabularyAndMerges) {
    const TempFolder folder;
    for (const char* file : {"vocab.json", "merges.txt"})
        folder.write(file, read_text_file(folder_ / file));
    folder.write("config.json", R"({"model_type": ")" + GetParam().name() + "\"}");
    expect_all_equal(*load_tokenizer(folder.path()));
}

TEST_P(BytePairConformanceTest, AllCasesFromTokenizerJson) {
    if (!std::filesystem::exists(folder_ / "tokenizer.json"))
        GTEST_SKIP() << folder_ << " has no tokenizer.json";
    expect_all_equal(*load_tokenizer(folder_));
}

TEST_P(BytePairConformanceTest, AllCasesWithoutSpecialTokensFromTheFolderAsItIs) {
    for (TokenCase& test : cases_) {
        ASSERT_GE(test.ids.size(), before_.size() + after_.size());
        test.ids.erase(test.ids.begin(),
                       test.ids.begin() + static_cast<std::ptrdiff_t>(before_.size()));
        test.ids.resize(test.ids.size() - after_.size());
    }
    const TokenCheck check = check_tokens(*load_tokenizer(folder_), cases_, SpecialTokens::Drop);
    EXPECT_EQ(check.equal, cases_.size()) << check.summary();
}

INSTANTIATE_TEST_SUITE_P(Folders,
                         BytePairConformanceTest,
                         ::testing::ValuesIn(byte_pair_folders()),
                         [](const auto& test) {
                             return name_of_path(fs::path(test.param.cases).stem().string() + "_" +
                                                 test.param.name());
                         });

/// What transformers' `clean_up_tokenization` does to decoded text.
std::string cleaned_up(std::string text) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 10> changes{
        {{" .", "."},
         {" ?", "?"},
         {" !", "!"},
         {" ,", ","},
         {" ' ", "'"},
         {" n't", "n't"},
         {" 'm", "'m"},
         {" 's", "'s"},
         {" 've", "'ve"},
         {" 're", "'re"}}};
    for (const auto& [from, to] : changes)
        for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at))
            text.replace(at, from.size(), to);
    return text;
}

class RoundTripTest : public ::testing::TestWithParam<std::string> {};

TEST_P(RoundTripTest, EncodesAndDecodesEveryCase) {
    MOBI_NEEDS_SHARED(GetParam());
    std::string folder = folder_of(GetParam());
    folder.resize(folder.rfind('_'));
    const auto tokenizer = load_tokenizer(shared_path(folder));
    const std::string lines = read_text_file(shared_path(GetParam()));
    int cases = 0;
    for (const std::string_view line : split(lines, '\n')) {
        if (line.empty()) continue;
        const auto test = nlohmann::json::parse(line);
        const std::string text = test.at("text");
        const Ids ids = test.at("ids");
        EXPECT_EQ(tokenizer->encode(text, {}, 0).ids, ids) << text;
        EXPECT_EQ(tokenizer->decode(ids, SpecialTokens::Keep), text);
        EXPECT_EQ(cleaned_up(tokenizer->decode(ids, SpecialTokens::Keep)),
                  test.at("decoded_with_special").get<std::string>());
        EXPECT_EQ(cleaned_up(tokenizer->decode(ids, SpecialTokens::Drop)),
                  test.at("decoded_without_special").get<std::string>());
        ++cases;
    }
    EXPECT_GT(cases, 0);
}

INSTANTIATE_TEST_SUITE_P(Folders,
                         RoundTripTest,
                         ::testing::ValuesIn(reference_files(kCases,
                                                             [](const fs::path& path) {
                                                                 return first_case(path).contains(
                                                                     "decoded_with_special");
                                                             })),
                         [](const auto& test) { return case_name(test); });

TEST(Stories260KTest, TheTextOfTheReferenceAndItsIds) {
    MOBI_NEEDS_SHARED("data/model/stories260K");
    const auto folder = shared_path("data/model/stories260K");
    const auto tokenizer = load_tokenizer(folder);
    const auto reference = nlohmann::json::parse(read_text_file(folder / "reference_pos0.json"));
    const Ids ids = reference.at("greedy_ids");
    const std::string text = reference.at("greedy_text");
    EXPECT_EQ(tokenizer->decode(ids, SpecialTokens::Drop), text);
    EXPECT_EQ(tokenizer->encode(text, {}, 0).ids, ids);
    EXPECT_EQ(tokenizer->vocabulary(), 512);
}

}  // namespace
}  // namespace mobi::test
