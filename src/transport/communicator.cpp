// SPDX-License-Identifier: Apache-2.0
#include "transport/communicator.hpp"

#include <array>
#include <string>

#include "core/error.hpp"

namespace mobi {
namespace {

void check(int code, const char* call) {
    if (code == MPI_SUCCESS) return;
    std::array<char, MPI_MAX_ERROR_STRING> text{};
    int length = 0;
    MPI_Error_string(code, text.data(), &length);
    throw TransportError(std::string(call) + ": " + text.data());
}

}  // namespace

Communicator::Communicator(MPI_Comm comm) {
    check(MPI_Comm_rank(comm, &rank_), "MPI_Comm_rank");
    check(MPI_Comm_size(comm, &size_), "MPI_Comm_size");
}

}  // namespace mobi
