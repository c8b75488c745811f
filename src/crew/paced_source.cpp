// SPDX-License-Identifier: Apache-2.0
#include "crew/paced_source.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <set>

#include <fmt/format.h>

#include "core/check.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "core/thread_priority.hpp"
#include "messages/tags.hpp"

namespace mobi {
namespace {

constexpr WallClock::duration kPatience(0.02);  // before the pace begins
// An arrival is stamped when it is found: rank 0 looks often, because this is real time times
// `run.time_scale`.
constexpr WallClock::duration kLook(50e-6);
constexpr WallClock::duration kBeginIn(0.2);  // so that every worker has its plan by then
constexpr int kClockQuestions = 8;

std::vector<Delivery> without(std::span<const Delivery> deliveries,
                              const std::vector<Delivery>& past) {
    if (past.empty()) return {};
    std::set<std::pair<std::int32_t, std::int32_t>> known;
    for (const Delivery& one : past) known.emplace(one.device, one.packet);
    std::vector<Delivery> rest;
    for (const Delivery& one : deliveries)
        if (!known.contains({one.device, one.packet})) rest.push_back(one);
    return rest;
}

PacketTimes later(PacketTimes times, VirtualClock::duration by) {
    for (VirtualClock::time_point* const time :
         {&times.compute_start, &times.compute_end, &times.send_start, &times.send_end,
          &times.arrival})
        *time += by;
    return times;
}

}  // namespace

PacedSource::PacedSource(Channel& channel,
                         const FleetPlan& plan,
                         std::span<const Delivery> deliveries,
                         std::span<const LostWork> lost,
                         const TokenTable& tokens,
                         Pace pace,
                         LiveSettings settings,
                         std::vector<Delivery> past)
    : channel_(channel),
      plan_(plan),
      planned_(deliveries),
      rest_(without(deliveries, past)),
      deliveries_(past.empty() ? deliveries : rest_),
      lost_(lost),
      prefetch_(pace.prefetch),
      time_scale_(pace.time_scale),
      settings_(std::move(settings)),
      requests_(
          plan, deliveries_, tokens, !settings_.truth.empty(), settings_.forward.group_devices),
      replies_(plan, tokens, settings_.truth, settings_.validation),
      worker_of_device_(plan.devices.size(), 0),
      past_(past.size()),
      arrived_(std::make_move_iterator(past.begin()), std::make_move_iterator(past.end())),
      packets_(past_),
      pace_(pace.time_scale,
            kLook,
            {[this](VirtualClock::time_point from) { return start(from); },
             [this](WallClock::duration patience) { pump(patience); }}) {
    const int workers = channel.size() - 1;
    MOBI_CHECK(workers > 0, "no worker to compute for the fleet");
    std::size_t turn = 0;
    for (const ForwardRequests::Entry& entry : requests_.entries()) {
        if (entry.kind != PacketKind::Upload) continue;
        const int worker = 1 + static_cast<int>(turn++ % static_cast<std::size_t>(workers));
        for (const std::int64_t index : entry.deliveries)
            worker_of_device_[static_cast<std::size_t>(
                deliveries_[static_cast<std::size_t>(index)].device)] = worker;
    }
}

int PacedSource::worker_of(const ForwardRequests::Entry& entry) const {
    const auto first = static_cast<std::size_t>(entry.deliveries.front());
    return worker_of_device_[static_cast<std::size_t>(deliveries_[first].device)];
}

void PacedSource::grant() {
    for (; granted_ < requests_.entries().size(); ++granted_) {
        const ForwardRequests::Entry& entry = requests_.entries()[granted_];
        const bool upload = entry.kind == PacketKind::Upload;
        const int worker = upload ? worker_of(entry) : replies_.idlest_worker(channel_.size());
        const bool later = upload && !prefetch_;
        if (!later && replies_.open_requests(worker) >= settings_.most_open_requests()) return;
        WorkRequest request = requests_.build(granted_);
        if (upload) request.release = later ? Release::OnDemand : Release::Paced;
        // A worker reports on every packet that it computes alone.
        const std::size_t reports = later ? entry.deliveries.size() : 1;
        for (std::size_t i = 0; i < reports; ++i) replies_.expect(worker);
        channel_.send(worker, kTagRequest, encode_request(request));
    }
}

void PacedSource::pump(WallClock::duration patience) {
    if (settings_.on_wait) settings_.on_wait();
    std::optional<Message> message = channel_.receive(patience);
    if (!message) return;
    switch (message->tag) {
        case kTagClock:
            clock_answer_ = ByteReader(message->bytes, "clock").get<double>();
            return;
        case kTagSegment:
            return take_segment(std::move(*message));
        case kTagPaced:
            pace_reports_[message->source] = decode_pace_report(message->bytes);
            return;
        default:
            replies_.handle(*message, [&](const Packet&) {
                throw ProtocolError(message->source, message->tag, "a segment", "a whole packet");
            });
    }
}

std::shared_ptr<const EvaluationData> PacedSource::evaluation() {
    while (granted_ < requests_.entries().size() || replies_.evaluation_open() > 0 ||
           (prefetch_ && replies_.open_requests() > 0)) {
        grant();
        pump(kPatience);
    }
    return settings_.evaluation ? settings_.evaluation : replies_.evaluation();
}

WallClock::duration PacedSource::clock_offset(int worker) {
    WallClock::duration best_round(std::numeric_limits<double>::infinity());
    WallClock::duration offset{};
    for (int i = 0; i < kClockQuestions; ++i) {
        clock_answer_.reset();
        const WallClock::time_point asked = WallClock::now();
        channel_.send(worker, kTagClock, {});
        while (!clock_answer_) pump(kLook);
        const WallClock::duration round = WallClock::now() - asked;
        if (round >= best_round) continue;
        best_round = round;
        offset = WallClock::time_point(WallClock::duration(*clock_answer_)) - (asked + round / 2);
    }
    return offset;
}

WallClock::time_point PacedSource::start(VirtualClock::time_point from) {
    std::vector<PacePlan> plans(static_cast<std::size_t>(channel_.size()));
    // By how much a device was late when it was heard of last.
    std::vector<VirtualClock::duration> slips(plan_.devices.size());
    for (std::size_t i = 0; i < past_; ++i)
        slips[static_cast<std::size_t>(arrived_[i].device)] += arrived_[i].overrun;
    for (const Delivery& delivery : deliveries_) {
        const auto device = static_cast<std::size_t>(delivery.device);
        plans[static_cast<std::size_t>(worker_of_device_[device])].uploads.push_back(
            {delivery.device, delivery.packet, later(delivery.times, slips[device])});
    }
    for (const LostWork& lost : lost_) {
        if (lost.stage != LostStage::Upload) continue;
        const auto device = static_cast<std::size_t>(lost.device);
        const int worker = worker_of_device_[device];
        if (worker == 0) continue;  // nothing of the device arrives any more
        plans[static_cast<std::size_t>(worker)].cut.push_back(
            {lost.device, lost.packet, lost.start + slips[device], lost.end + slips[device],
             lost.charged_bytes});
    }
    const bool punctual = set_thread_priority(ThreadPriority::Punctual);
    std::vector<WallClock::duration> offsets(plans.size());
    for (int worker = 1; worker < channel_.size(); ++worker)
        offsets[static_cast<std::size_t>(worker)] = clock_offset(worker);
    const WallClock::time_point start = WallClock::now() + kBeginIn;
    for (int worker = 1; worker < channel_.size(); ++worker) {
        PacePlan& plan = plans[static_cast<std::size_t>(worker)];
        const WallClock::time_point begin =
            start - PacedClock(start, time_scale_).wall_length(from.time_since_epoch());
        plan.start_wall_s =
            (begin + offsets[static_cast<std::size_t>(worker)]).time_since_epoch().count();
        plan.time_scale = time_scale_;
        plan.from = from;
        channel_.send(worker, kTagPace, encode_pace_plan(plan));
    }
    log::info(fmt::format("the pace {}: {:g} virtual seconds per real second{}",
                          from == VirtualClock::time_point{} ? "begins" : "goes on", time_scale_,
                          punctual ? "" : "; without real-time priority some packets are late"));
    return start;
}

void PacedSource::take_segment(Message message) {
    const VirtualClock::time_point now = pace_.clock().now();
    Segment segment = decode_segment(std::move(message.bytes));
    const std::int64_t index = requests_.delivery_of(segment.device, segment.packet);
    if (index < 0)
        throw ProtocolError(message.source, message.tag, "a segment of a planned packet",
                            fmt::format("packet {} of device {}", segment.packet, segment.device));
    Assembly& assembly = assemblies_[index];
    if (assembly.attempt != segment.attempt) assembly = {segment.attempt, {}};
    if (assembly.bytes.empty()) {
        const Delivery& planned = deliveries_[static_cast<std::size_t>(index)];
        const auto backbone = static_cast<std::size_t>(planned.backbone);
        assembly.bytes.reserve(
            packet_bytes(plan_.backbones[backbone].layout, planned.samples.size(), true));
    }
    assembly.bytes.insert(assembly.bytes.end(), segment.bytes.begin(), segment.bytes.end());
    if (!segment.last) return;
    Delivery delivery = deliveries_[static_cast<std::size_t>(index)];
    delivery.times = segment.times;
    delivery.times.arrival = now;
    delivery.overrun = segment.overrun;
    packets_.push_back(replies_.decode(message.source, assembly.bytes));
    arrived_.push_back(std::move(delivery));
    assemblies_.erase(index);
}

void PacedSource::forecast(const std::function<bool(const FleetEvent&)>& look) {
    MOBI_CHECK(told_ == 0, "a forecast after the first event");
    planned_.forecast(look);
}

bool PacedSource::wait_for(std::int64_t index) {
    const auto place = static_cast<std::size_t>(index);
    if (place >= past_ + deliveries_.size()) return false;
    while (place >= arrived_.size()) pump(kLook);
    return true;
}

const FleetEvent* PacedSource::next(VirtualClock::time_point until) {
    const bool for_ever = until == VirtualClock::time_point::max();
    const auto place = static_cast<std::size_t>(told_);
    if (for_ever ? !wait_for(told_)
                 : place >= arrived_.size() || arrived_[place].times.arrival > until)
        return nullptr;
    event_ = event_of(arrived_[place], told_);
    ++told_;
    return &event_;
}

Payload PacedSource::take(std::int64_t index) {
    wait_for(index);
    return std::exchange(packets_[static_cast<std::size_t>(index)], Packet());
}

std::map<int, WorkerReport> PacedSource::stop() {
    set_thread_priority(ThreadPriority::Usual);
    while (static_cast<int>(pace_reports_.size()) < channel_.size() - 1) pump(kPatience);
    return stop_workers(channel_, replies_, [this] { pump(kPatience); });
}

}  // namespace mobi
