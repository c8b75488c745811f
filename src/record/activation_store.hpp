// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hdf5/appender.hpp"
#include "hdf5/handle.hpp"
#include "record/records.hpp"
#include "schema/schema.hpp"

namespace mobi::record {

/// Creates `/activations/<backbone>` and `/evaluation/<backbone>` of every backbone type.
///
/// `/activations/<backbone>` has the attributes `layers`, `width` and `encoding` also when no
/// activation is kept.  With `layout.activations` its datasets grow with the packets:
///
///     block_<k>        (rows, d) in wire precision; k = 1.. over the tapped layers, attribute
///     `layer` block_<k>_scale  (rows) float32, int8 and int4 only residual         (rows, C)
///     float32 samples, upload  (rows) int32
///
/// and `/evaluation/<backbone>` has `block_<k>` (test samples, d) and `output` (test samples, C),
/// float32; an output that never came is NaN.
void create_activation_groups(hid_t file, const RunLayout& layout);

/// Appends packets of one backbone type to its group.  Not thread-safe.
class ActivationStore {
  public:
    ActivationStore(hid_t file, const RunLayout& layout, std::int32_t backbone);

    void append(const ActivationRows& rows);
    void flush();
    void close();
    std::int64_t written_bytes() const;

  private:
    template <typename Function>
    void for_each(Function function);

    std::vector<Appender> blocks_;
    std::vector<Appender> scales_;
    Appender residual_;
    Appender samples_;
    Appender upload_;
};

/// Writes test taps of one backbone type into its group.  Not thread-safe.
class EvaluationStore {
  public:
    EvaluationStore(hid_t file, const RunLayout& layout, std::int32_t backbone);

    void write(const EvaluationTaps& taps);
    void close();
    std::int64_t written_bytes() const noexcept { return written_bytes_; }

  private:
    struct Matrix {
        DataSet dataset;
        std::string path;
        std::size_t width;
    };
    /// Rows `samples` of `matrix`, runs of consecutive ids in one call.
    void write_rows(const Matrix& matrix,
                    const std::vector<std::int32_t>& samples,
                    const std::byte* values);

    std::vector<Matrix> blocks_;
    Matrix output_;
    std::int64_t written_bytes_ = 0;
};

}  // namespace mobi::record
