// SPDX-License-Identifier: Apache-2.0
#include "architecture/transformer_config.hpp"

#include <map>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/error.hpp"

namespace mobi {
namespace {

constexpr std::int32_t kMost = 1 << 16;
constexpr std::int32_t kMostRows = 1 << 24;

}  // namespace

std::int32_t kept_layers(std::int32_t wanted, std::int32_t available, const std::string& name) {
    if (wanted < 0 || wanted > available)
        throw ConfigError(fmt::format("layers = {}: {} has {} blocks; 0 keeps all of them", wanted,
                                      name, available));
    return wanted > 0 ? wanted : available;
}

TransformerConfig read_sizes(const ConfigFile& config,
                             const SizeKeys& keys,
                             const SizeDefaults& defaults,
                             std::int32_t layers) {
    TransformerConfig sizes;
    sizes.layers =
        kept_layers(layers, config.integer(keys.layers, defaults.layers, 1, kMost), config.name());
    sizes.width = config.integer(keys.width, defaults.width, 1, kMost);
    sizes.heads = config.integer(keys.heads, defaults.heads, 1, kMost);
    sizes.kv_heads = sizes.heads;
    if (defaults.ffn > 0 || config.says(keys.ffn))
        sizes.ffn = config.integer(keys.ffn, defaults.ffn, 1, 4 * kMost);
    else
        sizes.ffn = config.take_default(keys.ffn, 4 * sizes.width);
    sizes.vocabulary = config.integer("vocab_size", defaults.vocabulary, 1, kMostRows);
    sizes.max_tokens = config.integer(keys.max_positions, defaults.max_positions, 1, kMostRows);
    sizes.embedding_width = sizes.width;
    if (sizes.width % sizes.heads == 0)
        sizes.head_dim = sizes.width / sizes.heads;
    else if (keys.head_dim == nullptr || !config.says(keys.head_dim))
        config.refuse(keys.heads,
                      fmt::format("a divisor of {} = {}", keys.width, config.shown(keys.width)));
    return sizes;
}

kernels::Activation read_activation(const ConfigFile& config,
                                    std::string_view key,
                                    std::string_view fallback) {
    using kernels::Activation;
    static const std::map<std::string, Activation, std::less<>> kinds{
        {"gelu", Activation::Gelu},
        {"gelu_new", Activation::GeluTanh},
        {"gelu_pytorch_tanh", Activation::GeluTanh},
        {"gelu_fast", Activation::GeluTanh},
        {"relu", Activation::Relu},
        {"silu", Activation::Silu},
        {"swish", Activation::Silu}};
    const auto found = kinds.find(config.text_value(key, fallback));
    if (found == kinds.end()) {
        std::vector<std::string_view> accepted;
        for (const auto& [name, unused] : kinds) accepted.push_back(name);
        config.refuse(key, fmt::format("{}", fmt::join(accepted, ", ")));
    }
    return found->second;
}

}  // namespace mobi
