// SPDX-License-Identifier: Apache-2.0
#include "worker/forward_service.hpp"

#include <ATen/Parallel.h>

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

ForwardService::ForwardService(const WorkerSetup& setup) : setup_(setup) {
    for (std::size_t i = 0; i < setup_.backbones.size(); ++i)
        loaded_.push_back(std::make_unique<Loaded>());
    for (std::int32_t i = 0; i < setup_.threads; ++i) threads_.emplace_back([this] { compute(); });
}

ForwardService::~ForwardService() {
    requests_.close();
    while (requests_.try_pop()) {
    }
    threads_.clear();
}

void ForwardService::submit(ForwardRequest request) {
    requests_.push(std::move(request));
}

std::optional<ForwardService::Result> ForwardService::try_take() {
    std::optional<Result> result = results_.try_pop();
    if (!result) {
        const std::lock_guard lock(error_mutex_);
        if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
    }
    return result;
}

ForwardService::Loaded& ForwardService::load(std::int32_t backbone) {
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

void ForwardService::compute() try {
    at::set_num_threads(1);  // of this thread: OpenMP's count belongs to the calling thread
    while (std::optional<ForwardRequest> request = requests_.pop()) {
        const auto emit = [&](Bytes bytes) {
            results_.push({kTagPacket, std::move(bytes), request->release});
        };
        Loaded* const loaded = setup_.forward ? &load(request->backbone) : nullptr;
        const WallClock::time_point start = WallClock::now();
        const ThreadClock::time_point cpu_start = ThreadClock::now();
        RequestReport report =
            loaded != nullptr
                ? forward_request(*request, setup_, *loaded->backbone, *loaded->head, emit)
                : empty_request(*request, setup_, emit);
        report.wall_s = (WallClock::now() - start).count();
        report.cpu_s = (ThreadClock::now() - cpu_start).count();
        if (loaded != nullptr) report.peak_flop_per_s = loaded->peak_flop_per_s;
        results_.push({kTagDone, encode_report(report), request->release});
    }
} catch (...) {
    const std::lock_guard lock(error_mutex_);
    error_ = std::current_exception();
}

}  // namespace mobi
