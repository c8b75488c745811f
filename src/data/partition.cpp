// SPDX-License-Identifier: Apache-2.0
#include "data/partition.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>

#include <fmt/format.h>

#include "core/check.hpp"
#include "core/error.hpp"
#include "core/rng.hpp"

namespace mobi {

std::vector<std::int64_t> internal::apportion(std::int64_t amount,
                                              std::span<const double> shares,
                                              std::span<const std::int64_t> limits) {
    const double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
    std::vector<double> fraction(shares.size());
    std::vector<std::int64_t> given(shares.size());
    for (std::size_t c = 0; c < shares.size(); ++c) {
        const double ideal = static_cast<double>(amount) * shares[c] / sum;
        given[c] = std::min(static_cast<std::int64_t>(ideal), limits[c]);
        fraction[c] = ideal - static_cast<double>(given[c]);
    }
    std::vector<std::size_t> order(shares.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return fraction[a] > fraction[b]; });
    std::int64_t missing = amount - std::accumulate(given.begin(), given.end(), std::int64_t{0});
    while (missing > 0) {
        const std::int64_t before = missing;
        for (const std::size_t c : order) {
            if (missing == 0 || given[c] >= limits[c]) continue;
            ++given[c];
            --missing;
        }
        MOBI_CHECK(missing < before, "the limits leave no room for {} of {}", missing, amount);
    }
    return given;
}

namespace {

constexpr double kLeastConcentration = 1e-300;

using ByClass = std::vector<std::vector<std::int32_t>>;

/// Where part `part` of `parts` begins, so that sizes differ by one at most and what does not
/// divide lies evenly among them.
std::size_t even_cut(std::size_t count, std::size_t part, std::size_t parts) {
    return count / parts * part + count % parts * part / parts;
}

/// Where the shard of a device begins, if all were dealt in the order of the devices.
std::size_t shard_begin(Remainder remainder,
                        std::size_t samples,
                        std::size_t device,
                        std::size_t devices) {
    if (remainder == Remainder::Spread || device == devices)
        return even_cut(samples, device, devices);
    return samples / devices * device;
}

/// The ids of each class that occurs, in an order drawn for the class.
ByClass shuffled_classes(std::span<const std::int32_t> labels, int classes, std::uint64_t seed) {
    ByClass ids(static_cast<std::size_t>(classes));
    for (std::size_t i = 0; i < labels.size(); ++i) {
        MOBI_CHECK(labels[i] >= 0 && labels[i] < classes, "sample {} has the class {} of {}", i,
                   labels[i], classes);
        ids[static_cast<std::size_t>(labels[i])].push_back(static_cast<std::int32_t>(i));
    }
    for (std::size_t c = 0; c < ids.size(); ++c) {
        RandomStream stream(seed, Purpose::PartitionDeal, c);
        stream.shuffle(std::span(ids[c]));
    }
    std::erase_if(ids, [](const auto& members) { return members.empty(); });
    return ids;
}

/// Mixes the classes within each shard, so that a packet is not all of one class.
void shuffle_shards(Partition& result, std::uint64_t seed) {
    for (std::size_t device = 0; device < result.shards.size(); ++device) {
        RandomStream stream(seed, Purpose::Partition, device, 1);
        stream.shuffle(std::span(result.shards[device]));
    }
}

/// How many samples of each class a device takes of what is left.
std::vector<std::int64_t> take(std::int64_t size,
                               std::span<const double> shares,
                               std::span<const std::int64_t> left) {
    const std::vector<std::int64_t> unlimited(left.size(),
                                              std::numeric_limits<std::int64_t>::max());
    std::vector<std::int64_t> taken = internal::apportion(size, shares, unlimited);
    std::vector<double> rest_shares(left.size());
    std::vector<std::int64_t> rest(left.size());
    for (std::size_t c = 0; c < left.size(); ++c) {
        taken[c] = std::min(taken[c], left[c]);
        rest[c] = left[c] - taken[c];
        rest_shares[c] = static_cast<double>(rest[c]);
        size -= taken[c];
    }
    if (size == 0) return taken;
    const std::vector<std::int64_t> filled = internal::apportion(size, rest_shares, rest);
    for (std::size_t c = 0; c < left.size(); ++c) taken[c] += filled[c];
    return taken;
}

Partition dirichlet_partition(const DataParameters& parameters,
                              const ByClass& ids,
                              std::size_t samples,
                              std::size_t devices,
                              std::uint64_t seed) {
    std::vector<double> concentrations;
    std::vector<std::int64_t> left;
    for (const auto& members : ids) {
        const double prior = static_cast<double>(members.size()) / static_cast<double>(samples);
        concentrations.push_back(parameters.concentration == Concentration::Total
                                     ? parameters.alpha * prior
                                     : parameters.alpha);
        // Below, the logarithm of a draw is infinite for every class.
        if (!(concentrations.back() >= kLeastConcentration))
            throw ConfigError(fmt::format(
                "data.alpha = {}: the concentration of a class is {}; accepted: {} or more, which "
                "gives every device one class as far as they last",
                parameters.alpha, concentrations.back(), kLeastConcentration));
        left.push_back(static_cast<std::int64_t>(members.size()));
    }
    Partition result;
    result.shards.resize(devices);
    std::vector<std::size_t> next(ids.size());
    // Devices draw in a random order: who draws late finds some classes gone, and neighbours in the
    // fleet often share a backbone, which would then meet other classes than the rest.
    std::vector<std::size_t> order(devices);
    std::iota(order.begin(), order.end(), std::size_t{0});
    RandomStream order_stream(seed, Purpose::Partition, devices);
    order_stream.shuffle(std::span(order));
    for (std::size_t turn = 0; turn < devices; ++turn) {
        const std::size_t device = order[turn];
        const std::size_t size = shard_begin(parameters.remainder, samples, device + 1, devices) -
                                 shard_begin(parameters.remainder, samples, device, devices);
        RandomStream stream(seed, Purpose::Partition, device);
        const std::vector<std::int64_t> counts =
            turn + 1 < devices
                ? take(static_cast<std::int64_t>(size), dirichlet(stream, concentrations), left)
                : left;
        for (std::size_t c = 0; c < ids.size(); ++c) {
            const auto begin = ids[c].begin() + static_cast<std::ptrdiff_t>(next[c]);
            result.shards[device].insert(result.shards[device].end(), begin, begin + counts[c]);
            next[c] += static_cast<std::size_t>(counts[c]);
            left[c] -= counts[c];
        }
    }
    shuffle_shards(result, seed);
    return result;
}

Partition uniform_partition(Remainder remainder,
                            std::size_t samples,
                            std::size_t devices,
                            std::uint64_t seed) {
    std::vector<std::int32_t> ids(samples);
    std::iota(ids.begin(), ids.end(), 0);
    RandomStream stream(seed, Purpose::PartitionDeal, 0);
    stream.shuffle(std::span(ids));
    const auto begin_of = [&](std::size_t device) {
        return ids.begin() +
               static_cast<std::ptrdiff_t>(shard_begin(remainder, samples, device, devices));
    };
    Partition result;
    for (std::size_t device = 0; device < devices; ++device)
        result.shards.emplace_back(begin_of(device), begin_of(device + 1));
    return result;
}

Partition one_class_partition(const ByClass& ids,
                              std::size_t devices,
                              DeviceOrder order,
                              std::uint64_t seed) {
    if (devices < ids.size())
        throw ConfigError(
            fmt::format("data.partition = one_class: {} devices cannot hold {} classes, one each",
                        devices, ids.size()));
    // The next device goes to the class with most samples a device (its first devices come before).
    std::vector<std::size_t> owners(ids.size(), 1);
    for (std::size_t given = ids.size(); given < devices; ++given) {
        const auto load = [&](std::size_t c) {
            return static_cast<double>(ids[c].size()) / static_cast<double>(owners[c]);
        };
        std::size_t heaviest = 0;
        for (std::size_t c = 1; c < ids.size(); ++c)
            if (load(c) > load(heaviest)) heaviest = c;
        ++owners[heaviest];
    }
    std::vector<std::size_t> device_order(devices);
    std::iota(device_order.begin(), device_order.end(), std::size_t{0});
    RandomStream stream(seed, Purpose::Partition, devices);
    if (order == DeviceOrder::Drawn) stream.shuffle(std::span(device_order));
    Partition result;
    result.shards.resize(devices);
    std::size_t place = 0;
    for (std::size_t c = 0; c < ids.size(); ++c)
        for (std::size_t owner = 0; owner < owners[c]; ++owner) {
            const auto cut = [&](std::size_t part) {
                return ids[c].begin() +
                       static_cast<std::ptrdiff_t>(even_cut(ids[c].size(), part, owners[c]));
            };
            result.shards[device_order[place++]].assign(cut(owner), cut(owner + 1));
        }
    return result;
}

}  // namespace

