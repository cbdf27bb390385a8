#include "app/serving/task_queue.h"

#include <gtest/gtest.h>

#include <future>
#include <vector>

namespace transfer {
namespace {

TEST(TaskQueue, DoesTasksInTheirOrderAndAllOfThemAtTheEnd) {
  std::vector<int> done;
  {
    TaskQueue queue(100);
    for (int i = 0; i < 50; ++i) EXPECT_TRUE(queue.try_add([&done, i] { done.push_back(i); }));
  }
  ASSERT_EQ(done.size(), 50U);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(done[static_cast<std::size_t>(i)], i);
}

TEST(TaskQueue, RefusesMoreThanMayWait) {
  TaskQueue queue(2);
  std::promise<void> begun;
  std::promise<void> go_on;
  ASSERT_TRUE(queue.try_add([&] {
    begun.set_value();
    go_on.get_future().wait();
  }));
  begun.get_future().wait();
  EXPECT_TRUE(queue.try_add([] {}));
  EXPECT_TRUE(queue.try_add([] {}));
  EXPECT_FALSE(queue.try_add([] {}));
  EXPECT_EQ(queue.waiting(), 2U);
  go_on.set_value();
}

}  // namespace
}  // namespace transfer
