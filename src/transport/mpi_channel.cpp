// SPDX-License-Identifier: Apache-2.0
#include "transport/mpi_channel.hpp"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <exception>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <mpi.h>

#include "core/error.hpp"
#include "core/log.hpp"
#include "transport/backoff.hpp"
#include "transport/communicator.hpp"
#include "transport/mpi_check.hpp"
#include "transport/mpi_turn.hpp"

namespace mobi {

using internal::check_mpi;
using internal::check_mpi_thread;
using internal::MpiTurn;

namespace {

constexpr WallClock::duration kLongestWhileSending(200e-6);

}  // namespace

struct MpiChannel::State {
    State(const Communicator& communicator, std::function<void()> hook)
        : comm(communicator.get()),
          rank(communicator.rank()),
          size(communicator.size()),
          on_wait(std::move(hook)) {}

    void release_finished_sends();
    bool match(MPI_Message& matched, MPI_Status& status);
    std::optional<Message> poll();
    void wait() const {
        if (on_wait) on_wait();
    }

    MPI_Comm comm;
    int rank;
    int size;
    std::function<void()> on_wait;
    int exceptions = std::uncaught_exceptions();

    std::vector<MPI_Request> requests;  ///< of sends under way
    std::vector<Bytes> payloads;        ///< their bytes; `requests[i]` reads `payloads[i]`
    std::vector<int> finished;          ///< scratch of release_finished_sends()
    std::size_t next_release = 16;      ///< send() looks for finished sends at this many

    int last_source = 0;                       ///< whose message was matched last
    MPI_Request reception = MPI_REQUEST_NULL;  ///< of `incoming`, matched but not complete
    Message incoming;
    std::deque<Message> arrived;  ///< during flush()
    Backoff backoff;
};

void MpiChannel::State::release_finished_sends() {
    if (requests.empty()) return;
    const MpiTurn turn;
    finished.resize(requests.size());
    int count = 0;
    check_mpi(MPI_Testsome(static_cast<int>(requests.size()), requests.data(), &count,
                           finished.data(), MPI_STATUSES_IGNORE),
              "MPI_Testsome");
    if (count == 0) return;
    backoff.reset();
    std::size_t kept = 0;
    for (std::size_t i = 0; i < requests.size(); ++i) {
        if (requests[i] == MPI_REQUEST_NULL) continue;
        if (kept != i) {
            requests[kept] = requests[i];
            payloads[kept] = std::move(payloads[i]);
        }
        ++kept;
    }
    requests.resize(kept);
    payloads.resize(kept);
}

/// Takes a message that has come, of the senders in turn.  Open MPI takes the lowest rank's first
/// where several wait, and a busy low rank would keep the others from being heard.
bool MpiChannel::State::match(MPI_Message& matched, MPI_Status& status) {
    int found = 0;
    check_mpi(MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, comm, &found, &status), "MPI_Iprobe");
    if (found == 0) return false;
    for (int i = 1; i <= size; ++i) {
        const int source = (last_source + i) % size;
        check_mpi(MPI_Improbe(source, MPI_ANY_TAG, comm, &found, &matched, &status), "MPI_Improbe");
        if (found == 0) continue;
        last_source = source;
        return true;
    }
    return false;
}

/// The next message if it is here in full.  One reception at a time, so that order is kept.
std::optional<Message> MpiChannel::State::poll() {
    const MpiTurn turn;
    if (reception == MPI_REQUEST_NULL) {
        MPI_Message matched = MPI_MESSAGE_NULL;
        MPI_Status status;
        if (!match(matched, status)) return std::nullopt;
        int count = 0;
        check_mpi(MPI_Get_count(&status, MPI_BYTE, &count), "MPI_Get_count");
        if (count == MPI_UNDEFINED)
            throw ProtocolError(status.MPI_SOURCE, status.MPI_TAG,
                                fmt::format("at most {} bytes", kMaxMessageBytes), "more");
        incoming = {status.MPI_SOURCE, status.MPI_TAG, Bytes(static_cast<std::size_t>(count))};
        check_mpi(MPI_Imrecv(incoming.bytes.data(), count, MPI_BYTE, &matched, &reception),
                  "MPI_Imrecv");
        backoff.reset();
    }
    int complete = 0;
    check_mpi(MPI_Test(&reception, &complete, MPI_STATUS_IGNORE), "MPI_Test");
    if (complete == 0) return std::nullopt;
    backoff.reset();
    return std::exchange(incoming, {});
}

