// SPDX-License-Identifier: Apache-2.0
#include "worker/work_service.hpp"

#include <ATen/Parallel.h>

#include "core/check.hpp"
#include "core/clock.hpp"
#include "messages/tags.hpp"
#include "model/flops.hpp"

namespace mobi {
namespace {

constexpr std::int64_t kPeakTokens = 2048;

std::unique_ptr<ResidualHead> make_head(const WorkerSetup& setup,
                                        const WorkerSetup::Backbone& plan) {
    const ResidualHeadKind kind = setup.residual.head;
    if (kind != ResidualHeadKind::LmVerbalizer && kind != ResidualHeadKind::Folder)
        return make_random_head(setup.residual, plan.layout.width, setup.classes,
                                plan.parameters.name, setup.seed);
    return make_folder_head(setup.residual, ModelFolder(plan.parameters), setup.classes,
                            plan.class_words, setup.seed);
}

}  // namespace

WorkService::WorkService(const WorkerSetup& setup, const DeviceProgram& program)
    : setup_(setup), program_(program) {
    for (std::size_t i = 0; i < setup_.backbones.size(); ++i)
        loaded_.push_back(std::make_unique<Loaded>());
    for (std::int32_t i = 0; i < setup_.threads; ++i) threads_.emplace_back([this] { compute(); });
}

WorkService::~WorkService() {
    requests_.close();
    while (requests_.try_pop()) {
    }
    threads_.clear();
}

void WorkService::submit(WorkRequest request) {
    requests_.push(std::move(request));
}

std::optional<WorkService::Result> WorkService::try_take() {
    std::optional<Result> result = results_.try_pop();
    if (!result) {
        const std::lock_guard lock(error_mutex_);
        if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
    }
    return result;
}

WorkService::Loaded& WorkService::load(std::int32_t backbone) {
    Loaded& loaded = *loaded_.at(static_cast<std::size_t>(backbone));
    std::call_once(loaded.once, [&] {
        const WorkerSetup::Backbone& plan = setup_.backbones[static_cast<std::size_t>(backbone)];
        loaded.backbone =
            load_backbone(plan.parameters, setup_.arithmetic, setup_.cache, setup_.seed);
        loaded.head = make_head(setup_, plan);
        if (setup_.measure_peak)
            loaded.peak_flop_per_s =
                measure_gemm_peak(loaded.backbone->info().size, setup_.arithmetic, kPeakTokens);
    });
    return loaded;
}

Workshop WorkService::workshop(std::int32_t backbone, const Loaded* loaded) const {
    const WorkerSetup::Backbone& plan = setup_.backbones.at(static_cast<std::size_t>(backbone));
    Workshop workshop;
    workshop.seed = setup_.seed;
    workshop.classes = setup_.classes;
    workshop.batch_tokens = setup_.batch_tokens;
    workshop.pivot = plan.pivot;
    workshop.tap_layers = plan.tap_layers;
    workshop.layout = plan.layout;
    if (loaded != nullptr) {
        workshop.backbone = loaded->backbone.get();
        workshop.head = loaded->head.get();
    }
    return workshop;
}

void WorkService::run(const WorkRequest& request) {
    WorkReport report;
    report.request = request.request;
    report.backbone = request.work.backbone;
    report.kind = request.work.kind;
    std::size_t results = 0;
    const auto push = [&](int tag, Bytes bytes) {
        ++results;
        report.wire_bytes += static_cast<std::int64_t>(bytes.size());
        results_.push({tag, std::move(bytes), request.release});
    };
    const Emit emit{[&](Bytes packet) { push(kTagPacket, std::move(packet)); },
                    [&](const WorkItem& item, Bytes bytes) {
                        MOBI_CHECK(static_cast<std::int64_t>(bytes.size()) == item.up_bytes,
                                   "a result of {} bytes, but {} are charged", bytes.size(),
                                   item.up_bytes);
                        push(kTagResult, encode_result({item.task, item.part, std::move(bytes)}));
                    }};
    const bool loads = setup_.forward && program_.needs_backbone();
    const Loaded* const loaded = loads ? &load(request.work.backbone) : nullptr;
    const WallClock::time_point start = WallClock::now();
    const ThreadClock::time_point cpu_start = ThreadClock::now();
    const Workshop shop = workshop(request.work.backbone, loaded);
    report.counts = setup_.forward ? program_.run(request.work, shop, emit)
                                   : program_.run_empty(request.work, shop, emit);
    MOBI_CHECK(results == request.work.items.size(), "{} results of {} items", results,
               request.work.items.size());
    report.wall_s = (WallClock::now() - start).count();
    report.cpu_s = (ThreadClock::now() - cpu_start).count();
    if (loaded != nullptr) report.peak_flop_per_s = loaded->peak_flop_per_s;
    results_.push({kTagDone, encode_report(report), request.release});
}

void WorkService::compute() try {
    at::set_num_threads(1);  // of this thread: OpenMP's count belongs to the calling thread
    while (std::optional<WorkRequest> request = requests_.pop()) run(*request);
} catch (...) {
    const std::lock_guard lock(error_mutex_);
    error_ = std::current_exception();
}

}  // namespace mobi
