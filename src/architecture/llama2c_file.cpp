// SPDX-License-Identifier: Apache-2.0
#include "architecture/llama2c_file.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <numeric>
#include <utility>

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "architecture/rotary_decoder.hpp"
#include "core/error.hpp"
#include "weights/content_hash.hpp"
#include "weights/folder_files.hpp"

namespace mobi {
namespace {

using Header = std::array<std::int32_t, 7>;

/// Largest value of each number of the header.
constexpr Header kMost{1 << 16, 1 << 18, 1 << 10, 1 << 12, 1 << 12, 1 << 24, 1 << 24};
constexpr std::array<const char*, 7> kNames{"width",    "ffn",        "layers",   "heads",
                                            "kv_heads", "vocabulary", "positions"};

Header read_header(std::span<const std::byte> bytes, const std::string& name) {
    Header header{};
    if (bytes.size() < sizeof(header))
        throw DataError(fmt::format("{}: {} bytes; a llama2.c checkpoint begins with {}", name,
                                    bytes.size(), sizeof(header)));
    std::memcpy(header.data(), bytes.data(), sizeof(header));
    for (std::size_t i = 0; i < header.size(); ++i) {
        const std::int64_t value =
            i == 5 ? std::abs(std::int64_t{header[i]}) : std::int64_t{header[i]};
        if (value < 1 || value > kMost[i])
            throw DataError(
                fmt::format("{}: {} = {}: accepted: 1 to {} (is it a llama2.c "
                            "checkpoint, version 0?)",
                            name, kNames[i], header[i], kMost[i]));
    }
    return header;
}

bool has_header(const std::filesystem::path& path) {
    try {
        read_header(MappedFile::open(path).bytes(), "");
        return true;
    } catch (const DataError&) {
        return false;
    }
}

}  // namespace

std::filesystem::path find_llama2c(const std::filesystem::path& folder) {
    std::error_code error;
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error))
        if (entry.path().extension() == ".bin" && has_header(entry.path()))
            files.push_back(entry.path());
    if (error)
        throw DataError(fmt::format("{}: cannot be listed: {}", folder.string(), error.message()));
    if (files.size() == 1) return files.front();
    const std::string instead = instead_of_config(folder);
    if (files.empty() && !instead.empty())
        throw DataError(fmt::format("{}: holds no config.json; {}", folder.string(), instead));
    throw DataError(fmt::format(
        "{}: holds no config.json and {} .bin files that begin as a llama2.c checkpoint "
        "of version 0: accepted: config.json, or one such file",
        folder.string(), files.size()));
}

Llama2cFile::Llama2cFile(const std::filesystem::path& path)
    : file_(MappedFile::open(path)), name_(path.string()) {
    const Header header = read_header(file_.bytes(), name_);
    const auto [width, ffn, layers, heads, kv_heads, vocabulary, positions] = header;
    if (width % heads != 0 || (width / heads) % 2 != 0)
        throw DataError(
            fmt::format("{}: heads = {}: accepted: those that cut the width {} into "
                        "even parts",
                        name_, heads, width));
    if (heads % kv_heads != 0)
        throw DataError(fmt::format("{}: kv_heads = {}: accepted: a divisor of heads = {}", name_,
                                    kv_heads, heads));
    tied_ = vocabulary > 0;
    const std::string config = fmt::format(
        R"({{"hidden_size": {}, "intermediate_size": {}, "num_hidden_layers": {},
            "num_attention_heads": {}, "num_key_value_heads": {}, "vocab_size": {},
            "max_position_embeddings": {}, "rms_norm_eps": 1e-5}})",
        width, ffn, layers, heads, kv_heads, std::abs(vocabulary), positions);
    architecture_ = read_rotary_decoder(ConfigFile::parse(config, name_),
                                        {.family = "llama", .sizes = {}, .kv_heads = 0}, 0);
    const std::size_t wanted = place_tensors();
    if (file_.bytes().size() != wanted)
        throw DataError(
            fmt::format("{}: {} bytes, its sizes say {}: cut off, or not a llama2.c "
                        "checkpoint of version 0",
                        name_, file_.bytes().size(), wanted));
}

