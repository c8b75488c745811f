// SPDX-License-Identifier: Apache-2.0
// Faults on demand, for tests: a library that is loaded before all others (LD_PRELOAD) and stands
// between the program and what may fail.
//
//   MOBI_FAULT_FOLDER, MOBI_FAULT_BYTES   what is written to files in the folder, by this process,
//       is counted; what is beyond so many bytes fails as on a full disk.
//   MOBI_FAULT_MESSAGE = RANK:N:BYTE      flips a bit of the byte in the N-th message (from 1) of
//       100 bytes or more that the rank sends.
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include <dlfcn.h>
#include <mpi.h>
#include <unistd.h>

namespace {

template <typename Function>
Function next(const char* name) {
    return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

/// Of the bytes that are to be written, those that fit.
std::size_t room_for(int file, std::size_t wanted) {
    static const char* const folder = std::getenv("MOBI_FAULT_FOLDER");
    static const char* const limit = std::getenv("MOBI_FAULT_BYTES");
    static std::atomic<long long> left{limit != nullptr ? std::atoll(limit) : 0};
    if (folder == nullptr || limit == nullptr) return wanted;
    char path[4096];
    const std::string link = "/proc/self/fd/" + std::to_string(file);
    const ssize_t length = ::readlink(link.c_str(), path, sizeof path - 1);
    if (length < 0) return wanted;
    path[length] = 0;
    if (std::strncmp(path, folder, std::strlen(folder)) != 0) return wanted;
    const long long before = left.fetch_sub(static_cast<long long>(wanted));
    return static_cast<std::size_t>(std::clamp(before, 0LL, static_cast<long long>(wanted)));
}

template <typename Write>
ssize_t limited(int file, std::size_t wanted, const Write& write) {
    const std::size_t room = room_for(file, wanted);
    if (room > 0 || wanted == 0) return write(room);
    errno = ENOSPC;
    return -1;
}

}  // namespace

extern "C" {

ssize_t write(int file, const void* bytes, size_t count) {
    static const auto real = next<ssize_t (*)(int, const void*, size_t)>("write");
    return limited(file, count, [&](size_t room) { return real(file, bytes, room); });
}

ssize_t pwrite(int file, const void* bytes, size_t count, off_t at) {
    static const auto real = next<ssize_t (*)(int, const void*, size_t, off_t)>("pwrite");
    return limited(file, count, [&](size_t room) { return real(file, bytes, room, at); });
}

ssize_t pwrite64(int file, const void* bytes, size_t count, off64_t at) {
    static const auto real = next<ssize_t (*)(int, const void*, size_t, off64_t)>("pwrite64");
    return limited(file, count, [&](size_t room) { return real(file, bytes, room, at); });
}

int MPI_Isend(const void* buffer,
              int count,
              MPI_Datatype type,
              int to,
              int tag,
              MPI_Comm communicator,
              MPI_Request* request) {
    static std::vector<char> spoilt;  // lives as long as the message is under way
    static int sent = 0;
    const char* const fault = std::getenv("MOBI_FAULT_MESSAGE");
    int size = 0;
    int own_rank = 0;
    PMPI_Type_size(type, &size);
    PMPI_Comm_rank(communicator, &own_rank);
    int rank = -1;
    int number = 0;
    int byte = 0;
    constexpr int kLong = 100;
    const bool wanted = fault != nullptr &&
                        std::sscanf(fault, "%d:%d:%d", &rank, &number, &byte) == 3 &&
                        rank == own_rank && count * size >= kLong && ++sent == number;
    if (wanted) {
        const auto* const first = static_cast<const char*>(buffer);
        spoilt.assign(first, first + count * size);
        spoilt[static_cast<std::size_t>(byte) % spoilt.size()] ^= 1;
        buffer = spoilt.data();
    }
    return PMPI_Isend(buffer, count, type, to, tag, communicator, request);
}

}  // extern "C"
