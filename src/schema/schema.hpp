// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/precision.hpp"

/// The rows of the run file's tables (docs/design.md 6.1).  One struct per table; the member's
/// name is the column's name, units included.  Times are virtual nanoseconds since the start of the
/// run unless the name says `wall`.  Backbones, devices, profiles and links are named by index into
/// `/backbones`, `/devices` and the enumerations of their columns.
namespace mobi::record {

/// Root attribute `schema_version`: raise it whenever a dataset, a column or an enumeration is new
/// or changes its name, type or meaning.  A reader refuses what is older than kOldestSchema.
inline constexpr std::int32_t kSchemaVersion = 5;
inline constexpr std::int32_t kOldestSchema = 4;
/// Of a table or column that was added without raising the version, because nothing that reads the
/// older files needs it: files of this version may lack it, too.  It is sure to be in the next.
inline constexpr std::int32_t kYoung = kSchemaVersion + 1;

enum class Outcome : std::int8_t { Delivered = 0, Lost = 1, Planned = 2 };
enum class RunStatus : std::int8_t { Running = 0, Finished = 1, Aborted = 2 };
/// HostRow::phase.
enum class HostPhase : std::int32_t {
    Total = 0,
    Forward = 1,
    EvaluationForward = 2,
    Training = 3,
    Evaluation = 4,
    Recording = 5,  // the writer appends this row itself when it closes the file
    Waiting = 6,
    Pacing = 7
};
enum class WeightState { Initial, Final, Best };  // of /weights; Best: on the validation set
/// Its folder within /weights.
constexpr const char* folder_of(WeightState state) {
    constexpr const char* kFolders[] = {"initial", "final", "best"};
    return kFolders[static_cast<int>(state)];
}
/// SplitRow::split and SplitRow::file.
enum class SplitPart : std::int8_t { Train = 0, Validation = 1, Test = 2 };
/// PassRow::group.
enum class PassGroup : std::int8_t { Fleet = 0, Device = 1, Class = 2, ArrivalDecile = 3 };

struct Table;  // table.hpp

struct DeviceRow {  // /devices, one per device, in device order
    std::int32_t device;
    std::int32_t profile;   // enumeration of profile names
    std::int32_t link;      // enumeration of link names
    std::int32_t backbone;  // index into /backbones
    std::int32_t samples;
    std::int32_t packets;          // that reach the server
    std::int32_t missing_packets;  // that never do, or after it has stopped waiting
    double memory_need_bytes;
    double memory_bytes;
    std::int8_t admitted;       // 1, or 0: does not fit its memory
    double uplink_bytes_per_s;  // its own figures; of a traced link, the trace's mean
    double downlink_bytes_per_s;
    double downlink_deviation_bytes_per_s;
    double latency_s;
    double jitter_s;
    double loss;
    std::int64_t emptied_ns;  // when it left with an empty battery; -1: never
    // What its times and energies are computed from, as drawn, with its backbone's weights.  NaN:
    // not known.  A computation takes start_up_s + thermal_stretch x max(launches x launch_s + FLOP
    // / rate, bytes / bandwidth), or time_per_sample_s for each sample in place of the maximum.
    double start_up_s = 0;
    double launch_s = 0;  // 0: a single rate
    double launches = 0;  // of one pass
    double rate_flop_per_s = 0;
    double memory_bandwidth_bytes_per_s = 0;
    double law_error = 0;  // largest residual of the law over its measured points; NaN: no points
    double time_per_sample_s = 0;
    double thermal_stretch = 0;
    double thermal_budget_s = 0;
    double thermal_floor = 0;
    double thermal_decay_s = 0;
    double compute_spread = 0;
    double compute_deviation = 0;
    double compute_w = 0;
    double idle_w = 0;
    double battery_j = 0;
    double battery_start = 0;
    double battery_low = 0;
    double battery_rest_s = 0;
    std::int32_t load_trace = -1;     // of /traces; -1: none
    std::int64_t load_offset_ns = 0;  // where in it the run begins
    double uplink_deviation_bytes_per_s = 0;
    std::int32_t uplink_trace = -1;
    std::int32_t downlink_trace = -1;
    std::int64_t uplink_offset_ns = 0;
    std::int64_t downlink_offset_ns = 0;
    std::int8_t duplex = 0;  // Duplex of device/profile.hpp
    double wake_up_s = 0;
    double wake_after_s = 0;
    std::int32_t cell_devices = 0;  // 0: its link is its own
    double cell_uplink_bytes_per_s = 0;
    double cell_downlink_bytes_per_s = 0;
    double up_base_w = 0;
    double up_j_per_byte = 0;
    double down_base_w = 0;
    double down_j_per_byte = 0;
    std::int32_t availability = -1;  // of /availability; -1: always on

