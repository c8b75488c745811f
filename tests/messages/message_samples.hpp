// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "core/rng.hpp"
#include "messages/pace_plan.hpp"
#include "messages/work_request.hpp"
#include "messages/worker_setup.hpp"
#include "support/contains.hpp"

namespace mobi::test {

/// Messages with random contents, of every size from empty on: all a function of the seed.
class MessageSamples {
  public:
    explicit MessageSamples(std::uint64_t seed) : stream_(seed, Purpose::Test) {}

    /// Any value, the extreme ones often.
    template <typename Int>
    Int integer() {
        using Limits = std::numeric_limits<Int>;
        switch (stream_.below(8)) {
            case 0:
                return Limits::min();
            case 1:
                return Limits::max();
            case 2:
                return 0;
            default:
                return static_cast<Int>(stream_.next_u64() >> stream_.below(64));
        }
    }
    double number() { return stream_.normal() * 1e6; }
    bool flag() { return stream_.below(2) == 1; }
    template <typename Enum>
    Enum one_of(Enum last) {
        return static_cast<Enum>(stream_.below(static_cast<std::uint64_t>(last) + 1));
    }
    std::size_t count(std::size_t most) {
        return static_cast<std::size_t>(stream_.below(most + 1));
    }
    Bytes bytes(std::size_t most) {
        Bytes made(count(most));
        for (std::byte& byte : made) byte = static_cast<std::byte>(stream_.below(256));
        return made;
    }
    /// Of any bytes: paths need not be UTF-8.
    std::string text() {
        const Bytes made = bytes(20);
        return {reinterpret_cast<const char*>(made.data()), made.size()};
    }
    std::vector<std::int32_t> integers(std::size_t most) {
        std::vector<std::int32_t> made(count(most));
        for (std::int32_t& value : made) value = integer<std::int32_t>();
        return made;
    }
    VirtualClock::time_point time() {
        return VirtualClock::time_point(VirtualClock::duration(integer<std::int64_t>()));
    }
    PacketTimes times() { return {time(), time(), time(), time(), time()}; }

    WorkerSetup setup() {
        WorkerSetup made;
        made.method = text();
        made.seed = integer<std::uint64_t>();
        made.classes = integer<std::int32_t>();
        made.threads = integer<std::int32_t>();
        made.forward = flag();
        made.measure_peak = flag();
        made.arithmetic = one_of(Precision::Int4);
        made.batch_tokens = integer<std::int32_t>();
        made.residual.output = one_of(ResidualOutput::Zero);
        made.residual.head = one_of(ResidualHeadKind::None);
        made.cache = text();
        made.backbones.resize(count(3));
        for (WorkerSetup::Backbone& backbone : made.backbones) {
            backbone.parameters = {text(),
                                   text(),
                                   integer<std::int32_t>(),
                                   one_of(WeightSource::Random),
                                   one_of(Precision::Int4),
                                   flag()};
            backbone.pivot = one_of(Pivot::Mean);
            backbone.tap_layers = integers(5);
            backbone.layout = {one_of(Precision::Int4), integer<std::int32_t>(),
                               integer<std::int32_t>(), integer<std::int32_t>(), flag()};
            backbone.class_words = integers(4);
        }
        return made;
    }

    WorkRequest request() {
        WorkRequest made;
        made.request = integer<std::int32_t>();
        made.release = one_of(Release::OnDemand);
        made.work.backbone = integer<std::int32_t>();
        made.work.kind = one_of(PacketKind::Evaluation);
        made.work.items.resize(count(3));
        for (WorkItem& item : made.work.items) {
            item.task = TaskId(integer<std::int64_t>());
            item.device = integer<std::int32_t>();
            item.part = integer<std::int32_t>();
            item.up_bytes = integer<std::int64_t>();
            item.samples.resize(count(3));
            for (DeviceSample& sample : item.samples)
                sample = {integer<std::int32_t>(), integer<std::int32_t>(),
                          static_cast<float>(number()), integers(6), integers(6)};
            item.brief.shared.resize(count(3));
            for (Content& content : item.brief.shared) content.id = integer<std::int64_t>();
            item.brief.own = bytes(9);
        }
        return made;
    }
    Content content() {
        return {integer<std::int64_t>(), std::make_shared<const Bytes>(bytes(30))};
    }
    ItemResult result() {
        return {TaskId(integer<std::int64_t>()), integer<std::int32_t>(), bytes(30)};
    }
    WorkReport report() {
        return {
            integer<std::int32_t>(),
            integer<std::int32_t>(),
            one_of(PacketKind::Evaluation),
            {integer<std::int64_t>(), integer<std::int64_t>(), integer<std::int64_t>(), number()},
            integer<std::int64_t>(),
            number(),
            number(),
            number()};
    }
    WorkerReport worker_report() {
        return {number(), number(), integer<std::int64_t>(), integer<std::int32_t>()};
    }

    PacePlan pace_plan() {
        PacePlan made;
        made.start_wall_s = number();
        made.time_scale = number();
        made.from = time();
        made.uploads.resize(count(4));
        for (PacePlan::Upload& upload : made.uploads)
            upload = {integer<std::int32_t>(), integer<std::int32_t>(), times()};
        made.cut.resize(count(4));
        for (PacePlan::CutUpload& cut : made.cut)
            cut = {integer<std::int32_t>(), integer<std::int32_t>(), time(), time(),
                   integer<std::int64_t>()};
        return made;
    }
    Segment segment() {
        return {integer<std::int32_t>(),
                integer<std::int32_t>(),
                integer<std::int32_t>(),
                flag(),
                times(),
                VirtualClock::duration(integer<std::int64_t>()),
                bytes(40)};
    }
    PaceReport pace_report() {
        return {number(), number(), integer<std::int64_t>(), integer<std::int64_t>(), number()};
    }

  private:
    RandomStream stream_;
};

/// What a message is refused with; empty when it is not.
template <typename Decode>
std::string refusal(std::span<const std::byte> bytes, const Decode& decode) {
    try {
        decode(bytes);
    } catch (const TransportError& error) {
        return error.what();
    }
    return {};
}

/// The start of a message, up to every byte, and the message with a byte too many are refused by
/// an error that begins with the message's name.
template <typename Decode>
void expect_no_other_length(const Bytes& whole, const std::string& name, const Decode& decode) {
    ASSERT_EQ(refusal(whole, decode), "");
    for (std::size_t size = 0; size < whole.size(); ++size)
        ASSERT_TRUE(refusal(std::span(whole).first(size), decode).starts_with(name + ": cut short"))
            << size << " of " << whole.size() << " bytes";
    Bytes longer = whole;
    longer.push_back(std::byte{0});
    ASSERT_EQ(refusal(longer, decode), name + ": 1 bytes too many");
}

/// Of whatever bytes a change of a message makes, only those are accepted that are a message.
template <typename Encode, typename Decode>
void expect_nothing_else_is_read(const Bytes& whole,
                                 std::uint64_t seed,
                                 const Encode& encode,
                                 const Decode& decode) {
    RandomStream stream(seed, Purpose::Test);
    for (int i = 0; i < 200 && !whole.empty(); ++i) {
        Bytes changed = whole;
        changed[stream.below(changed.size())] = static_cast<std::byte>(stream.below(256));
        try {
            ASSERT_EQ(encode(decode(changed)), changed);
        } catch (const TransportError&) {  // refused, as it should be
        }
    }
}

}  // namespace mobi::test
