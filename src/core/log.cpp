// SPDX-License-Identifier: Apache-2.0
#include "core/log.hpp"

#include <atomic>
#include <memory>
#include <string>

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace mobi::log {
namespace {

std::atomic<VirtualClock::rep> virtual_ns{0};
const WallClock::time_point start = WallClock::now();

class WallFlag : public spdlog::custom_flag_formatter {
  public:
    void format(const spdlog::details::log_msg& /*message*/,
                const std::tm& /*time*/,
                spdlog::memory_buf_t& out) override {
        fmt::format_to(std::back_inserter(out), "{:.1f}", (WallClock::now() - start).count());
    }
    std::unique_ptr<custom_flag_formatter> clone() const override {
        return std::make_unique<WallFlag>();
    }
};

class VirtualFlag : public spdlog::custom_flag_formatter {
  public:
    void format(const spdlog::details::log_msg& /*message*/,
                const std::tm& /*time*/,
                spdlog::memory_buf_t& out) override {
        fmt::format_to(std::back_inserter(out), "{:.1f}",
                       static_cast<double>(virtual_ns.load(std::memory_order_relaxed)) * 1e-9);
    }
    std::unique_ptr<custom_flag_formatter> clone() const override {
        return std::make_unique<VirtualFlag>();
    }
};

spdlog::logger& logger() {
    static const auto instance = spdlog::stderr_logger_mt("fedmobillm");
    return *instance;
}

}  // namespace

void open(int rank, bool verbose) {
    auto formatter = std::make_unique<spdlog::pattern_formatter>();
    formatter->add_flag<WallFlag>('w').add_flag<VirtualFlag>('q').set_pattern(
        fmt::format("[%w s wall][%q s virtual][rank {}] %l: %v", rank));
    logger().set_formatter(std::move(formatter));
    const auto chatter = verbose ? spdlog::level::debug : spdlog::level::info;
    logger().set_level(rank == 0 ? chatter : spdlog::level::warn);
}

void set_virtual_time(VirtualClock::time_point now) {
    virtual_ns.store(now.time_since_epoch().count(), std::memory_order_relaxed);
}

void debug(std::string_view message) {
    logger().debug(message);
}
void info(std::string_view message) {
    logger().info(message);
}
void warning(std::string_view message) {
    logger().warn(message);
}
void error(std::string_view message) {
    logger().error(message);
}

}  // namespace mobi::log
