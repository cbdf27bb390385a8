#include "app/report/progress_line.h"

#include <gmock/gmock.h>

#include "app/report/terminal_text.h"

namespace transfer {
namespace {

using testing::HasSubstr;
using testing::Not;

ProgressState epoch() {
  return {"epoch 3 of 30",
          "images",
          200,
          90,
          34.2,
          12.4,
          {{"train_loss", 0.5312, "loss 0.5312"},
           {"seconds_left_in_all", 360, "6 min in all"},
           {"val_r2", 0.5, "val R² 0.5000"},
           {"learning_rate", 0.001, "lr 0.001"},
           {"memory_mb", 512, "512 MB"}}};
}

TEST(ProgressLine, FitsEveryTerminal) {
  for (std::int64_t columns = 40; columns <= 200; ++columns) {
    const std::string line = progress_line(epoch(), columns);
    EXPECT_LE(columns_of(line), columns) << line;
    EXPECT_THAT(line, testing::StartsWith("epoch 3 of 30 [##")) << columns;
    EXPECT_THAT(line, HasSubstr("] 45 %")) << columns;
  }
  EXPECT_EQ(progress_line(epoch(), 200),
            "epoch 3 of 30 [##########..............] 45 %, 90 of 200 images, 34.2 images/s, loss "
            "0.5312, 6 min in all, val R² 0.5000, lr 0.001, 512 MB, 12 s left");
}

TEST(ProgressLine, LeavesOutWhatMattersLeastFirst) {
  EXPECT_EQ(progress_line(epoch(), 40), "epoch 3 of 30 [###.....] 45 %, 12 s left");
  const std::string line = progress_line(epoch(), 80);
  EXPECT_THAT(line, HasSubstr("loss 0.5312"));
  EXPECT_THAT(line, HasSubstr("6 min in all"));
  EXPECT_THAT(line, Not(HasSubstr("images")));
}

TEST(ProgressLine, SaysNothingOfATimeThatIsUnknown) {
  const ProgressState state{"train", "images", 0, 0};
  EXPECT_EQ(progress_line(state, 60), "train [........................] 0 %, 0 of 0 images");
  EXPECT_EQ(progress_text(state), "train: 0 of 0 images");
}

}  // namespace
}  // namespace transfer