/// Fills places_; returns the bytes that the file must have.
std::size_t Llama2cFile::place_tensors() {
    std::size_t offset = sizeof(Header);
    const auto add = [&](const std::string& name, std::vector<std::int64_t> shape, bool adjacent) {
        const auto numbers =
            std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
        places_[name] = {offset, std::move(shape), adjacent};
        offset += static_cast<std::size_t>(numbers) * sizeof(float);
    };
    const TransformerConfig& model = architecture_;
    const TensorNames& names = model.names;
    const auto add_all = [&](const std::string& stem, const std::vector<std::int64_t>& shape,
                             bool adjacent = false) {
        for (std::int32_t i = 0; i < model.layers; ++i)
            add(fmt::format(fmt::runtime(names.block), i) + stem + ".weight", shape, adjacent);
    };
    const std::int64_t d = model.width;
    const std::int64_t f = model.ffn;
    const std::int64_t kv = std::int64_t{model.kv_heads} * model.head_dim;
    add(names.words + ".weight", {model.vocabulary, d}, false);
    add_all(names.attention_norm, {d});
    add_all(names.qkv[0], {d, d}, true);
    add_all(names.qkv[1], {kv, d}, true);
    add_all(names.qkv[2], {kv, d});
    add_all(names.attention_out, {d, d});
    add_all(names.mlp_norm, {d});
    add_all(names.up[0], {f, d});
    add_all(names.down, {d, f});
    add_all(names.up[1], {f, d});
    add(names.final_norm + ".weight", {d}, false);
    const std::int64_t rotation = std::int64_t{model.max_tokens} * model.head_dim;
    offset += static_cast<std::size_t>(rotation) * sizeof(float);  // both tables
    if (!tied_) add("lm_head.weight", {model.vocabulary, d}, false);
    return offset;
}

TransformerConfig Llama2cFile::architecture(std::int32_t layers) const {
    TransformerConfig cut = architecture_;
    cut.layers = kept_layers(layers, architecture_.layers, name_);
    return cut;
}

std::optional<std::vector<std::int64_t>> Llama2cFile::shape(std::string_view name) const {
    const auto found = places_.find(name);
    if (found == places_.end()) return std::nullopt;
    return found->second.shape;
}

at::Tensor Llama2cFile::rows(const TensorSource& source,
                             std::int64_t first,
                             std::int64_t count) const {
    const auto found = places_.find(source.name);
    if (found == places_.end() || found->second.shape != source.shape)
        throw DataError(fmt::format("{}: has no tensor \"{}\" of shape [{}]", name_, source.name,
                                    fmt::join(source.shape, ", ")));
    const Place& place = found->second;
    const std::int64_t columns = place.shape.size() > 1 ? place.shape[1] : 1;
    const std::int64_t head_dim = architecture_.head_dim;
    const std::int64_t half = head_dim / 2;
    std::vector<std::int64_t> shape = place.shape;
    shape[0] = count;
    at::Tensor result = at::empty(shape, at::kFloat);
    auto* target = static_cast<std::byte*>(result.data_ptr());
    const std::size_t row_bytes = static_cast<std::size_t>(columns) * sizeof(float);
    for (std::int64_t row = first; row < first + count; ++row, target += row_bytes) {
        std::int64_t from = row;
        if (place.adjacent) {
            const std::int64_t channel = row % head_dim;
            from = row - channel + (channel < half ? 2 * channel : 2 * (channel - half) + 1);
        }
        std::memcpy(
            target,
            file_.bytes().data() + place.offset + static_cast<std::size_t>(from) * row_bytes,
            row_bytes);
    }
    const float* numbers = result.data_ptr<float>();
    if (!std::all_of(numbers, numbers + result.numel(), [](float x) { return std::isfinite(x); }))
        throw DataError(fmt::format("{}: tensor \"{}\" holds a number that is infinite or NaN",
                                    name_, source.name));
    return result;
}

std::string Llama2cFile::fingerprint() const {
    ContentHash hash;
    hash.add(file_.bytes());
    return hash.hex();
}

}  // namespace mobi
