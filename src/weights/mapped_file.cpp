// SPDX-License-Identifier: Apache-2.0
#include "weights/mapped_file.hpp"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/check.hpp"
#include "core/error.hpp"

namespace mobi {
namespace {

[[noreturn]] void fail(const std::filesystem::path& path, const char* what, int error) {
    throw DataError(fmt::format("{}: cannot {}: {}", path.string(), what, std::strerror(error)));
}

/// Closes a file descriptor at the end of the scope; a mapping outlives its descriptor.
class Descriptor {
  public:
    Descriptor(const std::filesystem::path& path, int flags)
        : value_(::open(path.c_str(), flags | O_CLOEXEC, 0644)) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (value_ >= 0) ::close(value_);
    }
    int get() const { return value_; }

  private:
    int value_;
};

}  // namespace

MappedFile MappedFile::open(const std::filesystem::path& path) {
    const Descriptor file(path, O_RDONLY | O_NONBLOCK);  // a pipe would keep us until it is written
    if (file.get() < 0) fail(path, "open", errno);
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) fail(path, "read the size", errno);
    if (!S_ISREG(status.st_mode)) throw DataError(path.string() + ": not a regular file");
    MappedFile mapped;
    mapped.size_ = static_cast<std::size_t>(status.st_size);
    if (mapped.size_ == 0) return mapped;
    void* data = ::mmap(nullptr, mapped.size_, PROT_READ, MAP_SHARED, file.get(), 0);
    if (data == MAP_FAILED) fail(path, "map", errno);
    mapped.data_ = static_cast<std::byte*>(data);
    return mapped;
}

MappedFile MappedFile::create(const std::filesystem::path& path, std::size_t size) {
    MOBI_CHECK(size > 0, "a mapping of no bytes");
    const Descriptor file(path, O_RDWR | O_CREAT | O_TRUNC);
    if (file.get() < 0) fail(path, "create", errno);
    const int reserved = ::posix_fallocate(file.get(), 0, static_cast<off_t>(size));
    if (reserved != 0) fail(path, fmt::format("reserve {} bytes", size).c_str(), reserved);
    MappedFile mapped;
    mapped.size_ = size;
    mapped.writable_ = true;
    void* data = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
    if (data == MAP_FAILED) fail(path, "map", errno);
    mapped.data_ = static_cast<std::byte*>(data);
    return mapped;
}

MappedFile MappedFile::anonymous(std::size_t size) {
    MOBI_CHECK(size > 0, "a mapping of no bytes");
    MappedFile mapped;
    mapped.size_ = size;
    mapped.writable_ = true;
    void* data = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (data == MAP_FAILED) fail("memory", fmt::format("get {} bytes", size).c_str(), errno);
    mapped.data_ = static_cast<std::byte*>(data);
    return mapped;
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      writable_(other.writable_) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
    MappedFile taken(std::move(other));
    std::swap(data_, taken.data_);
    std::swap(size_, taken.size_);
    std::swap(writable_, taken.writable_);
    return *this;
}

MappedFile::~MappedFile() {
    if (data_ != nullptr) ::munmap(data_, size_);
}

std::span<std::byte> MappedFile::writable_bytes() {
    MOBI_CHECK(writable_, "this mapping is read-only");
    return {data_, size_};
}

void MappedFile::sync(const std::filesystem::path& path) {
    MOBI_CHECK(writable_, "this mapping is read-only");
    if (::msync(data_, size_, MS_SYNC) != 0) fail(path, "write", errno);
    const Descriptor file(path, O_RDONLY);
    if (file.get() < 0 || ::fsync(file.get()) != 0) fail(path, "write", errno);
}

}  // namespace mobi
