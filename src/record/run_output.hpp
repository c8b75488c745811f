// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

namespace mobi::record {

/// Whether a run file may be made at `path`, judged by what is there; touches nothing.
///
/// A link is judged by what it leads to.  Accepted are a path at which nothing is, in whatever
/// folders are still to be made, and a run file of ours that may be written: complete or not, of
/// any version.  It is the only thing that is ever replaced.  One that another process is writing
/// is not looked into.
/// \throws ConfigError  when the path names no file, or one that is to stay: no run file, or one
///                      that is write-protected.
/// \throws RecordError  when no regular file can be there: a folder, a device, a pipe, a socket.
void check_output(const std::filesystem::path& path);

/// Whether another Output, of any process, holds `path`; touches nothing.
bool is_being_written(const std::filesystem::path& path);

/// When a new run file takes its name.
enum class Naming {
    AtOnce,         ///< it is laid out
    WhenPublished,  ///< it has caught up with an unfinished file that is there (records.hpp,
                    ///< Publish)
};

/// The place of a run file, held for one writer from construction to destruction.
///
/// Beside `run.h5` lies the empty file `.run.h5.lock` as long, and flock() on it keeps others out:
/// those of this machine always, those of other machines where the file system's locks reach them
/// (NFS from Linux 2.6.12 on, Lustre mounted with `flock`).  The kernel takes the lock of a process
/// that dies back; the empty file it leaves is taken over.  Where the file system has no locks at
/// all there is a warning, and no protection.  HDF5's own lock would not do: it ends where
/// readers may begin.
///
/// The new file is made beside the old one and takes its name when it is whole: what was there is
/// lost to nothing but a run that has begun.  From then on it grows under that name, so that
/// readers can follow it.
class Output {
  public:
    /// Makes the folders on the way.
    /// \throws ConfigError, RecordError  as check_output(); and RecordError when another writer
    ///                                   holds the place or the folder cannot be written.
    explicit Output(const std::filesystem::path& path);
    Output(const Output&) = delete;
    Output& operator=(const Output&) = delete;
    Output(Output&& other) noexcept;
    Output& operator=(Output&&) = delete;

    /// Gives the place back.  A file that begin() made and publish() did not name is removed.
    ~Output();

    /// The path as it was named, for messages.
    const std::filesystem::path& path() const noexcept { return path_; }

    /// Where it really is, links followed.
    const std::filesystem::path& target() const noexcept { return target_; }

    /// Makes the empty file that becomes the run file, with a name of its own, and returns its
    /// path. \throws RecordError  when it cannot be made.
    const std::filesystem::path& begin();

    /// Gives the file of begin() its name, in place of the run file that was there.
    /// \throws ConfigError, RecordError  as check_output(), if something else has come there since;
    ///                                   RecordError when the file cannot be renamed.
    void publish();

  private:
    void lock();
    void unlock() noexcept;

    std::filesystem::path path_;
    std::filesystem::path target_;  // path_ without links
    std::filesystem::path begun_;   // empty: none, or it has its name
    std::filesystem::path lock_path_;
    int lock_ = -1;
};

}  // namespace mobi::record
