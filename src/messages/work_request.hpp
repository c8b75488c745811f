// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "core/byte_io.hpp"
#include "method/device_program.hpp"

namespace mobi {

/// When the results of a request go to the server.
enum class Release : std::uint8_t {
    AtOnce,    ///< when they are computed
    Paced,     ///< computed now, kept until their device would have sent them (wall clock)
    OnDemand,  ///< computed when their device would compute them, then as Paced
};

/// Work for a worker: of a group of devices, or of a part of the test set, with the tokens that the
/// devices hold.
struct WorkRequest {
    std::int32_t request = 0;  ///< number, in the order of rank 0's list
    Release release = Release::AtOnce;
    Work work;
};

/// Shared contents go by their ids: the worker has them, or gets them before.
Bytes encode_request(const WorkRequest& request);
/// \throws TransportError  when the bytes are not what encode_request() wrote.
WorkRequest decode_request(std::span<const std::byte> bytes);

/// Bytes of Brief::shared, for the requests that follow.
Bytes encode_content(const Content& content);
/// \throws TransportError  when the bytes are not what encode_content() wrote.
Content decode_content(std::span<const std::byte> bytes);

/// What came of an item that made no packet.
struct ItemResult {
    TaskId task;
    std::int32_t part = 0;
    Bytes bytes;
};
Bytes encode_result(const ItemResult& result);
/// \throws TransportError  when the bytes are not what encode_result() wrote.
ItemResult decode_result(std::span<const std::byte> bytes);

/// What a request cost its worker.
struct WorkReport {
    std::int32_t request = 0;
    std::int32_t backbone = 0;
    PacketKind kind = PacketKind::Upload;
    WorkCounts counts;
    std::int64_t wire_bytes = 0;  ///< of its results
    double wall_s = 0;
    double cpu_s = 0;
    double peak_flop_per_s = 0;  ///< GEMM peak at the backbone's shapes; 0 = not measured
};

Bytes encode_report(const WorkReport& report);
WorkReport decode_report(std::span<const std::byte> bytes);

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
