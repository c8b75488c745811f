// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace mobi {

/// Tags of the messages between rank 0 and the workers.
enum WorkerTag : int {
    kTagRequest = 1,   ///< 0 -> worker: a WorkRequest
    kTagPacket = 2,    ///< worker -> 0: an encoded Packet, exactly the charged bytes with header
    kTagDone = 3,      ///< worker -> 0: a WorkReport, after the last result of a request
    kTagStop = 4,      ///< 0 -> worker: empty; the worker answers with kTagReport and ends
    kTagReport = 5,    ///< worker -> 0: a WorkerReport
    kTagPackets = 10,  ///< worker -> 0: several packets in one message, see bundle.hpp
    kTagResult = 11,   ///< worker -> 0: an ItemResult
    kTagContent = 12,  ///< 0 -> worker: a Content that requests will name
    kTagForget = 13,   ///< 0 -> worker: the id (i64) of a Content that none will name any more
    // wall clock
    kTagClock = 6,    ///< 0 -> worker: empty; the worker answers with its WallClock, a double
    kTagPace = 7,     ///< 0 -> worker: a PacePlan
    kTagSegment = 8,  ///< worker -> 0: a Segment of a packet, when its device would send it
    kTagPaced = 9,    ///< worker -> 0: a PaceReport, after its last segment
};

}  // namespace mobi
