// SPDX-License-Identifier: Apache-2.0
#include "record/checkpoint_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "core/error.hpp"
#include "core/rng.hpp"

namespace mobi::record {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMagic = "MOBICKP1";
constexpr std::size_t kHeaderBytes = 24;

RecordError failure(const fs::path& path, std::string_view what, int error) {
    return RecordError(
        fmt::format("{} checkpoint '{}': {}", what, path.string(), std::strerror(error)));
}

std::uint64_t check_of(std::span<const std::byte> bytes) {
    return text_key({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

/// A file descriptor that closes itself.
class Descriptor {
  public:
    explicit Descriptor(int number) : number_(number) {}
    ~Descriptor() {
        if (number_ >= 0) ::close(number_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;

    int get() const noexcept { return number_; }
    /// \return  0, or the error.
    int close() noexcept {
        const int number = std::exchange(number_, -1);
        return ::close(number) == 0 ? 0 : errno;
    }

  private:
    int number_;
};

void write_all(const Descriptor& file, std::span<const std::byte> bytes, const fs::path& path) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) throw failure(path, "write", errno);
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
}

/// So that the new name outlives a crash of the machine.  Not every file system can.
void sync_folder(const fs::path& folder) {
    const Descriptor opened(
        ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (opened.get() >= 0) ::fsync(opened.get());
}

}  // namespace

fs::path checkpoint_path(const fs::path& run_file) {
    fs::path path = run_file;
    path += ".checkpoint";
    return path;
}

void write_checkpoint(const fs::path& run_file, StoredCheckpoint checkpoint) {
    const fs::path path = checkpoint_path(run_file);
    fs::path begun = path;
    begun += ".new";
    Archive archive;
    checkpoint.archive(archive);
    const Bytes body = archive.take();
    ByteWriter header;
    header.put_bytes(std::as_bytes(std::span(kMagic)));
    header.put(static_cast<std::uint64_t>(body.size()));
    header.put(check_of(body));
    const Bytes head = header.take();
    try {
        Descriptor file(::open(begun.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
        if (file.get() < 0) throw failure(path, "create", errno);
        write_all(file, head, path);
        write_all(file, body, path);
        if (::fsync(file.get()) != 0) throw failure(path, "write", errno);
        if (const int error = file.close(); error != 0) throw failure(path, "write", error);
        if (::rename(begun.c_str(), path.c_str()) != 0) throw failure(path, "name", errno);
    } catch (...) {
        ::unlink(begun.c_str());
        throw;
    }
    sync_folder(path.parent_path());
}

StoredCheckpoint parse_checkpoint(std::span<const std::byte> bytes, const std::string& name) {
    const auto refuse = [&](std::string_view why) {
        throw DataError(fmt::format("{}: {}; start the run over with --overwrite", name, why));
    };
    const auto magic = std::as_bytes(std::span(kMagic));
    if (bytes.size() < kHeaderBytes || !std::equal(magic.begin(), magic.end(), bytes.begin()))
        refuse("is no checkpoint of this version");
    ByteReader header(bytes.subspan(magic.size()), "checkpoint");
    const auto size = header.get<std::uint64_t>();
    const auto hash = header.get<std::uint64_t>();
    const std::span<const std::byte> body = bytes.subspan(kHeaderBytes);
    if (body.size() != size || check_of(body) != hash) refuse("is damaged");
    StoredCheckpoint checkpoint;
    try {
        Archive archive(body);
        checkpoint.archive(archive);
        archive.finish();
    } catch (const TransportError&) {
        refuse("is damaged");
    }
    return checkpoint;
}

std::optional<StoredCheckpoint> read_checkpoint(const fs::path& run_file) {
    const fs::path path = checkpoint_path(run_file);
    std::error_code error;
    if (!fs::exists(path, error)) return std::nullopt;
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    const std::streamoff size = file ? std::streamoff(file.tellg()) : -1;
    if (size < 0) throw failure(path, "open", errno);
    Bytes bytes(static_cast<std::size_t>(size));
    file.seekg(0);
    if (!file.read(reinterpret_cast<char*>(bytes.data()), size)) throw failure(path, "read", errno);
    return parse_checkpoint(bytes, path.string());
}

void remove_checkpoint(const fs::path& run_file) {
    std::error_code ignored;
    fs::remove(checkpoint_path(run_file), ignored);
}

}  // namespace mobi::record
