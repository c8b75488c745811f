// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "hdf5/handle.hpp"
#include "record/activation_store.hpp"
#include "record/parameters.hpp"
#include "record/records.hpp"
#include "record/run_output.hpp"
#include "record/table_appender.hpp"
#include "schema/schema.hpp"

namespace mobi::record {

/// A run file that is being written.  Not thread-safe; diagnostics are those of the calling thread.
class RunFile {
  public:
    /// Creates the file with every group, dataset and attribute that the run will ever have, status
    /// running; from then on readers may open it beside the writer.
    ///
    /// With `parameters.swmr` in the format of HDF5 1.10, which SWMR asks for; else in that of 1.8,
    /// which a plain open reads even after the process was killed.  A run file that is there
    /// already is replaced when the new one is whole, not truncated: whoever has it open keeps the
    /// old one. \throws ConfigError  when a backbone's name cannot be a name in the file, or
    /// output.publish()
    ///                      refuses.
    /// \throws RecordError  when it cannot be written.  After either the place is as it was.
    RunFile(Output output,
            RunLayout layout,
            const RecordParameters& parameters,
            Naming naming = Naming::AtOnce);

    /// Takes one record; its sizes have passed check_record().
    void store(const Record& record);

    /// Brings everything stored so far to the file, then says so in /status.
    void flush();

    /// flush(), the last status, and every handle closed with its failures reported.
    void close(RunStatus status);

    const RunLayout& layout() const noexcept { return layout_; }
    /// Bytes handed to the HDF5 library.
    std::int64_t written_bytes() const;

  private:
    struct Tables;
    struct Visitor;

    void write_status(RunStatus status);
    void publish();
    void sync();
    void store_checkpoint(const Checkpoint& checkpoint);
    void write_whole(const std::string& path, hid_t memory_type, const void* values);

    Output output_;  // held until the file is closed
    RunLayout layout_;
    File file_;
    std::unique_ptr<Tables> tables_;
    std::int64_t whole_bytes_ = 0;
    bool published_ = false;

  public:
    RunFile(const RunFile&) = delete;
    RunFile& operator=(const RunFile&) = delete;
    RunFile(RunFile&&) = delete;
    RunFile& operator=(RunFile&&) = delete;
    ~RunFile();
};

}  // namespace mobi::record
