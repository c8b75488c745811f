// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "core/archive.hpp"
#include "core/clock.hpp"
#include "method/brief.hpp"
#include "method/protocol.hpp"
#include "wire/packet.hpp"

namespace mobi {

/// What a task brings: a packet of taps, or what its program made of it.
using Payload = std::variant<Packet, Bytes>;

/// A part that has arrived: what steps are made on.
struct Input {
    TaskId task;
    DeviceId device;
    std::int32_t part = 0;  ///< of the task
    Payload payload;
};

/// Some of a learner's numbers.
struct NamedValues {
    std::string name;
    std::vector<float> values;  ///< row by row
};

/// What came of a step.
struct StepResult {
    std::int64_t step = 0;  ///< Step::number
    double loss = 0;
    double gradient_norm = 0;
    double learning_rate = 0;
    bool skipped = false;  ///< its numbers were not finite: nothing was changed
    std::vector<float> gates;
    std::vector<double> diagnostics;  ///< by Method::diagnostics()
    std::vector<double> verdict;      ///< of a step that decides: for the protocol (Verdict)
    /// Where samples are mixed: by place in Step::samples, with which, and each one's own share.
    std::vector<std::int32_t> partners;
    std::vector<float> shares;

    void archive(Archive& archive) {
        archive(step, loss, gradient_norm, learning_rate, skipped, gates, diagnostics, verdict,
                partners, shares);
    }
};

/// What came of an evaluation: a score per backbone type and the weighted overall one.
struct EvaluationResult {
    struct Row {
        std::int32_t backbone = -1;  ///< -1: overall, weighted by `eval.weights`
        double metric = 0;
        double f1 = 0;
        double loss = 0;
    };
    std::int64_t updates = 0;  ///< steps done
    VirtualClock::time_point time{};
    std::vector<Row> rows;
    std::map<std::int32_t, std::vector<std::int32_t>> confusion;  ///< by backbone, (C, C)
};

/// Which of a learner's states was tested.
enum class TestedWeights : std::int8_t {  // the numbers are those of the run file
    Last,
    Best,  ///< on the validation set
};

/// Scores on the test set, once, at the end, where there is a validation set.
struct TestResult {
    TestedWeights weights = TestedWeights::Last;
    EvaluationResult scores;  ///< `updates`: steps that the weights had seen
};

/// Where a learner's results go.  Called from the thread that calls the learner.
struct LearnerSink {
    std::function<void(const StepResult&)> step;  ///< in order of steps
    std::function<void(const EvaluationResult&)> evaluation;
    /// Between two steps that finish() does; may be empty.
    std::function<void()> between{};
    std::function<void(const TestResult&)> test{};  ///< may be empty
};

/// The server's numbers, in step order (docs/design.md 2: a protocol decides when, a learner what).
///
/// All members but kept_steps_done(), keeps_steps() and abandon() are called by one thread at a
/// time: begin_thread() to finish() by the one that trains, the others before and after.
class Learner {
  public:
    virtual ~Learner() = default;

    /// Called once by the thread that trains, before all that follows.
    virtual void begin_thread() {}

    /// Computes something that nobody uses, so that the first step takes no longer than the others
    /// (the libraries set themselves up when they are first called).
    virtual void warm_up() {}

    /// What a device starts `task` from: the state that `task.version` names.  Called in the order
    /// in which tasks are assigned, of a version when its steps have been run; versions never
    /// decrease.  The default is for methods whose devices need nothing.
    virtual Brief brief(const DeviceTask& task);

    /// Something has arrived: an input of the next step, if there is one.
    virtual void take(const Input& input) = 0;

    /// Does a step, or keeps it for finish() where steps must be done in another order.
    virtual void run(const Step& step) = 0;

    /// Does what was kept, and the last evaluation.  The argument is the end of
    /// training, in virtual time.
    virtual void finish(VirtualClock::time_point) {}

    /// From any thread: the run is given up.  finish() returns as soon as it can.
    virtual void abandon() noexcept {}

    /// Whether run() keeps every step for finish(), so that nobody waits for one.
    virtual bool keeps_steps() const noexcept { return false; }

    /// Everything that is learned, in a fixed order; empty where there is no one state to speak of.
    virtual std::vector<NamedValues> state() const = 0;

    /// Of the steps' states the one that was best on the validation set; empty: none was kept.
    virtual std::vector<NamedValues> best_state() const { return {}; }

    /// Where keeps_steps(): how many of them finish() has done.  From any thread.
    virtual std::int64_t kept_steps_done() const { return 0; }

    /// Real memory of what is kept of the arrivals.
    virtual std::size_t kept_bytes() const { return 0; }

    /// Everything that begin_thread(), take() and run() have changed, so that a new learner of the
    /// same settings and plan goes on from it.  By the thread that trains, between two steps; a
    /// method whose runs cannot be resumed throws.
    virtual void archive(Archive& archive);

    /// Whether what has been taken stays in use and is not part of the archive: it is then taken
    /// again, in the same order, by a learner that goes on.
    virtual bool keeps_inputs() const noexcept { return false; }

    /// Wall time spent, in seconds.
    virtual double training_s() const { return 0; }
    virtual double evaluation_s() const { return 0; }
};

}  // namespace mobi