void refuse_too_many_devices(std::int64_t devices, std::size_t samples) {
    if (devices > static_cast<std::int64_t>(samples))
        throw ConfigError(
            fmt::format("{} training samples cannot be dealt to {} devices, one each at least; see "
                        "fleet.mix, fleet.devices and data.train_samples",
                        samples, devices));
}

Partition partition(const DataParameters& parameters,
                    std::span<const std::int32_t> labels,
                    int classes,
                    int devices,
                    std::uint64_t seed) {
    if (devices < 1) throw ConfigError(fmt::format("{} devices; one or more are needed", devices));
    const auto count = static_cast<std::size_t>(devices);
    refuse_too_many_devices(devices, labels.size());
    const bool positive = parameters.alpha > 0 && std::isfinite(parameters.alpha);
    switch (parameters.partition) {
        case PartitionKind::Uniform:
            return uniform_partition(parameters.remainder, labels.size(), count, seed);
        case PartitionKind::OneClass:
            return one_class_partition(shuffled_classes(labels, classes, seed), count,
                                       parameters.device_order, seed);
        case PartitionKind::Dirichlet:
            break;
    }
    if (!positive)
        throw ConfigError(
            fmt::format("data.alpha = {}; a finite number above 0", parameters.alpha));
    return dirichlet_partition(parameters, shuffled_classes(labels, classes, seed), labels.size(),
                               count, seed);
}

}  // namespace mobi
