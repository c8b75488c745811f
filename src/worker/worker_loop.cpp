// SPDX-License-Identifier: Apache-2.0
#include "worker/worker_loop.hpp"

#include <sys/resource.h>

#include "core/error.hpp"
#include "worker/forward_service.hpp"
#include "worker/tags.hpp"

namespace mobi {
namespace {

constexpr int kServer = 0;

WorkerReport measure(WallClock::time_point start, std::int32_t threads) {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
    };
    WorkerReport report;
    report.wall_s = (WallClock::now() - start).count();
    report.cpu_s = seconds(usage.ru_utime) + seconds(usage.ru_stime);
    report.peak_rss_bytes = std::int64_t{1024} * usage.ru_maxrss;  // Linux counts in KiB
    report.threads = threads;
    return report;
}

}  // namespace

void worker_loop(Channel& channel, const WorkerSetup& setup) {
    const WallClock::time_point start = WallClock::now();
    ForwardService service(setup);
    std::int64_t open_requests = 0;
    while (true) {
        while (std::optional<ForwardService::Result> result = service.try_take()) {
            if (result->tag == kTagDone) --open_requests;
            channel.send(kServer, result->tag, std::move(result->bytes));
        }
        // While threads compute, look after their results every so often; else wait for work.
        const WallClock::duration patience(open_requests > 0 ? 0.002 : 0.1);
        const std::optional<Message> message = channel.receive(patience);
        if (!message) continue;
        if (message->tag == kTagRequest) {
            service.submit(decode_request(message->bytes));
            ++open_requests;
        } else if (message->tag == kTagStop) {
            break;
        } else {
            throw ProtocolError(message->source, message->tag, "a request or stop", "another tag");
        }
    }
    channel.send(kServer, kTagReport, encode_worker_report(measure(start, setup.threads)));
    channel.flush();
}

}  // namespace mobi
