// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace mobi {

/// What a draw is for.  Part of the key: adding a purpose never shifts another one's draws.
enum class Purpose : std::uint32_t {
    Partition = 1,  ///< index: device
    PartitionDeal,  ///< index: class
    SideNetwork,    ///< index: parameter
    ResidualHead,   ///< index: backbone width
    ReplayUniform,  ///< index: update
    ReplayEpoch,    ///< index: epoch of the permutation
    LayerPlan,      ///< index: backbone layers
    RandomWeights,  ///< index: tensor
    FleetMix,       ///< index: device
    InboxPlace,     ///< index: sample
    Test,
    Benchmark,
    Mixup,             ///< index: update
    Availability,      ///< index: device
    AvailabilitySlot,  ///< index: device, subindex: slot of the day cycle
    LinkLoss,          ///< index: device, subindex: packet
    LinkLatency,       ///< index: device, subindex: packet
    TraceOffset,       ///< index: device
    DeviceSpeed,       ///< index: device
    LinkSpeed,         ///< index: device
    ComputeTime,       ///< index: device, subindex: packet
    LoadOffset,        ///< index: device
    ComputeDeviation,  ///< index: device, subindex: packet
    UplinkRate,        ///< index: device, subindex: packet
    DownlinkRate,      ///< index: device, subindex: download
    DownlinkLoss,      ///< index: device, subindex: download
    DownlinkLatency,   ///< index: device, subindex: download
    LinkChoice,        ///< index: device
    Selection,         ///< index: round, or dispatch
};

/// A stable 64-bit key of a text (FNV-1a), for streams that belong to something with a name.
constexpr std::uint64_t text_key(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const char letter : text)
        hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001b3;
    return hash;
}

/// A stream of random numbers that is a pure function of its key (seed, purpose, index, subindex),
/// so that no draw depends on how many draws others made, nor on rank or thread.
///
/// Philox 4x32 with 10 rounds (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
/// SC 2011).  The distributions are our own, because those of the standard library differ between
/// implementations.
class RandomStream {
  public:
    RandomStream(std::uint64_t seed,
                 Purpose purpose,
                 std::uint64_t index = 0,
                 std::uint32_t subindex = 0);

    std::uint32_t next_u32();
    std::uint64_t next_u64();

    /// Uniform in [0, 1), 53 random bits.
    double uniform();
    /// Uniform in [0, bound), without bias.  \pre bound > 0
    std::uint64_t below(std::uint64_t bound);
    /// N(0, 1), Box-Muller.
    double normal();
    /// The logarithm of a Gamma(shape, 1) draw (Marsaglia and Tsang 2000).  Logarithm, because a
    /// draw of shape 0.01 underflows even in double.  \pre shape > 0
    double log_gamma_draw(double shape);

    template <typename T>
    void shuffle(std::span<T> values) {
        for (std::size_t left = values.size(); left > 1; --left)
            std::swap(values[left - 1], values[static_cast<std::size_t>(below(left))]);
    }

  private:
    std::array<std::uint32_t, 4> counter_;
    std::array<std::uint32_t, 2> key_;
    std::array<std::uint32_t, 4> block_{};
    unsigned used_ = 4;
};

/// `count` distinct indices of [0, size), in increasing order (Floyd's algorithm).
/// \pre count <= size
std::vector<std::uint64_t> sample_without_replacement(RandomStream& stream,
                                                      std::uint64_t size,
                                                      std::uint64_t count);

/// N(mean, deviation), drawn again until above 0.  \pre mean > 0, deviation >= 0
double positive_normal(double mean, double deviation, RandomStream& stream);

/// Shares of a Dirichlet distribution with the given concentrations, all > 0.  Sums to 1.
std::vector<double> dirichlet(RandomStream& stream, std::span<const double> concentrations);

namespace internal {
/// Ten rounds of Philox 4x32; exposed for the known-answer test.
std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter,
                                    std::array<std::uint32_t, 2> key);
}  // namespace internal

}  // namespace mobi
