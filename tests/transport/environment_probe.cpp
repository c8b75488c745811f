// SPDX-License-Identifier: Apache-2.0
// Two ranks, and rank 1 ends in the way that the first argument names; run by CTest, which compares
// what mpiexec returns.
#include <limits>
#include <string_view>

#include "core/error.hpp"
#include "transport/environment.hpp"
#include "transport/mpi_channel.hpp"

int main(int argc, char** argv) {
    const std::string_view way = argc > 1 ? argv[1] : "";
    if (way == "after") {  // without MPI
        {
            mobi::Environment environment;
            environment.finalise();
        }
        mobi::Environment::abort(3);
    }
    try {
        mobi::Environment environment;
        {
            mobi::MpiChannel channel;
            constexpr mobi::WallClock::duration for_ever(std::numeric_limits<double>::infinity());
            if (way == "abort" || way == "throw") {
                if (channel.rank() == 0) channel.receive(for_ever);  // nobody ever sends
                if (way == "abort") mobi::Environment::abort(mobi::TransportError("").exit_code());
                throw mobi::DataError("leaves the environment behind");
            }
            if (channel.rank() == 1) channel.send(0, 7, mobi::Bytes(3));
            if (channel.rank() == 0) channel.receive(for_ever);
            channel.flush();
        }
        if (way == "finalise") environment.finalise();
    } catch (const mobi::DataError&) {
        return 1;  // not reached: the environment has ended the process
    }
    return 0;
}
