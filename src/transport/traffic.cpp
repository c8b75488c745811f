// SPDX-License-Identifier: Apache-2.0
#include "transport/traffic.hpp"

#include <algorithm>

#include <mpi.h>

#include "core/error.hpp"
#include "transport/mpi_check.hpp"

namespace mobi {
namespace {

using internal::check_mpi;

constexpr int kTagLoad = 1;
constexpr int kTagGo = 2;  // 0 -> sender: go on
constexpr WallClock::duration kPatience(60);

/// Counts who comes first.
class Counter {
  public:
    Counter(int ranks, int messages)
        : total_(static_cast<std::int64_t>(ranks - 1) * messages), start_(WallClock::now()) {
        traffic_.first_half.assign(static_cast<std::size_t>(ranks - 1), 0);
    }

    bool complete() const { return seen_ == total_; }
    void add(int source) {
        if (2 * seen_ < total_) ++traffic_.first_half[static_cast<std::size_t>(source - 1)];
        ++seen_;
    }
    Traffic result() {
        traffic_.wall_s = (WallClock::now() - start_).count();
        return traffic_;
    }

  private:
    Traffic traffic_;
    std::int64_t total_;
    std::int64_t seen_ = 0;
    WallClock::time_point start_;
};

Message must_receive(Channel& channel) {
    std::optional<Message> message = channel.receive(kPatience);
    if (!message) throw TransportError("traffic: nothing comes");
    return std::move(*message);
}

}  // namespace

double Traffic::fairness() const {
    double sum = 0;
    double squares = 0;
    for (const std::int64_t count : first_half) {
        sum += static_cast<double>(count);
        squares += static_cast<double>(count) * static_cast<double>(count);
    }
    return squares == 0 ? 1 : sum * sum / (static_cast<double>(first_half.size()) * squares);
}

Traffic channel_traffic(Channel& channel, std::size_t bytes, int messages, int window) {
    const int part = std::max(1, window / 2);  // one credit is for so many messages
    if (channel.rank() > 0) {
        must_receive(channel);  // all begin together
        int credit = window;
        for (int i = 0; i < messages; ++i) {
            for (; credit == 0; credit += part) must_receive(channel);
            channel.send(0, kTagLoad, Bytes(bytes));
            --credit;
        }
        channel.flush();
        return {};
    }
    for (int worker = 1; worker < channel.size(); ++worker) channel.send(worker, kTagGo, {});
    std::vector<int> taken(static_cast<std::size_t>(channel.size()), 0);
    Counter counter(channel.size(), messages);
    while (!counter.complete()) {
        const Message message = must_receive(channel);
        counter.add(message.source);
        const int done = ++taken[static_cast<std::size_t>(message.source)];
        // None that nobody would wait for: before this one they have been for window - part + done.
        if (done % part == 0 && window - part + done < messages)
            channel.send(message.source, kTagGo, {});
    }
    Traffic traffic = counter.result();
    channel.flush();
    return traffic;
}

Traffic raw_traffic(std::size_t bytes, int messages) {
    int rank = 0;
    int ranks = 1;
    check_mpi(MPI_Comm_rank(MPI_COMM_WORLD, &rank), "MPI_Comm_rank");
    check_mpi(MPI_Comm_size(MPI_COMM_WORLD, &ranks), "MPI_Comm_size");
    const int size = static_cast<int>(bytes);
    check_mpi(MPI_Barrier(MPI_COMM_WORLD), "MPI_Barrier");
    if (rank > 0) {
        for (int i = 0; i < messages; ++i) {
            const Bytes load(bytes);  // made anew, as every packet is
            check_mpi(MPI_Send(load.data(), size, MPI_BYTE, 0, kTagLoad, MPI_COMM_WORLD),
                      "MPI_Send");
        }
        return {};
    }
    Counter counter(ranks, messages);
    while (!counter.complete()) {
        Bytes load(bytes);
        MPI_Status status;
        check_mpi(MPI_Recv(load.data(), size, MPI_BYTE, MPI_ANY_SOURCE, kTagLoad, MPI_COMM_WORLD,
                           &status),
                  "MPI_Recv");
        counter.add(status.MPI_SOURCE);
    }
    return counter.result();
}

}  // namespace mobi
