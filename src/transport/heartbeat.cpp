// SPDX-License-Identifier: Apache-2.0
#include "transport/heartbeat.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <mpi.h>

#include "core/thread_priority.hpp"
#include "transport/backoff.hpp"
#include "transport/communicator.hpp"
#include "transport/mpi_check.hpp"
#include "transport/mpi_turn.hpp"
#include "transport/silent_rank.hpp"

namespace mobi {

using internal::check_mpi;
using internal::MpiTurn;

namespace {

constexpr int kTagBeat = 0;
constexpr int kTagLast = 1;
constexpr double kOfOthers = 1.5;  // patience of ranks that are not 0, in that of rank 0

using Name = std::array<char, MPI_MAX_PROCESSOR_NAME>;

std::vector<std::string> host_names(const Communicator& communicator) {
    Name own{};
    int length = 0;
    check_mpi(MPI_Get_processor_name(own.data(), &length), "MPI_Get_processor_name");
    std::vector<Name> all(static_cast<std::size_t>(communicator.size()));
    check_mpi(MPI_Allgather(own.data(), MPI_MAX_PROCESSOR_NAME, MPI_CHAR, all.data(),
                            MPI_MAX_PROCESSOR_NAME, MPI_CHAR, communicator.get()),
              "MPI_Allgather");
    std::vector<std::string> names;
    for (const Name& name : all) names.emplace_back(name.data());
    return names;
}

std::vector<int> peers_of(const Communicator& communicator) {
    if (communicator.rank() > 0) return {0};
    std::vector<int> peers;
    for (int rank = 1; rank < communicator.size(); ++rank) peers.push_back(rank);
    return peers;
}

}  // namespace

struct Heartbeat::State {
    /// A beat under way; MPI reads it until it has gone.
    struct Beat {
        MPI_Request request = MPI_REQUEST_NULL;
        double patience_s = 0;
    };

    explicit State(const Communicator& communicator)
        : hosts(host_names(communicator)),
          own(communicator.rank()),
          peers(peers_of(communicator)),
          beats(peers.size()),
          attendance(peers) {
        check_mpi(MPI_Comm_dup(communicator.get(), &comm), "MPI_Comm_dup");
    }

    void work();
    void beat(std::size_t peer, int tag);
    std::vector<std::pair<int, int>> listen();
    void take(const std::vector<std::pair<int, int>>& heard);
    bool has_gone(Beat& beat);
    void stop();
    std::string text_of(const Silence& silence) const;

    const std::vector<std::string> hosts;  // by rank
    const int own;
    const std::vector<int> peers;
    MPI_Comm comm = MPI_COMM_NULL;

    // of the thread, and of the main thread when that has ended
    std::vector<Beat> beats;  // by place in `peers`

    mutable std::mutex mutex;
    std::condition_variable woken;
    Attendance attendance;
    bool stops = false;
    bool hurries = false;  // does not wait for the next beat
    std::exception_ptr failure;
    std::atomic<bool> alarmed = false;  // `silence` or `failure` is there
    std::optional<Silence> silence;

    std::thread thread;
};

/// Whether the beat has left.  One of a peer that takes nothing is not followed by others.
bool Heartbeat::State::has_gone(Beat& beat) {
    const MpiTurn turn;
    int complete = 0;
    check_mpi(MPI_Test(&beat.request, &complete, MPI_STATUS_IGNORE), "MPI_Test");
    return complete != 0;
}

void Heartbeat::State::beat(std::size_t peer, int tag) {
    Beat& beat = beats[peer];
    if (!has_gone(beat)) return;
    {
        const std::lock_guard lock(mutex);
        beat.patience_s = attendance.patience().count();
    }
    const MpiTurn turn;
    check_mpi(MPI_Isend(&beat.patience_s, 1, MPI_DOUBLE, peers[peer], tag, comm, &beat.request),
              "MPI_Isend");
}

/// {rank, tag} of all that has come.
std::vector<std::pair<int, int>> Heartbeat::State::listen() {
    std::vector<std::pair<int, int>> heard;
    while (true) {
        const MpiTurn turn;
        int found = 0;
        MPI_Status status;
        check_mpi(MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, comm, &found, &status), "MPI_Iprobe");
        if (found == 0) return heard;
        double patience_s = 0;
        check_mpi(MPI_Recv(&patience_s, 1, MPI_DOUBLE, status.MPI_SOURCE, status.MPI_TAG, comm,
                           MPI_STATUS_IGNORE),
                  "MPI_Recv");
        heard.emplace_back(status.MPI_SOURCE, status.MPI_TAG);
        if (own == 0) continue;
        const std::lock_guard lock(mutex);
        attendance.set_patience(WallClock::duration(kOfOthers * patience_s));
    }
}