    static const Table& table();
};

struct BandRow {          // /bands: the run with its own figures, then with those of the other ends
    std::int8_t figures;  // BandEnds: nominal, low, high
    std::int64_t end_ns;  // of the last update
    std::int64_t run_end_ns;
    std::int64_t updates;
    std::int64_t missing_packets;
    double server_busy_s;
    double compute_energy_j;  // of the packets that arrive; NaN where a profile has no figure
    double send_energy_j;
    double receive_energy_j;  // of the downloads
    double wait_energy_j;     // until a device's last packet has arrived

    static const Table& table();
};

struct BoundRow {            // /bounds: what the run's duration depends on, what matters most first
    std::int8_t kind;        // BoundKind of prepare/outlook.hpp
    std::int32_t figure;     // enumeration of configuration keys
    double share;            // relative change of run_end over that of the figure
    std::int64_t halved_ns;  // run_end with half of the figure; -1: not computed, or no end
    std::int64_t doubled_ns;
    std::int64_t without_ns;  // absences: run_end with all devices always on; -1: another kind

    static const Table& table();
};

struct TraceRow {  // /traces, the rates over time that /devices names
    std::int32_t trace;
    std::int64_t period_ns;
    std::int8_t end;          // TraceEnd of device/rate_trace.hpp
    std::int64_t first_step;  // where its steps begin in /trace_steps
    std::int64_t steps;

    static const Table& table();
};

struct TraceStepRow {  // /trace_steps, one trace after another
    std::int64_t begin_ns;
    std::int64_t rate;  // of a link: bit/s; of a load: millionths of the device's rate

    static const Table& table();
};

struct AvailabilityRow {  // /availability, the patterns that /devices names
    std::int32_t availability;
    std::int8_t kind;  // AvailabilityKind of device/availability.hpp
    double from_s;
    double to_s;
    std::int32_t time_zones;
    double mean_on_s;
    double mean_off_s;
    double slot_s;
    double level_spread;
    double join_s;
    double trace_period_s;
    std::int32_t trace_devices;  // of the file; a fleet with more starts over

    static const Table& table();
};

struct AvailabilitySpanRow {  // /availability_spans, of patterns from a file
    std::int32_t availability;
    std::int32_t trace_device;
    std::int64_t on_ns;
    std::int64_t off_ns;  // may lie in the next period

    static const Table& table();
};

struct ServerRow {  // /server, one row: what its times are computed from
    double rate_flop_per_s;
    double io_rate_bytes_per_s;
    double step_overhead_s;  // NaN: the launches of /updates, times launch_s
    double launch_s;
    double access_bytes_per_s;  // 0: unlimited
    double deadline_s;          // 0: none
    double enough_share;

    static const Table& table();
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
    std::int32_t kv_heads = 0;
    std::int32_t head_dim = 0;
    std::int8_t gated_mlp = 0;

    static const Table& table();
};  // the tapped layers: attribute `layers` of /activations/<backbone>

struct SampleRow {  // /samples, one per training sample, by sample id
    std::int32_t sample;
    std::int32_t device;  // -1: on no device
    std::int32_t packet;  // which of the device's packets carries it
    std::int32_t label;   // class index; the trainer never reads it
    float target;         // regression: the target; else the class index
    std::int32_t tokens;  // special tokens included

    static const Table& table();
};

struct SplitRow {         // /splits, by split and sample; empty where data.split = none
    std::int8_t split;    // SplitPart
    std::int32_t sample;  // train: of /samples; validation, test: row of /evaluation
    std::int8_t file;     // SplitPart: of data.train or of data.test
    std::int32_t place;   // which sample of it, from 0; after data.train_samples, data.test_samples
    std::int64_t line;    // of the file, on which it begins

    static const Table& table();
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
    std::int64_t repeated_bytes;  // of them: what the link lost
    double charged_flop;
    double compute_energy_j;  // NaN where the profile has no power figure
    double send_energy_j;     // NaN where the link has none
    std::int64_t overrun_ns;  // wall clock: by how much the host was too slow for it; else 0
    std::int8_t outcome;      // Outcome
    std::int64_t task;        // of /tasks; -1: the method gives each device one
    std::int32_t round;
    std::int8_t content;  // ContentKind of method/fleet_plan.hpp

