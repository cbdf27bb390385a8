#include "app/serving/received_files.h"

#include <gmock/gmock.h>

#include <string>
#include <string_view>

namespace transfer {
namespace {

using testing::HasSubstr;

constexpr const char* kType = "multipart/form-data; boundary=line";

std::string part(const std::string& header, const std::string& bytes) {
  return "--line\r\n" + header + "\r\n\r\n" + bytes + "\r\n";
}

std::string file_part(const std::string& name, const std::string& bytes) {
  return part("Content-Disposition: form-data; name=\"image\"; filename=\"" + name +
                  "\"\r\nContent-Type: image/png",
              bytes);
}

MalformedBody malformed(const std::string& type, const std::string& body,
                        std::size_t most_files = 10) {
  try {
    parse_multipart(type, body, most_files);
  } catch (const MalformedBody& found) {
    return found;
  }
  ADD_FAILURE() << "was read: " << body;
  return {};
}

TEST(ReceivedFiles, TakesTheFilesOfAForm) {
  const std::string body = file_part("a;b \\\"c\\\".png", std::string("\0\r\n--lin\r\n", 11)) +
                           file_part("", "2") + "--line--\r\n";
  const auto files = parse_multipart(kType, body, 10);
  ASSERT_EQ(files.size(), 2U);
  EXPECT_EQ(files[0].name, "a;b \"c\".png");
  EXPECT_EQ(files[0].bytes, std::string_view("\0\r\n--lin\r\n", 11));
  EXPECT_EQ(files[1].name, "image") << "without a file name the field's";
  EXPECT_EQ(files[1].bytes, "2");
}

TEST(ReceivedFiles, ReadsQuotedBoundariesAndAPreamble) {
  const std::string body = "ignored\r\n" + file_part("x", "1") + "--line--";
  const auto files = parse_multipart("multipart/form-data; charset=x; Boundary=\"line\"", body, 1);
  ASSERT_EQ(files.size(), 1U);
  EXPECT_EQ(files[0].bytes, "1");
}

TEST(ReceivedFiles, RefusesWhatIsNoForm) {
  EXPECT_THAT(malformed("multipart/form-data", "--line--").message, HasSubstr("boundary"));
  EXPECT_THAT(malformed(kType, "no boundary at all").message, HasSubstr("is not in the form"));
  EXPECT_THAT(malformed(kType, file_part("x", "1")).message, HasSubstr("last boundary is missing"));
  EXPECT_THAT(malformed(kType, "--linear\r\n").message, HasSubstr("does not end its line"));
  EXPECT_THAT(malformed(kType, "--line\r\nno header\r\n--line--").message, HasSubstr("part 1"));
}

TEST(ReceivedFiles, RefusesMoreFilesThanItMayTake) {
  const std::string body = file_part("x", "1") + file_part("y", "2") + "--line--";
  const MalformedBody found = malformed(kType, body, 1);
  EXPECT_EQ(found.status, 413);
  EXPECT_THAT(found.message, HasSubstr("1 files"));
}

TEST(ReceivedFiles, TakesABodyThatIsNoFormAsOneImage) {
  HttpRequest request;
  request.content_type = "image/png";
  request.body = "bytes";
  const auto files = files_of(request, 1);
  ASSERT_EQ(files.size(), 1U);
  EXPECT_EQ(files[0].bytes, "bytes");
  request.body.clear();
  EXPECT_THROW(files_of(request, 1), MalformedBody);
}

}  // namespace
}  // namespace transfer
