// SPDX-License-Identifier: Apache-2.0
// write_sample FILE [finished | aborted | killed | plain]: writes the sample run for the tests of
// analysis/mobilog; `killed` ends by SIGKILL after a flush, `plain` writes without SWMR and is
// killed too.
#include <chrono>
#include <csignal>
#include <string>
#include <thread>

#include <unistd.h>

#include "record/sample_run.hpp"
#include "record/writer.hpp"

int main(int count, char** arguments) {
    using namespace mobi;
    if (count != 3) return 2;
    const std::string how = arguments[2];
    RecordParameters parameters;
    parameters.flush_s = 0.05;
    parameters.swmr = how != "plain";
    record::Writer writer(arguments[1], test::sample_layout(), parameters);
    for (record::Record& record : test::sample_records()) writer.submit(std::move(record));
    if (how == "killed" || how == "plain") {
        while (writer.statistics().unflushed_records > 0)
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        kill(getpid(), SIGKILL);
    }
    writer.close(how == "aborted" ? record::RunStatus::Aborted : record::RunStatus::Finished);
    return 0;
}