    static const Table& table();
};

// /losses, wasted work: by device, packet, start what was cut off until the last upload; then
// uploads that came too late and downloads that were cut off
struct LossRow {
    std::int32_t device;
    std::int32_t packet;  // -1: a download
    std::int8_t stage;    // LostStage of method/fleet_plan.hpp
    std::int64_t start_ns;
    std::int64_t end_ns;
    std::int64_t charged_bytes;  // sent, or received, for nothing
    std::int8_t recalled;        // 1: the server recalled the task

    static const Table& table();
};

struct CostRow {  // /costs, by device: what it spent until its last packet arrived
    std::int32_t device;
    std::int64_t tokens;
    double charged_flop;
    std::int64_t tap_bytes;
    std::int64_t scale_bytes;
    std::int64_t residual_bytes;
    std::int64_t label_bytes;
    std::int64_t header_bytes;
    std::int64_t repeated_bytes;
    std::int64_t vain_bytes;  // of transfers that were cut off
    std::int64_t compute_ns;  // compute + send - both + wait + off = done
    std::int64_t send_ns;
    std::int64_t both_ns;
    std::int64_t wait_ns;
    std::int64_t off_ns;
    std::int64_t done_ns;
    double compute_energy_j;  // NaN where the profile has no power figure
    double send_energy_j;
    double wait_energy_j;
    std::int64_t update_bytes;  // of what is no packet of taps
    std::int64_t down_bytes;    // fetched during training
    std::int64_t receive_ns;    // of it, whatever else the device did at the time
    double receive_energy_j;

    static const Table& table();
};

struct DownloadRow {  // /downloads: for tasks; theta and P at the end
    std::int32_t device;
    std::int64_t start_ns;
    std::int64_t end_ns;
    std::int64_t charged_bytes;
    std::int64_t repeated_bytes;  // of them: what the link lost
    double energy_j;
    std::int64_t task;  // of /tasks; -1: for none, at the end
    std::int32_t round;
    std::int8_t content;  // ContentKind of method/fleet_plan.hpp

    static const Table& table();
};

struct TaskRow {  // /tasks, in the order in which they end; empty where each device has one
    std::int64_t task;
    std::int32_t device;
    std::int32_t round;
    std::int64_t version;  // steps of the server that its weights have seen
    std::int32_t samples;
    std::int64_t ready_ns;  // when it was assigned
    std::int64_t end_ns;
    std::int8_t outcome;  // Outcome of fleet/fleet_event.hpp
    std::int32_t parts_done;
    std::int64_t down_bytes;  // charged, wasted ones included
    std::int64_t up_bytes;    // likewise

    static const Table& table();
};

struct RoundRow {  // /rounds, one per step that aggregates
    std::int32_t update;
    std::int32_t round;
    std::int32_t assigned;  // tasks since the step before
    std::int32_t arrived;   // of them and earlier ones, that it aggregates

    static const Table& table();
};

struct DiagnosticRow {  // /diagnostics, what a method says about its updates
    std::int32_t update;
    std::int32_t name;
    double value;

    static const Table& table();
};

struct VerdictRow {  // /verdicts, what an update's numbers said to the protocol
    std::int32_t update;
    std::int32_t place;
    double value;

    static const Table& table();
};

struct UpdateRow {  // /updates, in the order of the server's steps
    std::int32_t update;
    std::int8_t kind;  // StepKind of method/protocol.hpp
    std::int32_t
        device;  // source of an arrival, or owner of a per_device network; -1: a mixed batch
    std::int32_t upload;  // arrival: index into /uploads; -1: replay
    std::int64_t start_ns;
    std::int64_t end_ns;
    std::int32_t inbox_samples;    // samples in the inbox when the step began
    std::int32_t waiting_packets;  // packets that had arrived and waited when the step began
    std::int64_t first_sample;     // where its ids begin in /update_samples
    std::int32_t samples;
    std::int64_t overrun_ns;  // wall clock: how long after its planned end it ended; else 0
    std::int32_t launches;    // kernel launches by formula; 0: none counted

    static const Table& table();
};
// /update_samples: int32, the sample ids of every update, one after another

struct TrainingRow {  // /training, one per update; gate values: dataset /training_gates (updates,
                      // B) f32
    std::int32_t update;
    double loss;
    double gradient_norm;
    double learning_rate;

