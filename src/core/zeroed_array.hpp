// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

namespace mobi {

namespace internal {
/// `size` elements of `width` bytes of zeros, in large pages where the system gives them.
/// \throws std::bad_alloc
void* map_zeroed(std::size_t size, std::size_t width);
void unmap_zeroed(void* data, std::size_t bytes) noexcept;
}  // namespace internal

/// An array of zeros of fixed size that takes memory where it is written only.  For large arrays
/// that are filled little by little: a vector would write all of it at once.
template <typename T>
class ZeroedArray {
    static_assert(std::is_trivially_copyable_v<T>);

  public:
    ZeroedArray() = default;
    explicit ZeroedArray(std::size_t size)
        : data_(size == 0 ? nullptr : static_cast<T*>(internal::map_zeroed(size, sizeof(T)))),
          size_(size) {}
    ~ZeroedArray() { internal::unmap_zeroed(data_, size_ * sizeof(T)); }
    ZeroedArray(ZeroedArray&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
    ZeroedArray& operator=(ZeroedArray&& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        return *this;
    }
    ZeroedArray(const ZeroedArray&) = delete;
    ZeroedArray& operator=(const ZeroedArray&) = delete;

    T* data() noexcept { return data_; }
    const T* data() const noexcept { return data_; }
    std::size_t size() const noexcept { return size_; }
    bool empty() const noexcept { return size_ == 0; }
    T* begin() noexcept { return data_; }
    T* end() noexcept { return data_ + size_; }
    const T* begin() const noexcept { return data_; }
    const T* end() const noexcept { return data_ + size_; }
    T& operator[](std::size_t index) noexcept { return data_[index]; }
    const T& operator[](std::size_t index) const noexcept { return data_[index]; }

  private:
    T* data_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace mobi
