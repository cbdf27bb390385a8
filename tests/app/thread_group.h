#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "app/compute/process_group.h"

namespace transfer {

/// A process group whose processes are threads, for tests.
class ThreadGroup : public ProcessGroup {
 public:
  /// Runs `work` in `size` threads, each with its place in one group; throws what one of them does.
  static void run(std::int64_t size, const std::function<void(ProcessGroup&)>& work) {
    const auto meeting = std::make_shared<Meeting>(size);
    std::vector<std::exception_ptr> failures(static_cast<std::size_t>(size));
    std::vector<std::thread> threads;
    for (std::int64_t rank = 0; rank < size; ++rank) {
      threads.emplace_back([&, rank] {
        try {
          ThreadGroup group(meeting, rank);
          work(group);
        } catch (...) {
          failures[static_cast<std::size_t>(rank)] = std::current_exception();
        }
      });
    }
    for (auto& thread : threads) thread.join();
    for (const auto& failure : failures) {
      if (failure) std::rethrow_exception(failure);
    }
  }

  std::int64_t rank() const override { return rank_; }
  std::int64_t size() const override { return meeting_->size; }
  std::int64_t local_rank() const override { return rank_; }

  std::unique_ptr<Pending> begin_sum(std::span<float> numbers) override {
    return std::make_unique<ThreadPending>(*meeting_, give({1, sums_++}, text_of(numbers)),
                                           numbers);
  }
  void sum(std::span<float> numbers) override { add_up(numbers); }
  void sum(std::span<double> numbers) override { add_up(numbers); }
  void broadcast(std::span<std::byte> bytes) override {
    const std::string first = gather(text_of(bytes)).front();
    std::copy_n(reinterpret_cast<const std::byte*>(first.data()), bytes.size(), bytes.begin());
  }
  std::vector<std::string> gather(const std::string& own) override {
    return meeting_->wait(give({0, calls_++}, own));
  }
  void wait_for_all() override { gather(""); }
  void abort(int) override { throw std::logic_error("abort"); }

 private:
  /// What every thread gave in one call.
  struct Slot {
    std::vector<std::string> given;
    std::int64_t count = 0;
  };
  struct Meeting {
    explicit Meeting(std::int64_t threads) : size(threads) {}
    std::vector<std::string> wait(Slot& slot) {
      std::unique_lock lock(mutex);
      if (!arrival.wait_for(lock, std::chrono::seconds(60), [&] { return slot.count == size; })) {
        throw std::runtime_error("a thread of the group did not come");
      }
      return slot.given;
    }
    std::int64_t size;
    std::mutex mutex;
    std::condition_variable arrival;
    std::map<std::pair<int, std::int64_t>, Slot> slots;
  };

  class ThreadPending : public Pending {
   public:
    ThreadPending(Meeting& meeting, Slot& slot, std::span<float> numbers)
        : meeting_(meeting), slot_(slot), numbers_(numbers) {}
    bool is_done() override {
      const std::lock_guard lock(meeting_.mutex);
      return slot_.count == meeting_.size;
    }
    void wait() override { add_texts(meeting_.wait(slot_), numbers_); }

   private:
    Meeting& meeting_;
    Slot& slot_;
    std::span<float> numbers_;
  };

  ThreadGroup(std::shared_ptr<Meeting> meeting, std::int64_t rank)
      : meeting_(std::move(meeting)), rank_(rank) {}

  Slot& give(std::pair<int, std::int64_t> call, std::string text) {
    const std::lock_guard lock(meeting_->mutex);
    Slot& slot = meeting_->slots[call];
    slot.given.resize(static_cast<std::size_t>(meeting_->size));
    slot.given[static_cast<std::size_t>(rank_)] = std::move(text);
    ++slot.count;
    meeting_->arrival.notify_all();
    return slot;
  }

  template <typename Number>
  static std::string text_of(std::span<Number> numbers) {
    return {reinterpret_cast<const char*>(numbers.data()), numbers.size_bytes()};
  }

  template <typename Number>
  static void add_texts(const std::vector<std::string>& texts, std::span<Number> numbers) {
    std::fill(numbers.begin(), numbers.end(), Number{});
    for (const std::string& text : texts) {
      const auto* theirs = reinterpret_cast<const Number*>(text.data());
      for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] += theirs[i];
    }
  }

  template <typename Number>
  void add_up(std::span<Number> numbers) {
    add_texts(gather(text_of(numbers)), numbers);
  }

  std::shared_ptr<Meeting> meeting_;
  std::int64_t rank_;
  std::int64_t calls_ = 0;
  std::int64_t sums_ = 0;
};

}  // namespace transfer
