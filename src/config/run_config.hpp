// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "architecture/parameters.hpp"
#include "data/parameters.hpp"
#include "device/availability.hpp"
#include "device/figure_band.hpp"
#include "device/profile.hpp"
#include "learn/parameters.hpp"
#include "method/registry/parameters.hpp"
#include "method/rounds/parameters.hpp"
#include "method/server_parameters.hpp"
#include "method/side/parameters.hpp"
#include "model/parameters.hpp"
#include "record/parameters.hpp"
#include "wire/parameters.hpp"

namespace mobi {

enum class RunClock { Virtual, Wall };
enum class RunCompute { All, Packets, None };

/// Section `[run]`.
struct RunParameters {
    std::uint64_t seed = 1;
    RunClock clock = RunClock::Virtual;
    double time_scale = 1;  ///< wall clock: virtual seconds per real second
    bool prefetch = true;   ///< wall clock: forward passes are done before the pace begins
    /// packets: of zeros, without forward passes and training; none: the timeline alone
    RunCompute compute = RunCompute::All;
    Figures figures = Figures::Nominal;     ///< which end of every band
    std::string output = "results/run.h5";  ///< host-only: not part of the resolved configuration
    int threads = 0;                        ///< compute threads a process; 0 = auto. host-only
    double patience_s = 60;  ///< wall seconds that a rank may be silent; 0: for ever. host-only
};

/// A whole resolved configuration: what `fedmobillm check` prints and `/config` holds.
struct RunConfig {
    RunParameters run;
    MethodParameters method;
    DataParameters data;
    FleetParameters fleet;
    CostParameters cost;
    PlanParameters plan;
    PacketParameters packet;
    ForwardParameters forward;
    ResidualParameters residual;
    SideParameters side;
    AlignParameters align;
    LossParameters loss;
    OptimizerParameters optimizer;
    ServerParameters server;
    RoundParameters rounds;
    EvalParameters eval;
    RecordParameters record;
    int device_epochs = 1;                                    ///< `device.epochs`
    std::string backbone_cache = "data/cache/prepared";       ///< `backbone.cache`
    std::map<std::string, DeviceProfile> devices;             ///< every profile the fleet uses
    std::map<std::string, LinkProfile> links;                 ///< every link the fleet uses
    std::map<std::string, BackboneParameters> backbones;      ///< every backbone the fleet uses
    std::map<std::string, AvailabilityProfile> availability;  ///< every pattern the fleet uses
};

}  // namespace mobi
