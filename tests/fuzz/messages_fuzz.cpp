// SPDX-License-Identifier: Apache-2.0
// Fuzz target of the messages between rank 0 and the workers.  The first byte chooses the message,
// the rest is its bytes.  Either they are refused with a TransportError, or they are exactly what
// the encoder would write.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "core/error.hpp"
#include "messages/bundle.hpp"
#include "messages/pace_plan.hpp"
#include "messages/work_request.hpp"
#include "messages/worker_setup.hpp"

namespace {

using Message = std::span<const std::byte>;

mobi::Bytes again(unsigned choice, Message message) {
    using namespace mobi;
    switch (choice) {
        case 0:
            return encode_setup(decode_setup(message));
        case 1:
            return encode_request(decode_request(message));
        case 2:
            return encode_content(decode_content(message));
        case 3:
            return encode_result(decode_result(message));
        case 4:
            return encode_report(decode_report(message));
        case 5:
            return encode_worker_report(decode_worker_report(message));
        case 6:
            return encode_pace_plan(decode_pace_plan(message));
        case 7:
            return encode_segment(decode_segment({message.begin(), message.end()}));
        case 8:
            return encode_pace_report(decode_pace_report(message));
        default: {
            Bundle bundle;
            for_each_packet(message, [&](Message packet) { bundle.add(packet); });
            return bundle.take();
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const Message message = std::as_bytes(std::span(data, size)).subspan(1);
    try {
        const mobi::Bytes written = again(data[0] % 10U, message);
        if (!std::equal(written.begin(), written.end(), message.begin(), message.end()))
            std::abort();
    } catch (const mobi::TransportError&) {
        return 0;  // refused, as it should be
    }
    return 0;
}
