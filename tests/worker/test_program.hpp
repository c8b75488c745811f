// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <utility>

#include "messages/worker_setup.hpp"
#include "method/device_program.hpp"

namespace mobi::test {

/// A program without a backbone: what it does is the test's.
class TestProgram final : public DeviceProgram {
  public:
    using Run = std::function<WorkCounts(const Work&, const Workshop&, const Emit&)>;
    explicit TestProgram(Run run) : run_(std::move(run)) {}

    WorkCounts run(const Work& work, const Workshop& workshop, const Emit& emit) const override {
        return run_(work, workshop, emit);
    }
    bool needs_backbone() const noexcept override { return false; }

  private:
    Run run_;
};

/// A worker that has one backbone, which nobody loads.
inline WorkerSetup bare_setup(std::int32_t threads) {
    WorkerSetup setup;
    setup.threads = threads;
    setup.classes = 2;
    setup.measure_peak = false;
    setup.backbones.resize(1);
    setup.backbones[0].layout = {Precision::Fp32, 1, 32, 2, false};
    return setup;
}

}  // namespace mobi::test
