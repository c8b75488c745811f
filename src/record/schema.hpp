// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/precision.hpp"

/// The rows of the run file's tables (DESIGN.md section 6).  One struct per table; the member's
/// name is the column's name, units included.  Times are virtual nanoseconds since the start of the
/// run unless the name says `wall`.  Backbones, devices, profiles and links are named by index into
/// `/backbones`, `/devices` and the enumerations of their columns.
namespace mobi::record {

enum class Outcome : std::int8_t { Delivered = 0, Lost = 1, Planned = 2 };
enum class UpdateKind : std::int8_t { Arrival = 0, Replay = 1 };
enum class RunStatus : std::int8_t { Running = 0, Finished = 1, Aborted = 2 };

struct DeviceRow {  // /devices, one per device, in device order
    std::int32_t device;
    std::int32_t profile;   // enumeration of profile names
    std::int32_t link;      // enumeration of link names
    std::int32_t backbone;  // index into /backbones
    std::int32_t samples;
    std::int32_t packets;
    double memory_need_bytes;
    double memory_bytes;
    std::int8_t admitted;  // 1, or 0: does not fit its memory
};

struct BackboneRow {  // /backbones
    std::int32_t backbone;
    std::int32_t name;    // enumeration of backbone names
    std::int32_t family;  // enumeration of family names
    std::int32_t layers;
    std::int32_t width;
    std::int32_t heads;
    std::int32_t ffn;
    std::int32_t vocabulary;
    std::int64_t parameters;
    std::int32_t taps;
    std::int32_t devices;       // admitted devices
    std::int32_t pivot;         // enumeration first, last, mean
    std::int32_t weight_dtype;  // enumeration of precisions
};                              // the tapped layers: attribute `layers` of /activations/<backbone>

struct SampleRow {  // /samples, one per training sample, by sample id
    std::int32_t sample;
    std::int32_t device;  // -1: on no device
    std::int32_t packet;  // which of the device's packets carries it
    std::int32_t label;   // class index; the trainer never reads it
    float target;         // regression: the target; else the class index
    std::int32_t tokens;  // special tokens included
};

struct UploadRow {  // /uploads, in order of (arrival, device, packet)
    std::int32_t upload;
    std::int32_t device;
    std::int32_t packet;
    std::int32_t samples;
    std::int32_t tokens;         // real tokens, the sum over the samples
    std::int32_t padded_tokens;  // the length that FLOPs are charged with, per sample
    std::int64_t compute_start_ns;
    std::int64_t compute_end_ns;
    std::int64_t send_start_ns;
    std::int64_t send_end_ns;
    std::int64_t arrival_ns;
    std::int64_t charged_bytes;
    double charged_flop;
    double compute_energy_j;  // NaN where the profile has no power figure
    double send_energy_j;     // NaN where the link has none
    std::int8_t outcome;      // Outcome
};

struct DownloadRow {  // /downloads: theta and P at the end, inference.mode = local
    std::int32_t device;
    std::int64_t start_ns;
    std::int64_t end_ns;
    std::int64_t charged_bytes;
    double energy_j;
};

struct UpdateRow {  // /updates, in the order of the server's steps
    std::int32_t update;
    std::int8_t kind;  // UpdateKind
    std::int32_t
        device;  // source of an arrival, or owner of a per_device network; -1: a mixed batch
    std::int32_t upload;  // arrival: index into /uploads; -1: replay
    std::int64_t start_ns;
    std::int64_t end_ns;
    std::int32_t inbox_samples;    // samples in the inbox when the step began
    std::int32_t waiting_packets;  // packets that had arrived and waited when the step began
    std::int64_t first_sample;     // where its ids begin in /update_samples
    std::int32_t samples;
};
// /update_samples: int32, the sample ids of every update, one after another

struct TrainingRow {  // /training, one per update; gate values: dataset /training_gates (updates,
                      // B) f32
    std::int32_t update;
    double loss;
    double gradient_norm;
    double learning_rate;
};

struct EvaluationRow {  // /evaluations: per evaluation one row per backbone, then one with backbone
                        // -1
    std::int32_t update;    // updates done
    std::int32_t backbone;  // -1: all, weighted by eval.weights
    std::int64_t time_ns;
    double metric;  // accuracy in percent; regression: Pearson correlation x 100
    double f1;      // two classes: F1 of class 1 in percent; else macro F1
    double loss;
};
// /confusion/<backbone>: int32 (C, C), rows = truth, columns = prediction, of the last evaluation

struct HostRow {  // /host, one per rank and phase: how fast the testbed was
    std::int32_t rank;
    std::int32_t phase;  // enumeration: total, forward, evaluation_forward, training, evaluation,
                         // recording, waiting
    std::int32_t backbone;  // -1: not of one backbone
    double wall_s;
    double cpu_s;
    double done_flop;     // FLOP really done
    std::int64_t tokens;  // real tokens
    std::int64_t samples;
    std::int64_t wire_bytes;
    std::int64_t peak_rss_bytes;
    std::int32_t groups;     // hosted groups
    double peak_flop_per_s;  // GEMM peak of one thread at the backbone's shapes, measured in this
                             // run; NaN if not
    std::int32_t threads;
};

/// What activations of one backbone look like in the file.
struct BackboneLayout {
    std::string name;
    std::vector<std::int32_t> tap_layers;  ///< 0 = embedding
    std::int32_t width = 0;                ///< d
    Precision dtype = Precision::Fp32;     ///< of the uploaded taps
};

}  // namespace mobi::record
