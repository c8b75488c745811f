// SPDX-License-Identifier: Apache-2.0
#include "tokenizer/llama2c_vocabulary.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/error.hpp"

namespace mobi {
namespace {

constexpr std::size_t kFirstByte = 3;
constexpr std::size_t kFirstPiece = kFirstByte + 256;
constexpr std::int32_t kBos = 1;

struct Token {
    float score = 0;
    std::string_view piece;
};

/// Takes values off the front of the file.
class Reader {
  public:
    Reader(std::string_view name, std::string_view bytes) : name_(name), left_(bytes) {}

    bool empty() const { return left_.empty(); }

    template <typename T>
    T get(const std::string& what) {
        T value{};
        std::memcpy(&value, take(sizeof(T), what).data(), sizeof(T));
        return value;
    }

    std::string_view take(std::size_t count, const std::string& what) {
        if (count > left_.size())
            fail(fmt::format("ends within {}; a vocabulary of llama2.c is read", what));
        const std::string_view taken = left_.substr(0, count);
        left_.remove_prefix(count);
        return taken;
    }

    [[noreturn]] void fail(const std::string& problem) const {
        throw DataError(fmt::format("{}: {}", name_, problem));
    }

  private:
    std::string_view name_, left_;
};

std::vector<Token> read_tokens(Reader& file) {
    const auto longest = file.get<std::int32_t>("the longest piece's length");
    std::vector<Token> tokens;
    while (!file.empty()) {
        const std::string what = fmt::format("token {}", tokens.size());
        Token token;
        token.score = file.get<float>(what);
        const auto length = file.get<std::int32_t>(what);
        if (!std::isfinite(token.score) || length < 0 || length > longest)
            file.fail(
                fmt::format("{} has the score {} and {} bytes; a finite score and 0 to {} "
                            "bytes are read",
                            what, token.score, length, longest));
        token.piece = file.take(static_cast<std::size_t>(length), what);
        tokens.push_back(token);
    }
    if (tokens.size() < kFirstPiece)
        file.fail(fmt::format("has {} tokens, not the {} that every vocabulary of llama2.c has",
                              tokens.size(), kFirstPiece));
    return tokens;
}

using Pieces = std::unordered_map<std::string_view, std::int32_t>;

/// Any two pieces that make a third one merge, the better its score the sooner.
std::vector<BytePairMerge> merges_of(const std::vector<Token>& tokens, const Pieces& pieces) {
    std::vector<float> scores;
    for (std::size_t id = kFirstPiece; id < tokens.size(); ++id) scores.push_back(tokens[id].score);
    std::sort(scores.begin(), scores.end(), std::greater<>());
    scores.erase(std::unique(scores.begin(), scores.end()), scores.end());
    std::vector<BytePairMerge> merges;
    for (const auto& [piece, id] : pieces) {
        const float score = tokens[static_cast<std::size_t>(id)].score;
        const auto rank = std::lower_bound(scores.begin(), scores.end(), score, std::greater<>());
        for (std::size_t cut = 1; cut < piece.size(); ++cut) {
            const auto left = pieces.find(piece.substr(0, cut));
            const auto right = pieces.find(piece.substr(cut));
            if (left != pieces.end() && right != pieces.end())
                merges.push_back({left->second, right->second, id,
                                  static_cast<std::int32_t>(rank - scores.begin())});
        }
    }
    return merges;
}

}  // namespace

BytePairSpec parse_llama2c_vocabulary(std::string_view name, std::string_view bytes) {
    Reader file(name, bytes);
    const std::vector<Token> tokens = read_tokens(file);
    BytePairSpec spec;
    Pieces pieces;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        const auto id = static_cast<std::int32_t>(i);
        if (i < kFirstByte) {
            spec.unreachable.emplace_back(tokens[i].piece, id);
            spec.control_ids.push_back(id);
        } else if (i < kFirstPiece) {
            spec.vocabulary.byte_ids.at(i - kFirstByte) = id;
        } else {
            spec.vocabulary.pieces.emplace_back(tokens[i].piece, id);
            pieces[tokens[i].piece] = id;
        }
    }
    spec.vocabulary.unit = BytePairVocabulary::Unit::Character;
    spec.vocabulary.merges = merges_of(tokens, pieces);
    spec.vocabulary.unknown_id = 0;
    spec.normalizer = {{NormalizerStep::Kind::Prepend, "", " "}};
    spec.drop_first_blank = true;
    spec.frame = SequenceTemplate::decoder(kBos, std::nullopt);
    return spec;
}

}  // namespace mobi
