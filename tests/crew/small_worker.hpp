// SPDX-License-Identifier: Apache-2.0
// What workers answer, without computing: packets whose numbers follow from their own.
#pragma once

#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "messages/bundle.hpp"
#include "messages/pace_plan.hpp"
#include "messages/tags.hpp"
#include "messages/work_request.hpp"
#include "server/small_run.hpp"
#include "transport/channel.hpp"

namespace mobi::test {

/// The packet of an item.
inline Packet packet_of(const FleetPlan& plan, const Work& work, const WorkItem& item) {
    std::vector<std::int32_t> samples;
    for (const DeviceSample& sample : item.samples) samples.push_back(sample.id);
    if (work.kind == PacketKind::Evaluation)
        return test_packet(plan, work.backbone, item.part, samples.front(),
                           static_cast<std::int32_t>(samples.size()));
    return small_packet(plan, work.backbone, item.device, item.part, std::move(samples));
}

inline Bytes report_on(const WorkRequest& request) {
    WorkReport report;
    report.request = request.request;
    report.backbone = request.work.backbone;
    report.kind = request.work.kind;
    for (const WorkItem& item : request.work.items)
        report.counts.samples += static_cast<std::int64_t>(item.samples.size());
    return encode_report(report);
}

using Reply = std::function<void(int tag, Bytes bytes)>;

/// A worker under the virtual clock.  Every other request is answered with a bundle.
inline void answer_request(const FleetPlan& plan, const WorkRequest& request, const Reply& reply) {
    Bundle bundle;
    for (const WorkItem& item : request.work.items) {
        Bytes bytes = encoded(plan, packet_of(plan, request.work, item));
        if (request.request % 2 == 0)
            bundle.add(bytes);
        else
            reply(kTagPacket, std::move(bytes));
    }
    if (!bundle.empty()) reply(kTagPackets, bundle.take());
    reply(kTagDone, report_on(request));
}

/// A worker under the wall clock.  It keeps what it is asked for until its time has come, then
/// sends everything, each packet in two segments.
class SmallPacedWorker {
  public:
    /// \param ahead  of its clock before rank 0's.
    SmallPacedWorker(const FleetPlan& plan, Reply reply, WallClock::duration ahead = {})
        : plan_(plan), reply_(std::move(reply)), ahead_(ahead) {}

    void take(int tag, const Bytes& bytes) {
        switch (tag) {
            case kTagRequest:
                return take_request(decode_request(bytes));
            case kTagClock: {
                ByteWriter writer;
                writer.put(now().time_since_epoch().count());
                return reply_(kTagClock, writer.take());
            }
            case kTagPace:
                pace_ = decode_pace_plan(bytes);
                return;
            case kTagStop:
                if (!played_)
                    throw ProtocolError(0, tag, "a stop after the last segment", "one before");
                return reply_(kTagReport, encode_worker_report({1, 1, 1, 1}));
            default:
                throw ProtocolError(0, tag, "something for a worker", "another tag");
        }
    }
    WallClock::time_point now() const { return WallClock::now() + ahead_; }
    bool is_due() const {
        return pace_ && !played_ && now().time_since_epoch().count() >= pace_->start_wall_s;
    }
    /// Sends all that it was asked for.
    void play() {
        played_ = true;
        for (const PacePlan::Upload& upload : pace_->uploads) {
            const auto key = std::pair(upload.device, upload.packet);
            if (const auto later = later_.find(key); later != later_.end())
                reply_(kTagDone, later->second);
            const Bytes& whole = kept_.at(key);
            const auto middle = whole.begin() + std::ssize(whole) / 2;
            Segment segment;
            segment.device = upload.device;
            segment.packet = upload.packet;
            segment.bytes.assign(whole.begin(), middle);
            reply_(kTagSegment, encode_segment(segment));
            segment.last = true;
            segment.times = upload.times;
            segment.overrun = VirtualClock::duration(upload.packet);
            segment.bytes.assign(middle, whole.end());
            reply_(kTagSegment, encode_segment(segment));
        }
        reply_(kTagPaced, encode_pace_report({0.5, 0.25, 100, 2, 0.125}));
    }

    const std::optional<PacePlan>& pace() const { return pace_; }
    const std::map<std::pair<std::int32_t, std::int32_t>, Bytes>& kept() const { return kept_; }

  private:
    void take_request(const WorkRequest& request) {
        if (request.work.kind == PacketKind::Evaluation)
            return answer_request(plan_, request, reply_);
        for (const WorkItem& item : request.work.items) {
            const auto key = std::pair(item.device, item.part);
            kept_[key] = encoded(plan_, packet_of(plan_, request.work, item));
            if (request.release == Release::OnDemand) later_[key] = report_on(request);
        }
        if (request.release == Release::Paced) reply_(kTagDone, report_on(request));
    }

    const FleetPlan& plan_;
    Reply reply_;
    WallClock::duration ahead_;
    std::map<std::pair<std::int32_t, std::int32_t>, Bytes> kept_;
    std::map<std::pair<std::int32_t, std::int32_t>, Bytes> later_;  // reports
    std::optional<PacePlan> pace_;
    bool played_ = false;
};

}  // namespace mobi::test