    static const Table& table();
};

struct MixupRow {  // /mixup, one per row of /update_samples where batches are mixed, else none
    std::int32_t partner;  // sample
    float share;           // of the sample itself

    static const Table& table();
};

struct EvaluationRow {  // /evaluations: per evaluation one row per backbone, then one with backbone
                        // -1
    std::int32_t update;    // updates done
    std::int32_t backbone;  // -1: all, weighted by eval.weights
    std::int64_t time_ns;
    double metric;  // accuracy in percent; regression: Pearson correlation x 100
    double f1;      // two classes: F1 of class 1 in percent; else macro F1
    double loss;

    static const Table& table();
};
// /confusion/<backbone>: int32 (C, C), rows = truth, columns = prediction, of the last evaluation

struct TestScoreRow {     // /test_scores: the test set, once, at the end; empty without validation
    std::int8_t weights;  // TestedWeights of method/learner.hpp
    std::int32_t update;  // updates that these weights had seen
    std::int32_t backbone;  // -1: all, weighted by eval.weights
    double metric;
    double f1;
    double loss;

    static const Table& table();
};

struct PassRow {           // /passes, at the end: how often samples that arrived were in an update
    std::int8_t group;     // PassGroup
    std::int32_t number;   // device, class, or decile from 0 for the first to arrive; fleet: -1
    std::int32_t samples;  // of it that arrived; 0: no row
    double mean;
    std::int32_t fewest;
    std::int32_t most;

    static const Table& table();
};

struct HostRow {  // /host, one per rank and phase: how fast the testbed was
    std::int32_t rank;
    std::int32_t phase;     // HostPhase
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
    std::int64_t queue_waits = 0;  // recording: how often a submit() had to wait for the disk
    std::int64_t overruns = 0;     // wall clock: deadlines that the rank missed
    double worst_overrun_s = 0;    // and the worst of them, real time

    static const Table& table();
};

struct StatusRow {              // /status, one row
    std::int8_t status;         // RunStatus
    std::int32_t updates_done;  // rows of /updates that are in the file for sure

    static const Table& table();
};

/// The rows of every table that grows, in the order in which the file has them.  A new table is a
/// struct, its place here, and its columns in columns.cpp.
template <typename... Rows>
struct RowList {};
using RowTypes = RowList<DeviceRow,
                         BandRow,
                         BoundRow,
                         BackboneRow,
                         SampleRow,
                         SplitRow,
                         UploadRow,
                         LossRow,
                         CostRow,
                         DownloadRow,
                         TaskRow,
                         UpdateRow,
                         RoundRow,
                         TrainingRow,
                         DiagnosticRow,
                         VerdictRow,
                         EvaluationRow,
                         TestScoreRow,
                         PassRow,
                         HostRow,
                         ServerRow,
                         TraceRow,
                         TraceStepRow,
                         AvailabilityRow,
                         AvailabilitySpanRow,
                         MixupRow>;
/// What activations of one backbone look like in the file.
struct BackboneLayout {
    std::string name;
    std::vector<std::int32_t> tap_layers;  ///< 0 = embedding
    std::int32_t width = 0;                ///< d
    Precision dtype = Precision::Fp32;     ///< of the uploaded taps
};

/// Everything about a run that is known before its first event: what the file is laid out for.
struct RunLayout {
    std::string config_text;  ///< the resolved configuration without host-only keys
    std::uint64_t seed = 0;
    /// Names of the enumerations; a row holds the index.
    std::vector<std::string> profile_names, link_names, family_names;
    std::vector<std::string> class_names;  ///< C, or empty for regression
    std::vector<std::string> diagnostic_names;
    std::vector<std::string> figure_keys;  ///< of /bounds
    std::vector<BackboneLayout> backbones;
    std::int32_t classes = 0;  ///< C; 1 for regression
    std::int32_t blocks = 0;   ///< B, gate values of an update
    std::int64_t train_samples = 0;
    std::int64_t test_samples = 0;        ///< of /evaluation, those for validation included
    std::int64_t validation_samples = 0;  ///< of these, the first
    bool activations =
        true;  ///< whether taps are kept: `record.activations`, and something computed
    /// Name -> shape of the datasets of /weights/{initial,final}, and best where there
    /// is a validation set; a scalar has no dimension.
    std::map<std::string, std::vector<std::int64_t>> weights;
    /// Root attributes `<key>_version`, e.g. {"libtorch", "1.13.0"}; `hdf5_version` is added.
    std::map<std::string, std::string> library_versions;
};

}  // namespace mobi::record
