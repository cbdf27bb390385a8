#include "datasets/decode.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <opencv2/core.hpp>
#include <set>
#include <sstream>
#include <thread>

#include "core/atomic_file.h"
#include "tests/datasets/encoded_images.h"
#include "tests/datasets/temporary_folder.h"

namespace transfer {
namespace {

TEST(Decode, LosslessFormatsGiveTheSameRgb) {
  const cv::Mat image = gradient(40, 30, 3);
  for (const std::string ending : {".png", ".bmp", ".tiff"}) {
    const cv::Mat decoded = decode_image(encode(image, ending), "a" + ending);
    ASSERT_EQ(decoded.type(), CV_8UC3) << ending;
    EXPECT_EQ(largest_difference(decoded, image), 0) << ending;
  }
}

TEST(Decode, JpegAndWebpAreCloseWhateverTheName) {
  const cv::Mat image = gradient(64, 48, 3);
  EXPECT_LT(largest_difference(decode_image(encode(image, ".jpg"), "a.png"), image), 24);
  EXPECT_LT(largest_difference(decode_image(encode(image, ".webp"), "a.jpg"), image), 24);
}

TEST(Decode, TruncationIsFoundAtEveryLength) {
  const cv::Mat image = gradient(64, 64);
  for (const std::string ending : {".jpg", ".png", ".bmp", ".tiff", ".webp"}) {
    const std::string whole = encode(image, ending);
    for (std::size_t size = 3; size + 8 < whole.size(); size += 7) {
      EXPECT_THROW(decode_image(whole.substr(0, size), "a"), DataError)
          << ending << " cut to " << size << " of " << whole.size();
    }
  }
}

/// Numbers that are the same on every run.
class Dice {
 public:
  std::size_t below(std::size_t limit) {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return static_cast<std::size_t>(state_ >> 33) % limit;
  }

 private:
  std::uint64_t state_ = 1;
};

TEST(Decode, DamageIsDecodedOrRefusedButNeverWrittenToStderr) {
  Dice dice;
  int refused = 0;
  testing::internal::CaptureStderr();
  for (const std::string ending : {".jpg", ".png", ".bmp", ".tiff", ".webp"}) {
    const std::string whole = encode(gradient(40, 30), ending);
    for (int i = 0; i < 300; ++i) {
      std::string damaged = whole;
      for (int k = 0; k < 1 + i % 4; ++k) {
        // Headers are at the start, and libtiff's at the end.
        const std::size_t place = dice.below(i % 2 == 0 ? 64 : whole.size());
        damaged[i % 3 == 0 ? whole.size() - 1 - place : place] = static_cast<char>(dice.below(256));
      }
      try {
        const cv::Mat decoded = decode_image(damaged, "a");
        EXPECT_EQ(decoded.type(), CV_8UC3);
      } catch (const DataError& error) {
        EXPECT_EQ(std::string(error.what()).substr(0, 3), "a: ");
        ++refused;
      }
    }
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_GT(refused, 100);
}

TEST(Decode, ManyThreadsDecodeEveryFormatAtOnce) {
  struct Case {
    std::string bytes;
    cv::Mat expected;
  };
  std::vector<Case> cases;
  for (const std::string ending : {".jpg", ".png", ".bmp", ".tiff", ".webp"}) {
    const std::string bytes = encode(gradient(61, 47), ending);
    cases.push_back({bytes, decode_image(bytes, "a")});
  }
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&cases, &right, t] {
      for (std::size_t i = 0; i < 50; ++i) {
        const Case& one = cases[(i + static_cast<std::size_t>(t)) % cases.size()];
        try {
          decode_image(one.bytes.substr(0, one.bytes.size() / 2), "cut");
        } catch (const DataError&) {
          right += largest_difference(decode_image(one.bytes, "a"), one.expected) == 0 ? 1 : 0;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 8 * 50);
}

/// Files where we and Pillow rightly differ, and why.
const std::set<std::string> kWeReadMore = {
    "png_decompression_dos.png",  // Pillow refuses its text chunk; the 1x1 image itself is whole
};
const std::set<std::string> kWeReadLess = {
    "badcrc.png",  // a critical chunk's checksum is wrong: damage, which Pillow lets pass
};

TEST(Decode, AwkwardFilesAreReadOrRefusedAsByPillow) {
  const char* data = std::getenv("TRANSFER_DATA");
  if (data == nullptr) GTEST_SKIP() << "TRANSFER_DATA is not set";
  const std::filesystem::path folder = std::filesystem::path(data) / "awkward";
  if (!std::filesystem::exists(folder / "MANIFEST.txt")) GTEST_SKIP() << folder << " is missing";
  std::istringstream manifest(read_file(folder / "MANIFEST.txt"));
  const std::set<std::string> formats = {"JPEG", "MPO", "PNG", "BMP", "TIFF", "WEBP", "GIF"};
  std::string line;
  int checked = 0;
  while (std::getline(manifest, line)) {
    if (line.starts_with("#")) continue;
    const std::string name = line.substr(0, line.find('\t'));
    std::istringstream verdict(line.substr(line.rfind('\t') + 1));
    std::string pillow, outcome, format;
    verdict >> pillow >> outcome >> format;
    ++checked;
    const bool is_ours = outcome != "ok" || formats.contains(format);
    const bool expected =
        is_ours && (outcome == "ok" || kWeReadMore.contains(name)) && !kWeReadLess.contains(name);
    bool decoded = true;
    std::string reason;
    try {
      decode_image(read_file(folder / name), name);
    } catch (const DataError& error) {
      decoded = false;
      reason = error.what();
    }
    EXPECT_EQ(decoded, expected) << name << ": Pillow says " << outcome << "; " << reason;
    if (!is_ours) expect_contains(reason, {name, "supported are"});
  }
  EXPECT_GT(checked, 50);
}

}  // namespace
}  // namespace transfer
