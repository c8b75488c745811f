// SPDX-License-Identifier: Apache-2.0
#include "model/forward_benchmark.hpp"

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "core/check.hpp"
#include "core/clock.hpp"
#include "core/rng.hpp"
#include "kernels/linear.hpp"
#include "model/flops.hpp"

namespace mobi {
namespace {

constexpr std::size_t kAlternations = 3;
constexpr std::size_t kBatches = 8;  // different ones, so that no batch stays in the cache

/// Batches of random tokens.
std::vector<PackedBatch> make_batches(const BackboneInfo& info,
                                      std::span<const std::int32_t> lengths,
                                      std::int32_t batch_tokens) {
    RandomStream random(1, Purpose::Benchmark);
    std::vector<PackedBatch> batches;
    std::size_t next = 0;
    while (batches.size() < kBatches) {
        PackedBatch batch;
        batch.offsets.push_back(0);
        while (true) {
            const auto length = static_cast<std::size_t>(lengths[next % lengths.size()]);
            const bool full = batch.tokens() + length > static_cast<std::size_t>(batch_tokens);
            if (full && batch.sequences() > 0) break;
            for (std::size_t t = 0; t < length; ++t)
                batch.ids.push_back(static_cast<std::int32_t>(
                    random.below(static_cast<std::uint64_t>(info.vocabulary))));
            batch.offsets.push_back(static_cast<std::int32_t>(batch.ids.size()));
            ++next;
        }
        batches.push_back(std::move(batch));
    }
    return batches;
}

double median(std::array<double, kAlternations> values) {
    std::sort(values.begin(), values.end());
    return values[kAlternations / 2];
}

/// Tokens and FLOP of whole passes over the batches, for about `seconds`.
struct Passes {
    double tokens = 0;
    double flop = 0;
    double seconds = 0;
};

Passes run_passes(const Backbone& backbone,
                  const std::vector<PackedBatch>& batches,
                  std::span<const std::int32_t> layers,
                  Pivot pivot,
                  double seconds) {
    Passes passes;
    const auto start = ThreadClock::now();
    do {
        for (const PackedBatch& batch : batches) {
            backbone.forward(batch, layers, pivot);
            passes.tokens += static_cast<double>(batch.tokens());
            passes.flop += done_forward_flop(backbone.info().size, batch, pivot);
        }
        passes.seconds = (ThreadClock::now() - start).count();
    } while (passes.seconds < seconds);
    return passes;
}

}  // namespace

ForwardSpeed measure_forward(const Backbone& backbone,
                             Precision arithmetic,
                             std::span<const std::int32_t> lengths,
                             std::int32_t batch_tokens,
                             Pivot pivot,
                             double seconds) {
    MOBI_CHECK(!lengths.empty() && pivot != Pivot::Auto, "lengths and a pivot are given");
    const BackboneInfo& info = backbone.info();
    const auto batches = make_batches(info, lengths, batch_tokens);
    std::vector<std::int32_t> layers;
    for (std::int32_t layer = 2; layer <= info.size.layers; layer += 2) layers.push_back(layer);
    ForwardSpeed speed;
    speed.batch_tokens = batch_tokens;
    for (const PackedBatch& batch : batches)
        speed.mean_tokens += static_cast<double>(batch.tokens()) / kBatches;
    const auto rows = static_cast<int>(speed.mean_tokens);
    run_passes(backbone, batches, layers, pivot, 0);  // the library prepares itself
    std::array<double, kAlternations> tokens{}, flop{}, linear{}, packed{}, of_linear{},
        of_packed{};
    for (std::size_t i = 0; i < kAlternations; ++i) {
        const Passes passes = run_passes(backbone, batches, layers, pivot, seconds);
        tokens[i] = passes.tokens / passes.seconds;
        flop[i] = passes.flop / passes.seconds;
        linear[i] = measure_gemm_peak(info.size, arithmetic, rows);
        packed[i] = measure_packed_peak(info.size, arithmetic, rows);
        of_linear[i] = flop[i] / linear[i];
        of_packed[i] = flop[i] / packed[i];
    }
    speed.tokens_per_second = median(tokens);
    speed.flop_per_second = median(flop);
    speed.linear_peak = median(linear);
    speed.packed_peak = median(packed);
    speed.share_of_linear = median(of_linear);
    speed.share_of_packed = median(of_packed);
    return speed;
}

std::string forward_report_json(const std::string& folder,
                                const BackboneInfo& info,
                                int threads,
                                std::span<const ForwardSpeed> speeds) {
    nlohmann::json batches = nlohmann::json::array();
    for (const ForwardSpeed& speed : speeds)
        batches.push_back({{"batch_tokens", speed.batch_tokens},
                           {"mean_tokens", speed.mean_tokens},
                           {"tokens_per_second", speed.tokens_per_second},
                           {"flop_per_second", speed.flop_per_second},
                           {"linear_peak", speed.linear_peak},
                           {"packed_peak", speed.packed_peak},
                           {"share_of_linear", speed.share_of_linear},
                           {"share_of_packed", speed.share_of_packed}});
    const nlohmann::json report{
        {"folder", folder},   {"family", info.family},     {"parameters", info.size.parameters},
        {"threads", threads}, {"products", products_by()}, {"batches", batches}};
    return report.dump(2);
}

}  // namespace mobi
