// SPDX-License-Identifier: Apache-2.0
#include "core/zeroed_array.hpp"

#include <new>

#include <sys/mman.h>

namespace mobi::internal {

void* map_zeroed(std::size_t size, std::size_t width) {
    std::size_t bytes = 0;
    if (__builtin_mul_overflow(size, width, &bytes)) throw std::bad_alloc();
    void* const data =
        mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (data == MAP_FAILED) throw std::bad_alloc();
    madvise(data, bytes, MADV_HUGEPAGE);  // not given: usual pages, as correct and slower
    return data;
}

void unmap_zeroed(void* data, std::size_t bytes) noexcept {
    if (data != nullptr) munmap(data, bytes);
}

}  // namespace mobi::internal
