// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "core/byte_io.hpp"
#include "core/truth.hpp"
#include "schema/schema.hpp"

/// What the program hands to the writer beside the rows of schema.hpp.
namespace mobi::record {

/// /update_samples: the ids of one or more updates, in order.
struct UpdateSamples {
    std::vector<std::int32_t> samples;
};

/// /training_gates: (updates, B), row by row.
struct TrainingGates {
    std::vector<float> gates;
};

/// /activations/<backbone>: one packet that the server used, b samples, in arrival order.
struct ActivationRows {
    std::int32_t backbone = 0;  ///< index into RunLayout::backbones
    std::int32_t upload = 0;    ///< row of /uploads
    std::vector<std::int32_t> samples;
    Bytes taps;                 ///< (taps, b, .) tap-major in BackboneLayout::dtype, as in a packet
    std::vector<float> scales;  ///< (taps, b); int8 and int4 only
    std::vector<float> residual;  ///< (b, C)
};

/// /evaluation/<backbone>: test samples in any order and any portions, each once.
struct EvaluationTaps {
    std::int32_t backbone = 0;
    std::vector<std::int32_t> samples;  ///< test sample ids = rows
    Bytes taps;                         ///< float32 (taps, b, d), tap-major
    std::vector<float> output;          ///< (b, C)
};

/// One tensor of /weights/{initial,final,best}.
struct Weights {
    WeightState state = WeightState::Initial;
    std::string name;
    std::vector<float> values;
};

/// /confusion/<backbone>: (C, C), rows = truth; replaces the matrix of the evaluation before, and
/// that of the test the last evaluation's.
struct Confusion {
    std::int32_t backbone = 0;
    std::vector<std::int32_t> counts;
};

/// What the run can go on from: everything before it is brought to the file first, then it is
/// written beside the file (record/checkpoint_file.hpp).
struct Checkpoint {
    Bytes state;
};

/// A file that was begun beside an unfinished one takes its place: it holds all that that one's
/// checkpoint builds on.
struct Publish {};

template <typename List, typename... Others>
struct RecordOf;
template <typename... Rows, typename... Others>
struct RecordOf<RowList<Rows...>, Others...> {
    using Type = std::variant<Rows..., std::vector<Rows>..., Others...>;
};

/// Any of them; rows alone or many at once.
using Record = RecordOf<RowTypes,
                        UpdateSamples,
                        TrainingGates,
                        ActivationRows,
                        EvaluationTaps,
                        Truth,  // of the whole test set: /evaluation/labels and /targets
                        Weights,
                        Confusion,
                        Checkpoint,
                        Publish>::Type;

/// Bytes of memory that a record holds, for the bound of the queue.
std::size_t bytes_of(const Record& record);

/// Compares a record's sizes with what the file is laid out for.  \throws Bug when they differ.
void check_record(const RunLayout& layout, const Record& record);

}  // namespace mobi::record