/// MPI may read or write the bytes of unfinished requests until it is finalised: they live as long
/// as the process, where a leak checker still finds them.
void MpiChannel::lend_to_mpi(std::unique_ptr<State> state) {
    static auto* const lent = new std::vector<std::unique_ptr<State>>;
    lent->push_back(std::move(state));
}

MpiChannel::MpiChannel(std::function<void()> on_wait)
    : MpiChannel(Communicator(MPI_COMM_WORLD), std::move(on_wait)) {}

MpiChannel::MpiChannel(const Communicator& communicator, std::function<void()> on_wait)
    : state_(std::make_unique<State>(communicator, std::move(on_wait))) {
    check_mpi_thread("MpiChannel");
}

MpiChannel::~MpiChannel() {
    try {
        state_->release_finished_sends();
        const bool receiving = state_->reception != MPI_REQUEST_NULL;
        if (state_->requests.empty() && !receiving) return;
        if (std::uncaught_exceptions() == state_->exceptions)
            log::warning(fmt::format("channel closed with {} messages not sent{}",
                                     state_->requests.size(),
                                     receiving ? " and one half received" : ""));
        lend_to_mpi(std::move(state_));
    } catch (const std::exception& error) {
        log::warning(error.what());
        static_cast<void>(state_.release());
    }
}

void MpiChannel::send(int to, int tag, Bytes bytes) {
    check_mpi_thread("MpiChannel::send");
    internal::check_envelope(to, state_->size, tag, bytes.size());
    if (state_->requests.size() >= state_->next_release) {
        state_->release_finished_sends();
        state_->next_release = std::max<std::size_t>(16, 2 * state_->requests.size());
    }
    // places first: once MPI has the bytes nothing here may throw
    state_->payloads.push_back(std::move(bytes));
    state_->requests.push_back(MPI_REQUEST_NULL);
    const Bytes& payload = state_->payloads.back();
    const MpiTurn turn;
    check_mpi(MPI_Isend(payload.data(), static_cast<int>(payload.size()), MPI_BYTE, to, tag,
                        state_->comm, &state_->requests.back()),
              "MPI_Isend");
    state_->backoff.reset();  // a large message goes on only while both ends ask for it
}

std::optional<Message> MpiChannel::receive(WallClock::duration wall_timeout) {
    check_mpi_thread("MpiChannel::receive");
    state_->wait();
    if (!state_->arrived.empty()) {
        Message message = std::move(state_->arrived.front());
        state_->arrived.pop_front();
        return message;
    }
    const WallClock::time_point deadline = WallClock::now() + wall_timeout;
    while (true) {
        if (std::optional<Message> message = state_->poll()) return message;
        state_->release_finished_sends();
        const WallClock::duration wall_left = deadline - WallClock::now();
        if (!(wall_left > WallClock::duration::zero())) return std::nullopt;
        state_->wait();
        state_->backoff.pause(state_->requests.empty() ? wall_left
                                                       : std::min(wall_left, kLongestWhileSending));
    }
}

void MpiChannel::flush() {
    check_mpi_thread("MpiChannel::flush");
    constexpr WallClock::duration unlimited(1);
    while (true) {
        state_->release_finished_sends();
        if (state_->requests.empty()) return;
        state_->wait();
        if (std::optional<Message> message = state_->poll())
            state_->arrived.push_back(std::move(*message));
        else
            state_->backoff.pause(unlimited);
    }
}

int MpiChannel::rank() const {
    return state_->rank;
}

int MpiChannel::size() const {
    return state_->size;
}

}  // namespace mobi
