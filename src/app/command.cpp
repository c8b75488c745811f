// SPDX-License-Identifier: Apache-2.0
#include "app/command.hpp"

#include <array>

namespace mobi {

std::span<const Command> commands() {
    static constexpr std::array<Command, 5> table{{
        {"run", "the experiment: rank 0 is the server, the others host devices (mpirun)",
         run_command},
        {"check",
         "lists every configuration problem; prints the resolved configuration and an "
         "estimate",
         check_command},
        {"replay", "trains the side network again from the activations in a run file",
         replay_command},
        {"verify", "compares a backbone folder with reference activations or token ids",
         verify_command},
        {"bench",
         "measures forward passes, the server's updates, timelines and transport on this machine",
         bench_command},
    }};
    return table;
}

}  // namespace mobi
