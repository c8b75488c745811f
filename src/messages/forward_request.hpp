// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "core/byte_io.hpp"
#include "wire/packet.hpp"

namespace mobi {

/// When the packets of a request go to the server.
enum class Release : std::uint8_t {
    AtOnce,    ///< when they are computed
    Paced,     ///< computed now, kept until their device would have sent them (wall clock)
    OnDemand,  ///< computed when their device would compute them, then as Paced
};

/// Work for a worker: the packets of one group of devices, or a part of the test set, with the
/// tokens that the devices hold.  All packets of a request have one backbone and one kind.
struct ForwardRequest {
    struct Sample {
        std::int32_t id = 0;
        std::int32_t label = 0;  ///< class index; stays with the device unless packets carry it
        float target = 0;        ///< regression
        std::vector<std::int32_t> ids;       ///< tokens
        std::vector<std::int32_t> type_ids;  ///< empty = zeros
    };
    struct PacketPart {
        std::int32_t device = 0;  ///< evaluation: -1
        std::int32_t packet = 0;
        std::vector<Sample> samples;
    };
    std::int32_t request = 0;  ///< number, in the order of rank 0's list
    std::int32_t backbone = 0;
    PacketKind kind = PacketKind::Upload;
    Release release = Release::AtOnce;
    std::vector<PacketPart> packets;
};

Bytes encode_request(const ForwardRequest& request);
/// \throws TransportError  when the bytes are not what encode_request() wrote.
ForwardRequest decode_request(std::span<const std::byte> bytes);

/// What a request cost its worker.
struct RequestReport {
    std::int32_t request = 0;
    std::int32_t backbone = 0;
    PacketKind kind = PacketKind::Upload;
    std::int64_t samples = 0;
    std::int64_t tokens = 0;      ///< real tokens
    std::int64_t wire_bytes = 0;  ///< of its packets
    std::int64_t clamped = 0;     ///< numbers beyond fp16's largest
    double wall_s = 0;
    double cpu_s = 0;
    double done_flop = 0;        ///< FLOP really done
    double peak_flop_per_s = 0;  ///< GEMM peak at the backbone's shapes; 0 = not measured
};

Bytes encode_report(const RequestReport& report);
RequestReport decode_report(std::span<const std::byte> bytes);

/// What a worker's process looked like at the end.
struct WorkerReport {
    double wall_s = 0;
    double cpu_s = 0;
    std::int64_t peak_rss_bytes = 0;
    std::int32_t threads = 0;
};

Bytes encode_worker_report(const WorkerReport& report);
WorkerReport decode_worker_report(std::span<const std::byte> bytes);

}  // namespace mobi
