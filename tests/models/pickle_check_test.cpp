#include "models/pickle_check.h"

#include <caffe2/serialize/inline_container.h>
#include <gmock/gmock.h>

#include <filesystem>

#include "core/errors.h"
#include "models/archive.h"
#include "models/pickle_reader.h"
#include "models/zip_format.h"
#include "tests/models/tensor_file.h"

namespace transfer {
namespace {

using namespace std::string_literals;
using testing::AllOf;
using testing::HasSubstr;

/// A pickle of a single value.
std::string pickle_of(const std::string& value) { return "\x80\x02"s + value + "."; }

std::string text(const std::string& letters) {
  return "X"s + static_cast<char>(letters.size()) + "\0\0\0"s + letters;
}

/// A whole number of up to 31 bits.
std::string number(std::uint32_t value) {
  std::string bytes = "J";
  for (int i = 0; i < 4; ++i) bytes += static_cast<char>((value >> (8 * i)) & 0xFF);
  return bytes;
}

/// The record data/0 as that many floats.
std::string storage(std::uint32_t elements) {
  return "("s + text("storage") + "ctorch\nFloatStorage\n" + text("0") + text("cpu") +
         number(elements) + "tQ";
}

/// A tensor of two dimensions in a record of that many floats.
std::string tensor(std::uint32_t elements, std::uint32_t offset, std::uint32_t rows,
                   std::uint32_t columns, std::uint32_t row_stride) {
  return "ctorch._utils\n_rebuild_tensor_v2\n("s + storage(elements) + number(offset) +
         number(rows) + number(columns) + "\x86" + number(row_stride) + number(1) + "\x86\x89" +
         "ccollections\nOrderedDict\n)RtR";
}

/// What is said of a pickle beside a record data/0 of 24 bytes; "sound" for nothing.
std::string judgement(const std::string& pickle) {
  const RecordSize size_of = [](const std::string& name) -> std::optional<std::uint64_t> {
    return name == "data/0" ? std::optional<std::uint64_t>(24) : std::nullopt;
  };
  try {
    PickleReader(pickle, "data/", size_of).read();
    return "sound";
  } catch (const DamagedArchive& damage) {
    return damage.what();
  }
}

TEST(PickleReader, FollowsWhatLibTorchWrites) {
  EXPECT_EQ(judgement(pickle_of(")")), "sound");
  EXPECT_EQ(judgement(pickle_of("](K\x01M\x02\x01\x8A\x08\x01\0\0\0\0\0\0\0G\0\0\0\0\0\0\0\0Ne"s)),
            "sound");
  EXPECT_EQ(judgement(pickle_of("c__torch__\nNetwork\n)\x81}("s + text("weight") +
                                tensor(6, 0, 2, 3, 3) + text("again") +
                                "q\0h\0u"
                                "b"s)),
            "sound");
  EXPECT_EQ(judgement(pickle_of("ctorch.jit._pickle\nbuild_intlist\n(](K\x01"
                                "etR"s)),
            "sound");
}

TEST(PickleReader, RefusesATensorThatIsLargerThanItsRecord) {
  EXPECT_EQ(judgement(pickle_of(tensor(6, 0, 2, 3, 3))), "sound");
  EXPECT_EQ(judgement(pickle_of(tensor(6, 5, 1, 1, 1))), "sound");
  EXPECT_EQ(judgement(pickle_of(tensor(6, 6, 0, 3, 3))), "sound");  // holds nothing
  EXPECT_THAT(judgement(pickle_of(tensor(7, 0, 2, 3, 3))), HasSubstr("data/0 is to hold 7"));
  for (const std::string& value :
       {tensor(6, 1, 2, 3, 3), tensor(6, 0, 3, 3, 3), tensor(6, 0, 2, 3, 4),
        tensor(6, 0, 0x7FFFFFFF, 3, 0x7FFFFFFF), tensor(0, 0, 1, 1, 1)}) {
    EXPECT_THAT(judgement(pickle_of(value)), HasSubstr("reaches beyond"));
  }
  EXPECT_THAT(judgement(pickle_of(tensor(6, 0xFFFFFFFF, 1, 1, 1))), HasSubstr("not described"));
  EXPECT_THAT(judgement(pickle_of(tensor(6, 0, 0xFFFFFFFF, 1, 1))), HasSubstr("no shape"));
  std::string missing = pickle_of(storage(6));
  missing.replace(missing.find(text("0")), text("0").size(), text("1"));
  EXPECT_THAT(judgement(missing), HasSubstr("data/1 of a tensor is missing"));
}

TEST(PickleReader, RefusesNumbersThatLibTorchWouldBelieve) {
  // A number under which a value is remembered: LibTorch makes a table of that many values.
  EXPECT_THAT(judgement(pickle_of("Nr\xFF\xFF\xFF\x7F"s)), HasSubstr("numbered higher"));
  EXPECT_THAT(judgement(pickle_of("h\x05"s)), HasSubstr("before it is there"));
  EXPECT_THAT(judgement(pickle_of("X\xFF\xFF\xFF\x7F"s)), HasSubstr("ends too early"));
  // Functions are numbers to LibTorch, too: only their names may be called.
  EXPECT_THAT(judgement(pickle_of("K\x00)R"s)), HasSubstr("no class"));
  EXPECT_THAT(judgement(pickle_of("ctorch\nFloatStorage\n)R"s)), HasSubstr("no class"));
}

TEST(PickleReader, RefusesValuesThatAreNotThere) {
  EXPECT_THAT(judgement(pickle_of("t")), HasSubstr("a mark is missing"));
  EXPECT_THAT(judgement(pickle_of("N(\x85t"s)), HasSubstr("a value is missing"));  // below a mark
  EXPECT_THAT(judgement(pickle_of("}(Nu")), HasSubstr("a key has no value"));
  EXPECT_THAT(judgement(pickle_of("N(Ne")), HasSubstr("holds none"));
  EXPECT_THAT(judgement(pickle_of("")), HasSubstr("one value"));
  EXPECT_THAT(judgement(pickle_of("NN")), HasSubstr("one value"));
  EXPECT_THAT(judgement("\x80\x02N"), HasSubstr("ends too early"));
  EXPECT_THAT(judgement("\x80\x04N."), HasSubstr("protocol"));
  EXPECT_THAT(judgement(pickle_of("i")), HasSubstr("0x69"));
  EXPECT_THAT(judgement(pickle_of("cmodule")), HasSubstr("never ends"));
}

TEST(PickleReader, RefusesValuesThatHoldThemselvesOrLieTooDeep) {
  EXPECT_THAT(judgement(pickle_of("]q\0(h\0e"s)), HasSubstr("holds itself"));
  EXPECT_THAT(judgement(pickle_of("]q\0(]q\1(h\0eh\1e"s)), HasSubstr("holds itself"));
  EXPECT_EQ(judgement(pickle_of("N" + std::string(900, '\x85'))), "sound");
  EXPECT_THAT(judgement(pickle_of("N" + std::string(100000, '\x85'))), HasSubstr("too deep"));
  // One value in many places takes no time.
  std::string shared = "N";
  for (int i = 0; i < 200; ++i) shared += "q\0h\0\x86"s;
  EXPECT_EQ(judgement(pickle_of(shared)), "sound");
}

TEST(PickleReader, RefusesKindsOfTensorsWhoseNumbersNobodyChecks) {
  for (const char* type :
       {"ctorch._utils\n_rebuild_sparse_tensor\n", "ctorch._tensor\n_rebuild_from_type_v2\n"}) {
    EXPECT_THAT(judgement(pickle_of(type)), HasSubstr("of a kind"));
  }
}

TEST(PickleCheck, AModelIsRefusedByRecordAndRemedyBeforeLibTorchReadsIt) {
  const std::string file = testing::TempDir() + "/pickle_check_test.pt";
  std::filesystem::remove(file);
  {
    caffe2::serialize::PyTorchStreamWriter writer(file);
    const std::string constants = pickle_of(")");
    const std::string data = pickle_of("Nr\xFF\xFF\xFF\x7F"s);
    writer.writeRecord("constants.pkl", constants.data(), constants.size());
    writer.writeRecord("data.pkl", data.data(), data.size());
    writer.writeEndOfFile();
  }
  try {
    read_archive(file);
    FAIL() << "expected ModelError";
  } catch (const ModelError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr(file), HasSubstr("data.pkl"),
                                    HasSubstr("numbered higher"), HasSubstr("Copy it again")));
  }
  EXPECT_NO_THROW(require_sound_pickles(ArchiveFile(fixture("tiny.pt"))));
  EXPECT_NO_THROW(require_sound_pickles(ArchiveFile(fixture("tiny_traced.pt"))));
}

}  // namespace
}  // namespace transfer
