// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

#include "record/parameters.hpp"
#include "record/records.hpp"
#include "record/run_output.hpp"
#include "schema/schema.hpp"

namespace mobi::record {

/// What recording cost so far: real time, not virtual.
struct WriterStatistics {
    std::int64_t queue_waits = 0;        ///< submit() calls that had to wait for room
    std::int64_t unflushed_records = 0;  ///< submitted, and not in the file for sure yet
    std::int64_t written_bytes = 0;      ///< handed to the HDF5 library
    double busy_wall_s = 0;              ///< of the writer thread, waiting for records excluded
    double cpu_s = 0;                    ///< of the writer thread
};

/// Writes the run file in a thread of its own.
///
/// The constructor creates the whole file, in the calling thread, so that a path that cannot be
/// written is reported at once; from then on one thread owns the file and takes records from a
/// queue that is bounded by the bytes in it.  The order of records within one dataset is that of
/// their submission.  Every `flush_s` seconds all that was taken is brought to the file, so that a
/// killed process leaves the rows of its last flush or more.
///
/// When the thread fails, e.g. on a full disk, its error is kept and rethrown by every submit() and
/// close() that follows; the file then says `running` or is unreadable, never `finished`.
///
/// submit() may be called by any thread, close() by one.
class Writer {
  public:
    /// \param output  the place of the file; held until the file is closed.
    /// \throws ConfigError, RecordError  as RunFile and Output; the place is as it was then.
    Writer(Output output,
           RunLayout layout,
           const RecordParameters& parameters,
           Naming naming = Naming::AtOnce);
    /// The same with an Output of its own.
    Writer(const std::filesystem::path& path, RunLayout layout, const RecordParameters& parameters);

    /// As close(RunStatus::Aborted) if the file is still open, but an error is logged, not thrown.
    ~Writer();

    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;
    Writer(Writer&&) = delete;
    Writer& operator=(Writer&&) = delete;

    /// Queues rows, a vector of rows, or one of the structs of records.hpp.  Waits while the queue
    /// is full.  ActivationRows and EvaluationTaps are dropped when the layout keeps no
    /// activations. \throws Bug  when sizes differ from the layout's, or after close(). \throws
    /// RecordError  the writer thread's, if it has failed.
    void submit(Record record);

    /// Queues ids for /update_samples.
    void submit_update_samples(std::span<const std::int32_t> samples);

    /// Writes what is queued, appends the row (rank 0, phase recording) to /host, sets the status
    /// and closes the file.
    /// \throws RecordError  when any of that fails, or the thread had failed before.
    void close(RunStatus status);

    /// False: submit() drops taps, there is no need to make them.
    bool keeps_activations() const noexcept;

    WriterStatistics statistics() const;

  private:
    class Thread;
    std::unique_ptr<Thread> thread_;
};

}  // namespace mobi::record
