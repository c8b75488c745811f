// SPDX-License-Identifier: Apache-2.0
#include "method/side/update_benchmark.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <span>
#include <vector>

#include "core/check.hpp"
#include "core/clock.hpp"
#include "core/rng.hpp"
#include "learn/launch_counter.hpp"
#include "method/side/inbox.hpp"
#include "method/side/side_costs.hpp"
#include "method/side/trainer.hpp"
#include "method/side/update_launches.hpp"
#include "wire/codec.hpp"

namespace mobi {
namespace {

constexpr std::int64_t kPlanned = 1'000'000;  // updates of the learning rate's schedule
constexpr int kWarmUp = 3;                    // the first one lays the moments out
constexpr int kLeast = 5;                     // timed updates

const DevicePlan& device_of(const FleetPlan& plan, std::int32_t sample) {
    return plan
        .devices[static_cast<std::size_t>(plan.samples[static_cast<std::size_t>(sample)].device)];
}

const PacketLayout& layout_of(const FleetPlan& plan, const DevicePlan& device) {
    return plan.backbones[static_cast<std::size_t>(device.backbone)].layout;
}

/// Ids, increasing, in turn from the first `sources` sources that have samples.
std::vector<std::int32_t> choose_samples(const FleetPlan& plan,
                                         const SourceMap& map,
                                         std::int64_t sources,
                                         std::int64_t samples) {
    std::map<std::int32_t, std::vector<std::int32_t>> by_source;
    for (const DevicePlan& device : plan.devices) {
        if (!device.admitted || device.samples.empty()) continue;
        const std::int32_t source = map.of_device(device.id);
        if (std::ssize(by_source) == sources && !by_source.contains(source)) continue;
        auto& own = by_source[source];
        own.insert(own.end(), device.samples.begin(), device.samples.end());
    }
    std::vector<std::int32_t> chosen;
    for (std::size_t turn = 0; std::ssize(chosen) < samples; ++turn) {
        const std::size_t before = chosen.size();
        for (const auto& [source, own] : by_source)
            if (turn < own.size() && std::ssize(chosen) < samples) chosen.push_back(own[turn]);
        if (chosen.size() == before) break;
    }
    std::sort(chosen.begin(), chosen.end());
    return chosen;
}

/// What a device would have sent: numbers of a normal distribution, and residuals of true classes.
Packet random_packet(const DevicePlan& device, const PacketLayout& layout, std::uint64_t seed) {
    RandomStream stream(seed, Purpose::Benchmark, static_cast<std::uint64_t>(device.id));
    const auto width = static_cast<std::size_t>(layout.width);
    const std::size_t vectors = device.samples.size() * static_cast<std::size_t>(layout.taps);
    std::vector<float> rows(vectors * width);
    for (float& number : rows) number = static_cast<float>(stream.normal());
    Packet packet;
    packet.device = device.id;
    packet.backbone = device.backbone;
    packet.samples = device.samples;
    packet.taps.resize(vectors * vector_bytes(layout.dtype, width));
    packet.scales.resize(has_scale(layout.dtype) ? vectors : 0);
    encode_vectors(layout.dtype, rows, width, packet.taps, packet.scales);
    for (std::size_t i = 0; i < device.samples.size(); ++i) {
        const auto truth = static_cast<std::int32_t>(
            stream.below(static_cast<std::uint64_t>(std::max(layout.classes, 1))));
        for (std::int32_t c = 0; c < layout.classes; ++c)
            packet.residual.push_back((c == truth ? -1.0F : 0.0F) +
                                      1.0F / static_cast<float>(layout.classes));
        if (layout.labels) packet.labels.push_back(truth);
    }
    return packet;
}

/// A trainer that does the same update again and again.
class Repeated {
  public:
    Repeated(const SideSettings& settings,
             const FleetPlan& plan,
             const FleetShape& shape,
             const Inbox& inbox,
             const std::vector<std::int32_t>& samples)
        : trainer_(settings, plan, shape, inbox, nullptr, sink()) {
        trainer_.count(samples);
        step_.model_steps = kPlanned;
        step_.samples = samples;
        for (int i = 0; i < kWarmUp; ++i) run();
        const LaunchCounter counter;
        run();
        launches_ = counter.launches();
    }

    void time() {
        const WallClock::time_point start = WallClock::now();
        run();
        seconds_.push_back((WallClock::now() - start).count());
    }

    UpdateSpeed::Way result() {
        std::sort(seconds_.begin(), seconds_.end());
        return {launches_, seconds_[seconds_.size() / 2]};
    }

    std::size_t timed() const { return seconds_.size(); }

  private:
    static LearnerSink sink() {
        LearnerSink sink;
        sink.step = [](const StepResult&) {};
        return sink;
    }

    void run() {
        trainer_.run(step_);
        ++step_.number;
        ++step_.model_step;
    }

    Trainer trainer_;
    Step step_;
    std::int64_t launches_ = 0;
    std::vector<double> seconds_;
};

}  // namespace

UpdateSpeed measure_updates(const FleetPlan& plan,
                            const SideSettings& settings,
                            std::int64_t sources,
                            std::int64_t samples,
                            double seconds) {
    SideSettings eager = settings;
    eager.eval.every = std::numeric_limits<int>::max();
    SideSettings foreach = eager;
    foreach
        .optimizer.calls = OptimizerCalls::Foreach;
    const FleetShape shape(plan, eager);
    const std::vector<std::int32_t> batch = choose_samples(plan, shape.sources, sources, samples);
    MOBI_CHECK(!batch.empty(), "no admitted device has a sample");

    Inbox inbox(plan, shape.sources, shape.side.classes);
    std::set<std::int32_t> devices, taken;
    for (const std::int32_t id : batch) {
        const DevicePlan& device = device_of(plan, id);
        taken.insert(shape.sources.of_device(device.id));
        if (devices.insert(device.id).second)
            inbox.insert(random_packet(device, layout_of(plan, device), settings.seed));
    }

    Repeated one(eager, plan, shape, inbox, batch), other(foreach, plan, shape, inbox, batch);
    const WallClock::time_point start = WallClock::now();
    while (one.timed() < kLeast || (WallClock::now() - start).count() < seconds) {
        one.time();
        other.time();
    }
    UpdateSpeed speed;
    speed.sources = std::ssize(taken);
    speed.samples = std::ssize(batch);
    for (const std::int32_t id : batch) {
        const DevicePlan& device = device_of(plan, id);
        speed.sample_flop +=
            side_update_flop(shape.side, settings.side, shape.sources.of_device(device.id));
        speed.sample_bytes += static_cast<double>(packet_bytes(layout_of(plan, device), 1, false));
    }
    speed.sample_flop /= static_cast<double>(batch.size());
    speed.sample_bytes /= static_cast<double>(batch.size());
    speed.launches = update_launches(shape.side, eager, speed.sources).total();
    speed.eager = one.result();
    speed.foreach = other.result();
    return speed;
}

}  // namespace mobi