void Heartbeat::State::take(const std::vector<std::pair<int, int>>& heard) {
    const std::lock_guard lock(mutex);
    attendance.look(WallClock::now());
    for (const auto& [rank, tag] : heard) {
        attendance.heard(rank);
        if (tag == kTagLast) attendance.excuse(rank);
    }
    if (silence) return;
    silence = attendance.too_long();
    if (silence) alarmed = true;
}

void Heartbeat::State::work() try {
    set_thread_priority(ThreadPriority::Punctual);  // it holds up the main thread, which may be
    while (true) {
        take(listen());
        for (std::size_t peer = 0; peer < peers.size(); ++peer) beat(peer, kTagBeat);
        std::unique_lock lock(mutex);
        woken.wait_for(lock, attendance.interval(), [&] { return stops || hurries; });
        hurries = false;
        if (stops) return;
    }
} catch (...) {
    const std::lock_guard lock(mutex);
    failure = std::current_exception();
    alarmed = true;
}

void Heartbeat::State::stop() {
    {
        const std::lock_guard lock(mutex);
        stops = true;
    }
    woken.notify_all();
    if (thread.joinable()) thread.join();
}

std::string Heartbeat::State::text_of(const Silence& silent) const {
    const std::string who =
        fmt::format("rank {} on {}", silent.rank, hosts[static_cast<std::size_t>(silent.rank)]);
    return silent.others > 0
               ? fmt::format("{} and {} more have been silent for {:.0f} s", who, silent.others,
                             silent.lasted.count())
               : fmt::format("{} has been silent for {:.0f} s", who, silent.lasted.count());
}

Heartbeat::Heartbeat(WallClock::duration patience)
    : Heartbeat(Communicator(MPI_COMM_WORLD), patience) {}

Heartbeat::Heartbeat(const Communicator& communicator, WallClock::duration patience) {
    internal::check_mpi_thread("Heartbeat");
    if (communicator.size() == 1) return;
    state_ = std::make_unique<State>(communicator);
    state_->attendance.set_patience(state_->own == 0 ? patience : kOfOthers * patience);
    state_->thread = std::thread([state = state_.get()] { state->work(); });
}

Heartbeat::~Heartbeat() {
    if (!state_) return;
    state_->stop();
    // Not ended: MPI may still read beats until the process ends.
    static auto* const lent = new std::vector<std::unique_ptr<State>>;
    lent->push_back(std::move(state_));
}

void Heartbeat::set_patience(WallClock::duration patience) {
    if (!state_) return;
    {
        const std::lock_guard lock(state_->mutex);
        state_->attendance.set_patience(patience);
        state_->hurries = true;
    }
    state_->woken.notify_all();
}

void Heartbeat::check() const {
    if (!state_ || !state_->alarmed.load(std::memory_order_acquire)) return;
    const std::lock_guard lock(state_->mutex);
    if (state_->failure) std::rethrow_exception(state_->failure);
    throw SilentRank(state_->text_of(*state_->silence) + " (run.patience)");
}

std::optional<std::pair<Silence, std::string>> Heartbeat::longest_silence() const {
    if (!state_) return std::nullopt;
    const std::lock_guard lock(state_->mutex);
    const std::optional<Silence> longest = state_->attendance.longest();
    if (!longest) return std::nullopt;
    return std::pair(*longest, state_->hosts[static_cast<std::size_t>(longest->rank)]);
}

void Heartbeat::end() {
    if (!state_) return;
    internal::check_mpi_thread("Heartbeat::end");
    state_->stop();
    check();
    const auto wait_for = [&](const std::function<bool()>& done) {
        Backoff backoff;
        while (!done()) {
            state_->take(state_->listen());
            check();
            backoff.pause(WallClock::duration(1));
        }
    };
    for (std::size_t peer = 0; peer < state_->peers.size(); ++peer) {
        wait_for([&] { return state_->has_gone(state_->beats[peer]); });
        state_->beat(peer, kTagLast);
    }
    wait_for([&] { return state_->attendance.all_excused(); });
    for (State::Beat& beat : state_->beats) wait_for([&] { return state_->has_gone(beat); });
    check_mpi(MPI_Comm_free(&state_->comm), "MPI_Comm_free");
    state_.reset();
}

}  // namespace mobi
