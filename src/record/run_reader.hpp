// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "core/byte_io.hpp"
#include "hdf5/handle.hpp"
#include "record/records.hpp"
#include "schema/schema.hpp"
#include "schema/table.hpp"

namespace mobi::record {

enum class IncompleteRuns { Refuse, Allow };

/// Whether a run file is at `path`: of any version, complete or not, also while it is written.
bool is_run_file(const std::filesystem::path& path);

/// Uploaded activations of one backbone type, rows in arrival order.
struct Activations {
    std::vector<std::int32_t> samples;       ///< (rows) sample ids
    std::vector<std::int32_t> upload;        ///< (rows) rows of /uploads
    std::vector<Bytes> taps;                 ///< by tapped layer: (rows, .) in wire precision
    std::vector<std::vector<float>> scales;  ///< by tapped layer: (rows); int8 and int4 only
    std::vector<float> residual;             ///< (rows, C)
};

/// What evaluation of one backbone type needs, rows by test sample.
struct StoredEvaluation {
    std::vector<std::vector<float>> taps;  ///< by tapped layer: (test samples, d)
    std::vector<float> output;             ///< (test samples, C); NaN where it is not there
};

/// Reads a run file, for `replay` and for tests.
///
/// Also opens a file that is being written or whose writer was killed; such a run, and an aborted
/// one, is refused unless asked for.  Of an incomplete run the tables may end at slightly different
/// updates: `status().updates_done` are whole in all of them.
///
/// Nothing is kept in memory but the layout.  Not thread-safe; where the HDF5 library is built
/// without thread safety, not while a Writer is at work.
class RunReader {
  public:
    /// \throws DataError    the file is missing, not ours, of another schema version, or the run is
    ///                      incomplete; the text names the path.
    /// \throws RecordError  HDF5 cannot read it.  The functions below throw it, too.
    explicit RunReader(const std::filesystem::path& path,
                       IncompleteRuns incomplete = IncompleteRuns::Refuse);

    /// What the file was laid out for: configuration, names of all enumerations, backbones, shapes.
    const RunLayout& layout() const noexcept { return layout_; }

    const std::string& program_version() const noexcept { return program_version_; }
    StatusRow status() const noexcept { return status_; }
    /// Not finished: aborted, being written, or killed.
    bool incomplete() const noexcept;

    /// A whole table; `Row` is any row struct of schema.hpp.
    /// \throws DataError  when a column is missing.
    template <typename Row>
    std::vector<Row> rows() const {
        std::vector<Row> result(row_count(table_of<Row>()));
        read_rows(table_of<Row>(), result.data(), result.size());
        return result;
    }

    std::vector<std::int32_t> update_samples() const;
    std::vector<float> training_gates() const;  ///< (updates, B)

    /// Packets' rows of one backbone type that the file has.
    std::int64_t activation_rows(std::int32_t backbone) const;

    /// \param first, count  the rows wanted; by default all.
    /// \throws DataError  when the run kept no activations.
    Activations activations(std::int32_t backbone,
                            std::int64_t first = 0,
                            std::int64_t count = std::numeric_limits<std::int64_t>::max()) const;

    /// \throws DataError  when the run kept no activations.
    StoredEvaluation evaluation(std::int32_t backbone) const;

    /// Of the validation and the test set, in this order; targets are empty without regression.
    Truth evaluation_truth() const;

    Confusion confusion(std::int32_t backbone) const;

    /// \throws DataError  when there is no such tensor.
    std::vector<float> weights(WeightState state, const std::string& name) const;

  private:
    struct ActivationGroup;

    ActivationGroup activation_group(std::int32_t backbone) const;
    std::size_t row_count(const Table& table) const;
    void read_rows(const Table& table, void* rows, std::size_t count) const;

    std::filesystem::path path_;
    File file_;
    RunLayout layout_;
    std::int32_t version_ = 0;  // of the schema
    std::string program_version_;
    StatusRow status_{};
};

}  // namespace mobi::record
