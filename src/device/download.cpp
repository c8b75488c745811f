// SPDX-License-Identifier: Apache-2.0
#include "device/download.hpp"

#include <algorithm>
#include <tuple>

#include "core/virtual_time.hpp"

namespace mobi {
namespace {

// The key of a device's draws: it fetches one thing.
RandomStream draws(const NetworkParameters& network, const DownloadTask& task, Purpose purpose) {
    return {network.seed, purpose, static_cast<std::uint64_t>(task.device)};
}

TransferQueue queue_of(const DownloadTask& task,
                       std::int32_t number,
                       const NetworkParameters& network) {
    const LinkProfile& link = *task.link;
    TransferQueue queue{number,
                        downlink(link),
                        presence_of(task.availability, network.seed, task.device),
                        trace_offset(link.downlink_trace.get(), link.trace_start,
                                     draws(network, task, Purpose::TraceOffset)),
                        {}};
    Transfer download;
    download.ready = task.ready;
    RandomStream loss = draws(network, task, Purpose::DownlinkLoss);
    download.bytes = bytes_with_repeats(task.charged_bytes, link.loss, loss);
    RandomStream rate = draws(network, task, Purpose::DownlinkRate);
    download.bytes_per_s = draw_rate(queue.direction, rate);
    queue.transfers.push_back(download);
    return queue;
}

}  // namespace

DownloadsSchedule schedule_downloads(std::span<const DownloadTask> tasks,
                                     const NetworkParameters& network) {
    DownloadsSchedule schedule;
    schedule.downloads.resize(tasks.size());
    const auto set = [&](const TransferQueue& queue) {
        const DownloadTask& task = tasks[static_cast<std::size_t>(queue.task)];
        const Transfer& transfer = queue.transfers.front();
        const VirtualClock::duration delay =
            latency(*task.link, draws(network, task, Purpose::DownlinkLatency));
        schedule.downloads[static_cast<std::size_t>(queue.task)] = {
            transfer.start, transfer.end, later(transfer.end, delay, queue.direction.work()),
            transfer.bytes, transfer.done};
    };
    Network ways(network);
    for (std::size_t t = 0; t < tasks.size(); ++t) {
        TransferQueue queue = queue_of(tasks[t], static_cast<std::int32_t>(t), network);
        if (ways.add(queue)) set(queue);
    }
    ways.run(set);
    schedule.lost = ways.lost();
    std::sort(schedule.lost.begin(), schedule.lost.end(),
              [](const LostTransfer& a, const LostTransfer& b) {
                  return std::tie(a.task, a.start) < std::tie(b.task, b.start);
              });
    return schedule;
}

}  // namespace mobi
