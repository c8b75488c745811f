// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "core/blocking_queue.hpp"
#include "messages/work_request.hpp"
#include "messages/worker_setup.hpp"
#include "method/device_program.hpp"
#include "model/backbone.hpp"
#include "model/residual_head.hpp"

namespace mobi {

/// Compute threads that take requests and give back what the program makes of them.  Each thread
/// computes with one thread of its own; cores are filled by several requests at once, which is
/// faster and keeps the sums' order (docs/design.md 2, promise 3).  Backbones are loaded when first
/// asked for and shared by the threads.  Threads never call MPI.
class WorkService {
  public:
    struct Result {
        int tag = 0;  ///< kTagPacket, kTagResult or kTagDone
        Bytes bytes;
        Release release = Release::AtOnce;
    };

    /// \param program  must outlive the service.
    WorkService(const WorkerSetup& setup, const DeviceProgram& program);
    ~WorkService();
    WorkService(const WorkService&) = delete;
    WorkService& operator=(const WorkService&) = delete;

    void submit(WorkRequest request);

    /// The next result, if there is one.
    /// \throws what a compute thread threw.
    std::optional<Result> try_take();

  private:
    struct Loaded {
        std::once_flag once;
        std::unique_ptr<Backbone> backbone;
        std::unique_ptr<ResidualHead> head;
        double peak_flop_per_s = 0;
    };

    void compute();
    Loaded& load(std::int32_t backbone);
    /// \param loaded  null: without a backbone.
    Workshop workshop(std::int32_t backbone, const Loaded* loaded) const;
    void run(const WorkRequest& request);

    WorkerSetup setup_;
    const DeviceProgram& program_;
    std::vector<std::unique_ptr<Loaded>> loaded_;
    BlockingQueue<WorkRequest> requests_;
    BlockingQueue<Result> results_;
    std::mutex error_mutex_;
    std::exception_ptr error_;
    std::vector<std::jthread> threads_;
};

}  // namespace mobi
