#include "app/report/tensorboard_events.h"

#include <gmock/gmock.h>

#include "app/report/event_file.h"
#include "core/atomic_file.h"
#include "core/file_kind.h"
#include "tests/datasets/temporary_folder.h"

namespace transfer {
namespace {

TEST(TensorBoardEvents, TheChecksumIsThatOfCastagnoli) {
  EXPECT_EQ(tensorboard::crc32c_of("123456789"), 0xE3069283U) << "the check value of CRC-32C";
  EXPECT_EQ(tensorboard::crc32c_of(""), 0U);
}

TEST(TensorBoardEvents, ARecordIsWhatTensorFlowWrites) {
  // tf.summary.create_file_writer's scalar("a", 0.5, step=3) at time 1.0, framed by TFRecordWriter.
  const std::string record = tensorboard::scalar_record(1.0, 3, "a", 0.5F);
  const std::string event(
      "\x09\0\0\0\0\0\0\xF0\x3F\x10\x03\x2A\x0A\x0A\x08\x0A\x01\x61\x15\0\0\0\x3F", 23);
  ASSERT_EQ(record.size(), 8 + 4 + event.size() + 4);
  EXPECT_EQ(record.substr(12, event.size()), event);
  EXPECT_EQ(record.substr(0, 8), std::string("\x17\0\0\0\0\0\0\0", 8));
}

TEST(EventFile, LiesInAFolderWithTheRunsName) {
  TemporaryFolder folder;
  const EventFile events(folder / "boards", folder / "runs/pets/");
  EXPECT_EQ(events.path(),
            std::filesystem::path(folder / "boards/pets/events.out.tfevents.transfer"));
  events.restart("{\"epoch\":1,\"val_loss\":2}\nnot a line\n");
  const std::string before = read_file(events.path());
  EXPECT_THAT(before, testing::HasSubstr("loss/val"));
  events.append_metrics("{\"epoch\":2,\"val_loss\":1,\"learning_rate\":null}");
  const std::string after = read_file(events.path());
  EXPECT_TRUE(after.starts_with(before));
  EXPECT_THAT(after.substr(before.size()), testing::Not(testing::HasSubstr("learning_rate")));
  events.remove();
  EXPECT_FALSE(is_folder(folder / "boards/pets"));
}

}  // namespace
}  // namespace transfer
