// SPDX-License-Identifier: Apache-2.0
#include "worker/worker_loop.hpp"

#include <exception>
#include <optional>
#include <thread>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "messages/tags.hpp"
#include "messages/work_request.hpp"
#include "method/side/taps_program.hpp"
#include "support/shared_data.hpp"
#include "transport/local_channel.hpp"

namespace mobi::test {
namespace {

WorkerSetup setup_for(const std::string& folder) {
    WorkerSetup setup;
    setup.classes = 2;
    setup.threads = 2;
    setup.measure_peak = false;
    setup.arithmetic = Precision::Fp32;
    WorkerSetup::Backbone backbone;
    backbone.parameters.name = "tiny";
    backbone.parameters.path = folder;
    backbone.tap_layers = {1};
    backbone.layout = {Precision::Fp32, 1, 32, 2, false};
    setup.backbones.push_back(backbone);
    return setup;
}

TEST(WorkerLoopTest, ReportsWhenItIsToldToStop) {
    auto [server, worker] = LocalChannel::make_pair();
    std::jthread thread(
        [&, &end = worker] { worker_loop(*end, setup_for("unused"), TapsProgram()); });
    server->send(1, kTagStop, {});
    const std::optional<Message> message = server->receive(WallClock::duration(20));
    ASSERT_TRUE(message);
    EXPECT_EQ(message->tag, kTagReport);
    EXPECT_EQ(decode_worker_report(message->bytes).threads, 2);
}

TEST(WorkerLoopTest, AFailingForwardPassEndsTheLoopWithItsError) {
    auto [server, worker] = LocalChannel::make_pair();
    std::exception_ptr error;
    std::jthread thread([&, &end = worker] {
        try {
            worker_loop(*end, setup_for("/no/such/folder"), TapsProgram());
        } catch (const DataError&) {
            error = std::current_exception();
        }
    });
    WorkRequest request;
    WorkItem item;
    item.samples.push_back({0, 0, 0, {1, 2}, {}});
    request.work.items.push_back(item);
    server->send(1, kTagRequest, encode_request(request));
    thread.join();
    EXPECT_TRUE(error != nullptr);
}

TEST(WorkerLoopTest, AnUnknownTagBreaksTheProtocol) {
    auto [server, worker] = LocalChannel::make_pair();
    server->send(1, 99, {});
    EXPECT_THROW(worker_loop(*worker, setup_for("unused"), TapsProgram()), ProtocolError);
}

}  // namespace
}  // namespace mobi::test
