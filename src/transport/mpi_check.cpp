// SPDX-License-Identifier: Apache-2.0
#include "transport/mpi_check.hpp"

#include <array>
#include <string>

#include <fmt/format.h>
#include <mpi.h>

#include "core/check.hpp"
#include "core/error.hpp"

namespace mobi::internal {

void check_mpi(int code, std::string_view call) {
    if (code == MPI_SUCCESS) return;
    std::array<char, MPI_MAX_ERROR_STRING> text{};
    int length = 0;
    if (MPI_Error_string(code, text.data(), &length) != MPI_SUCCESS)
        throw TransportError(fmt::format("{}: error {}", call, code));
    // MPICH tells its stack on lines of their own; an error is one line
    std::string reason(text.data(), static_cast<std::size_t>(length));
    while (!reason.empty() && reason.back() == '\n') reason.pop_back();
    for (auto end = reason.find('\n'); end != std::string::npos; end = reason.find('\n'))
        reason.replace(end, 1, "; ");
    throw TransportError(fmt::format("{}: {}", call, reason));
}

void check_mpi_thread(std::string_view caller) {
    // these three may be called at any time and from any thread
    int initialised = 0;
    int finalised = 0;
    check_mpi(MPI_Initialized(&initialised), "MPI_Initialized");
    check_mpi(MPI_Finalized(&finalised), "MPI_Finalized");
    MOBI_CHECK(initialised != 0 && finalised == 0, "{}: MPI is not running", caller);
    int main_thread = 0;
    check_mpi(MPI_Is_thread_main(&main_thread), "MPI_Is_thread_main");
    MOBI_CHECK(main_thread != 0, "{}: only the main thread may call MPI", caller);
}

}  // namespace mobi::internal
