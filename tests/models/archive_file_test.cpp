#include "models/archive_file.h"

#include <caffe2/serialize/inline_container.h>
#include <gmock/gmock.h>

#include <algorithm>

#include "core/atomic_file.h"
#include "core/errors.h"
#include "core/hash.h"
#include "models/archive.h"
#include "tests/models/tensor_file.h"

namespace transfer {
namespace {

using testing::AllOf;
using testing::HasSubstr;

/// A copy of a fixture, changed by `change`, under a name of the test's own.
template <typename Change>
std::string changed_copy(const std::string& name, const Change& change) {
  std::string bytes = read_file(fixture(name));
  change(bytes);
  const std::string file = testing::TempDir() + "/archive_file_test.pt";
  write_file_atomically(file, bytes);
  return file;
}

std::string archive_refusal(const std::string& file) {
  try {
    read_archive(file);
  } catch (const ModelError& error) {
    return error.what();
  }
  return "no error";
}

TEST(ArchiveFile, ABitFlippedInAnyRecordIsFoundAndNamed) {
  const ArchiveFile sound(fixture("tiny.pt"));
  EXPECT_NO_THROW(sound.require_intact());
  for (const ArchiveRecord& record : sound.records()) {
    if (record.size == 0) continue;
    for (const std::uint64_t at : {record.begin, record.begin + record.stored_size - 1}) {
      const auto file = changed_copy("tiny.pt", [at](std::string& bytes) { bytes[at] ^= 4; });
      EXPECT_THAT(archive_refusal(file),
                  AllOf(HasSubstr(file), HasSubstr("is damaged"),
                        HasSubstr("its record " + record.name + " "), HasSubstr("Copy it again")))
          << at;
    }
  }
}

TEST(ArchiveFile, ABitFlippedAnywhereInTheDirectoryNeverGivesAnotherError) {
  const std::string bytes = read_file(fixture("tiny.pt"));
  const std::uint64_t directory = bytes.find("PK\x01\x02");
  ASSERT_NE(directory, std::string::npos);
  for (std::uint64_t at = directory; at < bytes.size(); at += 3) {
    const auto file = changed_copy("tiny.pt", [at](std::string& copy) { copy[at] ^= 0x81; });
    EXPECT_NO_THROW(archive_refusal(file)) << at;  // a ModelError, or a field that nobody reads
  }
}

TEST(ArchiveFile, ATruncatedFileOrOneWithSomethingBehindItIsRefused) {
  for (const std::size_t size : {0, 1, 21, 22, 400, 9000}) {
    const auto file = changed_copy("tiny.pt", [size](std::string& b) { b.resize(size); });
    EXPECT_THAT(archive_refusal(file), testing::Not(HasSubstr("LibTorch:"))) << size;
    EXPECT_THROW(ArchiveFile{file}, DamagedArchive) << size;
  }
  EXPECT_THROW(ArchiveFile{changed_copy("tiny.pt", [](std::string& b) { b += "end"; })},
               DamagedArchive);
}

TEST(ArchiveFile, TwoRecordsOfOneNameAreRefused) {
  // LibTorch takes code/ and CODE/ for the same, so a second record could hide the program.
  const auto file = changed_copy("tiny.pt", [](std::string& bytes) {
    const auto entry = bytes.rfind("/data/0PK");  // in the directory, another entry behind it
    const auto other = bytes.rfind("/data/1PK");
    ASSERT_NE(entry, std::string::npos);
    ASSERT_NE(other, std::string::npos);
    bytes.replace(other, 7, "/DATA/0");
  });
  EXPECT_THAT(archive_refusal(file), HasSubstr("two records named"));
}

TEST(ArchiveFile, ItsHashIsThatOfTheFile) {
  EXPECT_EQ(ArchiveFile(fixture("tiny.pt")).sha256(), sha256_hex(read_file(fixture("tiny.pt"))));
}

TEST(ArchiveFile, ReadsCompressedRecords) {
  const ArchiveFile plain(fixture("tiny.pt"));
  const std::string file = testing::TempDir() + "/compressed.pt";
  caffe2::serialize::PyTorchStreamWriter writer(file);
  for (const ArchiveRecord& record : plain.records()) {
    if (record.name.starts_with(".data/") || record.name == "version") continue;  // it writes these
    const std::string bytes = plain.contents(record);
    writer.writeRecord(record.name, bytes.data(), bytes.size(), /*compress=*/true);
  }
  writer.writeEndOfFile();
  const ArchiveFile packed(file);
  EXPECT_TRUE(packed.records()[1].is_deflated);
  packed.require_intact();
  for (const ArchiveRecord& record : packed.records()) {
    if (record.name.starts_with(".data/") || record.name == "version") continue;
    const auto same = std::find_if(plain.records().begin(), plain.records().end(),
                                   [&](const auto& other) { return other.name == record.name; });
    ASSERT_NE(same, plain.records().end()) << record.name;
    EXPECT_EQ(packed.contents(record), plain.contents(*same)) << record.name;
  }
  EXPECT_NO_THROW(read_archive(file));
}

}  // namespace
}  // namespace transfer
