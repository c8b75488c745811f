// SPDX-License-Identifier: Apache-2.0
#include "record/writer.hpp"

#include <chrono>
#include <condition_variable>
#include <ctime>
#include <exception>
#include <limits>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/check.hpp"
#include "core/clock.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "hdf5/handle.hpp"
#include "record/run_file.hpp"

namespace mobi::record {
namespace {

// Rows come one at a time: waking the thread for each costs more than storing it.
constexpr std::size_t kBatchRecords = 256;
constexpr std::size_t kBatchBytes = 1 << 20;
constexpr auto kLongestBatch = std::chrono::milliseconds(5);

double thread_cpu_s() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

std::unique_ptr<RunFile> create_file(Output output,
                                     const RunLayout& layout,
                                     const RecordParameters& parameters,
                                     Naming naming) {
    prepare_hdf5();
    return std::make_unique<RunFile>(std::move(output), layout, parameters, naming);
}

}  // namespace

class Writer::Thread {
  public:
    Thread(Output output, RunLayout layout, const RecordParameters& parameters, Naming naming)
        : path_(output.path()),
          layout_(std::move(layout)),
          parameters_(parameters),
          file_(create_file(std::move(output), layout_, parameters, naming)),
          thread_([this] { run(); }) {}

    void submit(Record record) {
        check_record(layout_, record);
        const std::size_t bytes = bytes_of(record);
        std::unique_lock lock(mutex_);
        MOBI_CHECK(!status_, "a record after close()");
        const auto has_room = [&] {
            return error_ || queue_.empty() || queued_bytes_ + bytes <= parameters_.queue_bytes;
        };
        if (!has_room()) {
            ++statistics_.queue_waits;
            ++waiting_;
            filled_.notify_one();
            room_.wait(lock, has_room);
            --waiting_;
        }
        if (error_) std::rethrow_exception(error_);
        const bool was_batch = is_batch();
        queue_.push_back(std::move(record));
        queued_bytes_ += bytes;
        ++statistics_.unflushed_records;
        if (queue_.size() == 1 || (!was_batch && is_batch())) filled_.notify_one();
    }

    void close(RunStatus status) {
        {
            const std::lock_guard lock(mutex_);
            MOBI_CHECK(!status_, "close() twice");
            status_ = status;
            filled_.notify_one();
        }
        thread_.join();
        if (error_) std::rethrow_exception(error_);
    }

    bool open() const {
        const std::lock_guard lock(mutex_);
        return !status_;
    }

    const RunLayout& layout() const noexcept { return layout_; }

    WriterStatistics statistics() const {
        const std::lock_guard lock(mutex_);
        return statistics_;
    }

  private:
    bool is_batch() const { return queue_.size() >= kBatchRecords || queued_bytes_ >= kBatchBytes; }

    void run() {
        prepare_hdf5();
        try {
            work();
        } catch (const RecordError& error) {  // which names the dataset only
            fail(std::make_exception_ptr(
                RecordError(fmt::format("run file '{}': {}", path_.string(), error.what()))));
        } catch (...) {
            fail(std::current_exception());
        }
    }

    void fail(std::exception_ptr error) {
        file_.reset();  // releases what it can; the first error is the one that counts
        const std::lock_guard lock(mutex_);
        error_ = std::move(error);
        queue_.clear();
        room_.notify_all();
    }

    void work() {
        auto next_flush = WallClock::now() + flush_period();
        std::int64_t stored = 0;  // records since the last flush
        std::vector<Record> batch;
        while (true) {
            std::optional<RunStatus> status;
            {
                std::unique_lock lock(mutex_);
                const auto ready = [&] { return !queue_.empty() || status_; };
                const std::chrono::duration<double> wait = next_flush - WallClock::now();
                if (stored > 0)
                    filled_.wait_for(lock, wait, ready);
                else
                    filled_.wait(lock, ready);
                if (!queue_.empty())
                    filled_.wait_for(lock, kLongestBatch,
                                     [&] { return is_batch() || waiting_ > 0 || status_; });
                batch.swap(queue_);
                queued_bytes_ = 0;
                if (batch.empty()) status = status_;
                room_.notify_all();
            }
            const auto start = WallClock::now();
            for (const Record& record : batch) file_->store(record);
            stored += static_cast<std::int64_t>(batch.size());
            batch.clear();
            if (status) {
                finish(*status, start, stored);
                return;
            }
            const bool flushed = stored > 0 && WallClock::now() >= next_flush;
            if (flushed) {
                file_->flush();
                next_flush = WallClock::now() + flush_period();
            }
            count(start, flushed ? std::exchange(stored, 0) : 0);
        }
    }

    void finish(RunStatus status, WallClock::time_point start, std::int64_t stored) {
        file_->flush();  // so that the statistics are whole but for their own row
        const WriterStatistics sum = count(start, stored);
        HostRow row{};
        row.phase = static_cast<std::int32_t>(HostPhase::Recording);
        row.backbone = -1;
        row.wall_s = sum.busy_wall_s;
        row.cpu_s = sum.cpu_s;
        row.wire_bytes = sum.written_bytes;
        row.peak_flop_per_s = std::numeric_limits<double>::quiet_NaN();
        row.threads = 1;
        row.queue_waits = sum.queue_waits;
        file_->store(row);
        file_->close(status);
        file_.reset();
    }

    WriterStatistics count(WallClock::time_point start, std::int64_t flushed) {
        const std::lock_guard lock(mutex_);
        statistics_.unflushed_records -= flushed;
        statistics_.busy_wall_s += (WallClock::now() - start).count();
        statistics_.cpu_s = thread_cpu_s();
        statistics_.written_bytes = file_->written_bytes();
        return statistics_;
    }

    WallClock::duration flush_period() const { return WallClock::duration(parameters_.flush_s); }

    const std::filesystem::path path_;
    const RunLayout layout_;
    const RecordParameters parameters_;
    mutable std::mutex mutex_;
    std::condition_variable filled_;
    std::condition_variable room_;
    std::vector<Record> queue_;
    std::size_t queued_bytes_ = 0;
    int waiting_ = 0;                  // callers of submit(), for room
    std::optional<RunStatus> status_;  // set: finish with it
    std::exception_ptr error_;
    WriterStatistics statistics_;
    std::unique_ptr<RunFile> file_;  // used by the thread alone once it runs
    std::thread thread_;             // last: everything else is there when it starts
};

Writer::Writer(Output output, RunLayout layout, const RecordParameters& parameters, Naming naming)
    : thread_(std::make_unique<Thread>(std::move(output), std::move(layout), parameters, naming)) {}

Writer::Writer(const std::filesystem::path& path,
               RunLayout layout,
               const RecordParameters& parameters)
    : Writer(Output(path), std::move(layout), parameters) {}

Writer::~Writer() {
    if (!thread_->open()) return;
    try {
        thread_->close(RunStatus::Aborted);
    } catch (const std::exception& error) {
        log::error(fmt::format("the run file was not closed: {}", error.what()));
    }
}

void Writer::submit(Record record) {
    thread_->submit(std::move(record));
}

void Writer::submit_update_samples(std::span<const std::int32_t> samples) {
    submit(UpdateSamples{{samples.begin(), samples.end()}});
}

void Writer::close(RunStatus status) {
    thread_->close(status);
}

bool Writer::keeps_activations() const noexcept {
    return thread_->layout().activations;
}

WriterStatistics Writer::statistics() const {
    return thread_->statistics();
}

}  // namespace mobi::record
