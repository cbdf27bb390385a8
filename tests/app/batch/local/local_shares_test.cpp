#include <gtest/gtest.h>

#include "app/batch/local/local_launcher.h"

namespace transfer {
namespace {

TEST(LocalShares, OneJobPerGpuUnlessSaidOtherwise) {
  EXPECT_EQ(share_machine(0, 8, 4).jobs, 4);
  EXPECT_EQ(share_machine(0, 8, 4).threads, 2);
  EXPECT_EQ(share_machine(0, 8, 0).jobs, 1);
  EXPECT_EQ(share_machine(3, 8, 0).jobs, 3);
}

TEST(SharedGpusWarning, NamesJobsAndGpusAndTheRemedy) {
  const auto warning = shared_gpus_warning(share_machine(5, 8, 2), 20);
  ASSERT_TRUE(warning);
  EXPECT_NE(warning->find("5 jobs"), std::string::npos) << *warning;
  EXPECT_NE(warning->find("2 GPUs"), std::string::npos) << *warning;
  EXPECT_NE(warning->find("up to 3 jobs"), std::string::npos) << *warning;
  EXPECT_NE(warning->find("--jobs 2"), std::string::npos) << *warning;
  const auto one = shared_gpus_warning(share_machine(2, 8, 1), 2);
  ASSERT_TRUE(one);
  EXPECT_NE(one->find("1 GPU:"), std::string::npos) << *one;
}

TEST(SharedGpusWarning, IsSilentWhereEachJobHasItsOwnGpu) {
  EXPECT_FALSE(shared_gpus_warning(share_machine(0, 8, 4), 20));
  EXPECT_FALSE(shared_gpus_warning(share_machine(4, 8, 4), 20));
  EXPECT_FALSE(shared_gpus_warning(share_machine(8, 8, 4), 3)) << "three jobs in all";
  EXPECT_FALSE(shared_gpus_warning(share_machine(8, 8, 0), 20)) << "no GPU is used";
}

}  // namespace
}  // namespace transfer
