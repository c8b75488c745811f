// SPDX-License-Identifier: Apache-2.0
#include "record/run_output.hpp"

#include <cctype>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/error.hpp"
#include "core/log.hpp"
#include "record/run_reader.hpp"

namespace mobi::record {
namespace {

namespace fs = std::filesystem;

RecordError failure(const fs::path& path, const std::string& reason) {
    return RecordError(fmt::format("create run file '{}': {}", path.string(), reason));
}

RecordError failure(const fs::path& path, int error) {
    return failure(path, std::string(std::strerror(error)));
}

std::string_view kind_of(fs::file_type type) {
    switch (type) {
        case fs::file_type::directory:
            return "a folder";
        case fs::file_type::character:
        case fs::file_type::block:
            return "a device";
        case fs::file_type::fifo:
            return "a pipe";
        case fs::file_type::socket:
            return "a socket";
        default:
            return "no regular file";
    }
}

/// Where a file with this name really is or would be: the links of the name and of its folder
/// followed, also one that leads to nothing yet.
fs::path without_links(const fs::path& path) {
    constexpr int kMostLinks = 40;  // as Linux
    std::error_code error;
    fs::path current = fs::absolute(path, error);
    for (int i = 0; i < kMostLinks && fs::is_symlink(fs::symlink_status(current, error)); ++i) {
        const fs::path next = fs::read_symlink(current, error);
        current = next.is_absolute() ? next : current.parent_path() / next;
    }
    const fs::path folder = fs::weakly_canonical(current.parent_path(), error);
    return (error ? current.parent_path() : folder) / current.filename();
}

fs::path lock_path_of(const fs::path& target) {
    return target.parent_path() / fmt::format(".{}.lock", target.filename().string());
}

/// Whether somebody could write the file if root were not everybody.
bool is_writable(const fs::path& path) {
    struct stat status {};
    constexpr mode_t kAnyWrite = S_IWUSR | S_IWGRP | S_IWOTH;
    return ::stat(path.c_str(), &status) == 0 && (status.st_mode & kAnyWrite) != 0 &&
           ::access(path.c_str(), W_OK) == 0;
}

bool is_shell_word(std::string_view component) {
    return component.size() > 1 && component[0] == '$' &&
           (std::isalpha(static_cast<unsigned char>(component[1])) != 0 || component[1] == '_' ||
            component[1] == '{');
}

/// A shell expands `~` at the beginning of a word only, and a configuration has no shell: the run
/// would be in a folder of that name.
void check_expanded(const fs::path& path) {
    bool expanded = !path.begin()->string().starts_with('~');
    for (const fs::path& component : path) expanded &= !is_shell_word(component.string());
    if (!expanded)
        throw ConfigError(fmt::format(
            "run.output: {0}: ~ and $NAME are not expanded here; give the whole path (or ./{0}, if "
            "that is its name)",
            path.string()));
}

/// The folders that are there already must be folders.
void check_folders(const fs::path& path) {
    std::error_code error;
    fs::path folder = fs::absolute(path, error).parent_path();
    while (folder.has_relative_path() &&
           fs::status(folder, error).type() == fs::file_type::not_found)
        folder = folder.parent_path();
    if (!fs::is_directory(folder, error)) throw failure(path, folder.string() + " is not a folder");
    if (::access(folder.c_str(), W_OK | X_OK) != 0) throw failure(path, errno);
}

void check_regular_file(const fs::path& path) {
    if (!is_run_file(path))
        throw ConfigError(
            fmt::format("run.output: {} is there already and is no run file that could be read: it "
                        "is not replaced; name another file",
                        path.string()));
    if (!is_writable(path))
        throw ConfigError(fmt::format(
            "run.output: {0} is write-protected: it is not replaced; name another file, or chmod "
            "u+w {0}",
            path.string()));
}

bool same_file(int descriptor, const fs::path& path) {
    struct stat one {};
    struct stat other {};
    return ::fstat(descriptor, &one) == 0 && ::lstat(path.c_str(), &other) == 0 &&
           one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

int open_lock(const fs::path& path) {
    constexpr int kFlags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | kFlags, 0666);
    // one that another user's killed run has left may be locked all the same
    if (file < 0 && errno == EACCES) return ::open(path.c_str(), O_RDONLY | kFlags);
    return file;
}

}  // namespace

void check_output(const fs::path& path) {
    if (path.empty())
        throw ConfigError("run.output is empty; accepted: a file, e.g. results/run.h5");
    check_expanded(path);
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (status.type() == fs::file_type::none) throw failure(path, error.message());
    if (fs::is_directory(status) || !path.has_filename())
        throw failure(
            path, "it is a folder; run.output accepts a file, e.g. " + (path / "run.h5").string());
    if (!fs::exists(status)) return check_folders(without_links(path));
    if (!fs::is_regular_file(status))
        throw failure(path, fmt::format("it is {}, and stays as it is; run.output accepts a "
                                        "regular file",
                                        kind_of(status.type())));
    if (!is_being_written(path)) check_regular_file(path);
}

bool is_being_written(const fs::path& path) {
    const int file = ::open(lock_path_of(without_links(path)).c_str(),
                            O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (file < 0) return false;
    const bool held = ::flock(file, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    ::close(file);
    return held;
}

Output::Output(const fs::path& path) : path_(path) {
    check_output(path);
    target_ = without_links(path);
    lock_path_ = lock_path_of(target_);
    std::error_code error;
    fs::create_directories(target_.parent_path(), error);
    if (error) throw failure(path, error.message());
    lock();
}

Output::Output(Output&& other) noexcept
    : path_(std::move(other.path_)),
      target_(std::move(other.target_)),
      begun_(std::exchange(other.begun_, {})),
      lock_path_(std::move(other.lock_path_)),
      lock_(std::exchange(other.lock_, -1)) {}

Output::~Output() {
    std::error_code ignored;
    if (!begun_.empty()) fs::remove(begun_, ignored);
    unlock();
}

void Output::lock() {
    while (true) {
        lock_ = open_lock(lock_path_);
        if (lock_ < 0) throw failure(path_, errno);
        if (::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
            const int error = errno;
            ::close(std::exchange(lock_, -1));
            if (error == EWOULDBLOCK)
                throw RecordError(
                    fmt::format("run.output: {} is being written by another process: wait for its "
                                "end, or name another file",
                                path_.string()));
            log::warning(
                fmt::format("{}: no lock on this file system ({}): nothing keeps a second "
                            "run from writing the same file",
                            path_.string(), std::strerror(error)));
            return;
        }
        if (same_file(lock_, lock_path_)) return;
        ::close(std::exchange(lock_, -1));  // its owner has just removed it
    }
}

void Output::unlock() noexcept {
    if (lock_ < 0) return;
    struct stat status {};
    const bool ours = ::fstat(lock_, &status) == 0 && status.st_size == 0;
    if (ours && same_file(lock_, lock_path_)) ::unlink(lock_path_.c_str());
    ::close(std::exchange(lock_, -1));
}

const fs::path& Output::begin() {
    const auto now = std::chrono::system_clock::now().time_since_epoch().count();
    const fs::path name = target_.parent_path() /
                          fmt::format(".{}.{}-{:x}", target_.filename().string(), ::getpid(), now);
    const int file = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file < 0) throw failure(path_, errno);
    ::close(file);
    return begun_ = name;
}

void Output::publish() {
    check_output(path_);
    std::error_code
        ignored;  // the lock is ours: what came meanwhile is of somebody who asked for none
    if (fs::exists(target_, ignored)) check_regular_file(path_);
    if (::rename(begun_.c_str(), target_.c_str()) != 0) throw failure(path_, errno);
    begun_.clear();
}

}  // namespace mobi::record
