// SPDX-License-Identifier: Apache-2.0
#include "worker/worker_loop.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "core/error.hpp"
#include "core/process_usage.hpp"
#include "core/thread_priority.hpp"
#include "messages/bundle.hpp"
#include "messages/tags.hpp"
#include "worker/pacer.hpp"
#include "worker/work_service.hpp"

namespace mobi {
namespace {

constexpr int kServer = 0;
constexpr WallClock::duration kLookAfterThreads(0.002);
constexpr WallClock::duration kWaitForWork(0.1);

WorkerReport measure(WallClock::time_point start, std::int32_t threads) {
    const ProcessUsage usage = process_usage();
    WorkerReport report;
    report.wall_s = (WallClock::now() - start).count();
    report.cpu_s = usage.cpu_s;
    report.peak_rss_bytes = usage.peak_rss_bytes;
    report.threads = threads;
    return report;
}

Bytes wall_time() {
    ByteWriter writer;
    writer.put(WallClock::now().time_since_epoch().count());
    return writer.take();
}

class Worker {
  public:
    Worker(Channel& channel, const WorkerSetup& setup, const DeviceProgram& program)
        : channel_(channel), setup_(setup), service_(setup, program) {}

    void run() {
        const WallClock::time_point start = WallClock::now();
        bool stopped = false;
        while (!stopped) {
            take_results();
            if (pacer_) keep_pace();
            const std::optional<Message> message = channel_.receive(patience());
            if (message) stopped = handle(*message);
        }
        channel_.send(kServer, kTagReport, encode_worker_report(measure(start, setup_.threads)));
        channel_.flush();
    }

  private:
    using PacketKey = std::pair<std::int32_t, std::int32_t>;  // device, packet

    struct Waiting {  // to be computed when its device would
        std::int32_t backbone = 0;
        WorkItem item;
    };

    /// While threads compute, looks after their results every so often; else waits for work, or for
    /// what is due.
    WallClock::duration patience() const {
        WallClock::duration wait = open_requests_ > 0 ? kLookAfterThreads : kWaitForWork;
        if (pacer_)
            if (const auto next = pacer_->next()) wait = std::min(wait, *next - WallClock::now());
        return std::max(wait, WallClock::duration::zero());
    }

    /// \return  whether to stop.
    bool handle(const Message& message) {
        switch (message.tag) {
            case kTagRequest:
                take_request(message);
                return false;
            case kTagContent:
                take_content(message.bytes);
                return false;
            case kTagForget:  // what still needs it has a share of it
                contents_.erase(ByteReader(message.bytes, "id of a content").get<std::int64_t>());
                return false;
            case kTagClock:
                channel_.send(kServer, kTagClock, wall_time());
                return false;
            case kTagPace:
                begin_pace(decode_pace_plan(message.bytes));
                return false;
            case kTagStop:
                return true;
            default:
                throw ProtocolError(message.source, message.tag, "a request or stop",
                                    "another tag");
        }
    }

    void take_request(const Message& message) {
        WorkRequest request = decode_request(message.bytes);
        for (WorkItem& item : request.work.items)
            for (Content& content : item.brief.shared) {
                const auto found = contents_.find(content.id);
                if (found == contents_.end())
                    throw ProtocolError(message.source, message.tag, "a content sent before",
                                        fmt::format("content {}", content.id));
                content.bytes = found->second;
            }
        if (request.release != Release::OnDemand) return submit(std::move(request));
        for (WorkItem& item : request.work.items) {
            const PacketKey key{item.device, item.part};
            waiting_[key] = {request.work.backbone, std::move(item)};
        }
    }

    void take_content(std::span<const std::byte> bytes) {
        Content content = decode_content(bytes);
        contents_[content.id] = std::move(content.bytes);
    }

    void submit(WorkRequest request) {
        service_.submit(std::move(request));
        ++open_requests_;
    }

    void take_results() {
        while (std::optional<WorkService::Result> result = service_.try_take()) {
            if (result->tag == kTagDone) --open_requests_;
            if (result->tag == kTagPacket && result->release == Release::Paced)
                keep(std::move(result->bytes));
            else if (result->tag == kTagPacket && result->bytes.size() <= Bundle::kAlone)
                send_together(result->bytes);
            else
                send_alone(result->tag, std::move(result->bytes));
        }
        flush_bundle();
    }

    void send_together(std::span<const std::byte> packet) {
        bundle_.add(packet);
        if (bundle_.full()) flush_bundle();
    }

    /// In the order in which results came.
    void send_alone(int tag, Bytes bytes) {
        flush_bundle();
        channel_.send(kServer, tag, std::move(bytes));
    }

    void flush_bundle() {
        if (!bundle_.empty()) channel_.send(kServer, kTagPackets, bundle_.take());
    }

    void keep(Bytes packet) {
        const PacketStamp stamp = read_stamp(packet);
        if (pacer_)
            pacer_->keep(stamp.device, stamp.packet, std::move(packet), WallClock::now());
        else
            held_[{stamp.device, stamp.packet}] = std::move(packet);
    }

    void begin_pace(const PacePlan& plan) {
        set_thread_priority(ThreadPriority::Punctual);
        pacer_.emplace(plan);
        pace_start_ = WallClock::now();
        pace_start_cpu_s_ = process_usage().cpu_s;
        for (auto& [key, packet] : held_)
            pacer_->keep(key.first, key.second, std::move(packet), pace_start_);
        held_.clear();
    }

    void keep_pace() {
        Pacer::Due due = pacer_->advance(WallClock::now());
        for (const PacketKey& key : due.begun) {
            const auto found = waiting_.find(key);
            if (found == waiting_.end()) continue;  // computed before
            WorkRequest request;
            request.work.backbone = found->second.backbone;
            request.release = Release::Paced;
            request.work.items.push_back(std::move(found->second.item));
            waiting_.erase(found);
            submit(std::move(request));
        }
        for (Segment& segment : due.segments) {
            Bytes bytes = encode_segment(std::move(segment));
            pace_bytes_ += static_cast<std::int64_t>(bytes.size());
            channel_.send(kServer, kTagSegment, std::move(bytes));
        }
        if (pacer_->finished()) end_pace();
    }

    void end_pace() {
        PaceReport report;
        report.wall_s = (WallClock::now() - pace_start_).count();
        report.cpu_s = process_usage().cpu_s - pace_start_cpu_s_;
        report.wire_bytes = pace_bytes_;
        report.overruns = pacer_->overruns();
        report.worst_overrun_s = pacer_->worst_overrun().count();
        channel_.send(kServer, kTagPaced, encode_pace_report(report));
        pacer_.reset();
        set_thread_priority(ThreadPriority::Usual);
    }

    Channel& channel_;
    const WorkerSetup& setup_;
    WorkService service_;
    std::int64_t open_requests_ = 0;
    Bundle bundle_;                    // of small packets that are ready
    std::map<PacketKey, Bytes> held_;  // computed before the pace begins
    std::map<PacketKey, Waiting> waiting_;
    std::map<std::int64_t, std::shared_ptr<const Bytes>> contents_;  // by id
    std::optional<Pacer> pacer_;
    WallClock::time_point pace_start_;
    double pace_start_cpu_s_ = 0;
    std::int64_t pace_bytes_ = 0;
};

}  // namespace

void worker_loop(Channel& channel, const WorkerSetup& setup, const DeviceProgram& program) {
    Worker(channel, setup, program).run();
}

}  // namespace mobi
