// SPDX-License-Identifier: Apache-2.0
#include "transport/environment.hpp"

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <thread>

#include <mpi.h>

#include "core/check.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "transport/mpi_check.hpp"

namespace mobi {

using internal::check_mpi;

namespace {

constexpr std::chrono::seconds kLauncherPatience(5);  // to end a process that aborts

}  // namespace

Environment::Environment() : exceptions_(std::uncaught_exceptions()) {
    int initialised = 0;
    check_mpi(MPI_Initialized(&initialised), "MPI_Initialized");
    MOBI_CHECK(initialised == 0, "MPI can be started once in a process");
    int provided = 0;
    check_mpi(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &provided),
              "MPI_Init_thread");
    running_ = true;
    check_mpi(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN),
              "MPI_Comm_set_errhandler");
    if (provided < MPI_THREAD_SERIALIZED)
        throw TransportError(
            "MPI_Init_thread: this MPI does not let a second thread call it "
            "(MPI_THREAD_SERIALIZED)");
}

Environment::~Environment() {
    if (!running_) return;
    if (std::uncaught_exceptions() > exceptions_) {
        log::error("an exception leaves the MPI environment: all ranks end");
        abort(70);
    }
    try {
        finalise();
    } catch (const std::exception& error) {
        log::error(error.what());
    }
}

void Environment::finalise() {
    MOBI_CHECK(running_, "MPI was finalised already");
    running_ = false;
    check_mpi(MPI_Finalize(), "MPI_Finalize");
}

void Environment::abort(int code) {
    std::fflush(nullptr);
    int initialised = 0;
    int finalised = 0;
    MPI_Initialized(&initialised);
    MPI_Finalized(&finalised);
    if (initialised != 0 && finalised == 0) {
        std::thread([code] {  // MPI_Abort waits for the launcher, whose host may be cut off
            std::this_thread::sleep_for(kLauncherPatience);
            std::_Exit(code);
        })
            .detach();
        MPI_Abort(MPI_COMM_WORLD, code);
    }
    std::_Exit(code);
}

std::string mpi_library_version() {
    std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> text{};
    int length = 0;
    check_mpi(MPI_Get_library_version(text.data(), &length), "MPI_Get_library_version");
    const std::string whole(text.data(), static_cast<std::size_t>(length));
    return whole.substr(0, whole.find_first_of(",\n"));
}

}  // namespace mobi
