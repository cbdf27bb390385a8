#include <gtest/gtest.h>

#include "tests/datasets/image_folders.h"

namespace transfer {
namespace {

/// Tables beside four images p/0.png to p/3.png.
class CsvLayouts : public testing::Test {
 protected:
  CsvLayouts() { add_images(folder, "p", 4, 0); }

  Dataset open(const std::string& text, const std::vector<std::string>& columns = {},
               TargetKind kind = TargetKind::kClass) {
    DataConfig config = config_for(folder.write("data.csv", text));
    config.columns = columns;
    return open_dataset(config, 0, kind);
  }
  std::string error(const std::string& text, const std::vector<std::string>& columns = {},
                    TargetKind kind = TargetKind::kClass) {
    return message_of<DataError>([&] { open(text, columns, kind); });
  }
  void expect_four(const std::string& text, const std::vector<std::string>& notes,
                   const std::vector<std::string>& columns = {}) {
    const Dataset data = open(text, columns);
    EXPECT_EQ(data.classes, (std::vector<std::string>{"x", "y"})) << text;
    EXPECT_EQ(data.train.size() + data.val.size(), 4U) << text;
    std::string all;
    for (const std::string& note : data.findings.notes) all += note + "\n";
    expect_contains(all, notes);
    EXPECT_EQ(all.empty(), notes.empty()) << all;
  }

  TemporaryFolder folder;
};

TEST_F(CsvLayouts, SpacesAndBlankRowsDoNotCount) {
  expect_four(
      "path , label\n p/0.png,x \np/1.png ,\tx\n,\n\n  ,  \np/2.png,y\u00A0\np/3.png, y,,\n", {});
  const Dataset data =
      open("path,label\np/0.png,x | y\np/1.png,x\np/2.png, y\n", {}, TargetKind::kLabels);
  EXPECT_EQ(data.classes, (std::vector<std::string>{"x", "y"}));
  const auto numbers = open("path,y\np/0.png, 1\np/1.png,2 \np/2.png,3\n", {}, TargetKind::kValues);
  EXPECT_EQ(numbers.classes, std::vector<std::string>{"y"});
}

TEST_F(CsvLayouts, ANameThatBeginsWithASpaceIsFoundAsItIs) {
  folder.write(" 9.png", image_bytes(9));
  EXPECT_EQ(open("path,label\n 9.png,x\np/0.png,y\np/1.png,x\np/2.png,y\n").classes.size(), 2U);
}

TEST_F(CsvLayouts, SemicolonsTabsAndOtherEncodingsAreRead) {
  expect_four("path;label\np/0.png;x\np/1.png;x\np/2.png;y\np/3.png;y\n", {"semicolons"});
  expect_four("path\tlabel\np/0.png\tx\np/1.png\tx\np/2.png\ty\np/3.png\ty\n", {"tabs"});
  expect_four("sep=|\npath|label\np/0.png|x\np/1.png|x\np/2.png|y\np/3.png|y\n", {"'|'"});
  std::string wide = "\xFF\xFE";
  for (const char c :
       std::string("path,label\r\np/0.png,x\r\np/1.png,x\r\np/2.png,y\r\np/3.png,y\r\n")) {
    wide += {c, '\0'};
  }
  expect_four(wide, {"UTF-16"});
}

TEST_F(CsvLayouts, Latin1NamesAreFoundUnderEitherSpelling) {
  folder.write("\u00E4.png", image_bytes(10));
  folder.write("\xF6.png", image_bytes(11));
  const Dataset data =
      open("path,label\n\xE4.png,B\xE4r\n\xF6.png,B\xE4r\np/0.png,Hund\np/1.png,Hund\n");
  EXPECT_EQ(data.classes, (std::vector<std::string>{"B\u00E4r", "Hund"}));
  expect_contains(data.findings.notes.at(0), {"Latin-1"});
}

TEST_F(CsvLayouts, BackslashesAreReadWhereTheFilesAre) {
  expect_four("path,label\np\\0.png,x\n.\\p\\1.png,x\np/2.png,y\np\\3.png,y\n",
              {"3 paths have backslashes"});
  folder.write("p\\9.png", image_bytes(9));
  EXPECT_EQ(open("path,label\np\\9.png,x\np/0.png,x\np/1.png,y\np/2.png,y\n").findings.notes.size(),
            0U);
  expect_contains(error("path,label\nC:\\data\\0.png,x\n"),
                  {"data.csv:2", "backslashes", "no such image"});
}

TEST_F(CsvLayouts, HeadersThatSayTheSameAreTaken) {
  const std::string rows = "\np/0.png,x\np/1.png,x\np/2.png,y\np/3.png,y\n";
  expect_four("filename,class" + rows,
              {"'filename' is taken as path", "'class' is taken as label"});
  expect_four("Image_Path,Category" + rows, {"'Image_Path'", "'Category'"});
  expect_four("PATH,Label" + rows, {"'PATH'"});
  expect_four("photo,kind" + rows, {}, {"path=photo", "label=kind"});
  const Dataset data = open("file,label,subset\np/0.png,x,train\np/1.png,y,train\np/2.png,x,val\n");
  EXPECT_EQ(data.val.size(), 1U);
  EXPECT_EQ(
      open("file,label,subset\np/0.png,x,A\np/1.png,y,A\np/2.png,x,B\np/3.png,y,B\n").val.size(),
      2U)
      << "no names of splits";
}

TEST_F(CsvLayouts, HeadersThatSayNothingAreRefusedWithARemedy) {
  expect_contains(error("photo,label\np/0.png,x\n"),
                  {"'path' is missing", "data.columns=path=photo"});
  expect_contains(error("path,kind\np/0.png,x\n"),
                  {"'label' is missing", "data.columns=label=kind"});
  // A second --set would replace the first.
  expect_contains(error("photo,kind\np/0.png,x\n", {"path=photo"}),
                  {"'label' is missing", "data.columns=[path=photo,label=kind]"});
  expect_contains(error("path,grams,note\np/0.png,1.5,n\n"),
                  {"'grams' holds numbers", "--task regression"});
  expect_contains(error("file,image,label\na,b,x\n"), {"file and image", "data.columns=path=file"});
  expect_contains(error("path,label,label\np/0.png,x,y\n"), {"'label' occurs twice"});
  expect_contains(error("p/0.png,x\np/1.png,y\n"), {"first row names an image", "header"});
  expect_contains(error("path,label\np/0.png,x\n", {"path=phto"}), {"'phto'", "data.columns"});
}

TEST_F(CsvLayouts, LabelsThatAreMeasurementsAreWarnedOf) {
  const auto warnings = [](const Dataset& data) { return data.findings.warnings; };
  const auto fractions =
      warnings(open("path,label\np/0.png,0.5\np/1.png,0.5\np/2.png,1.5\np/3.png,1.5\n"));
  ASSERT_EQ(fractions.size(), 1U);
  expect_contains(fractions[0], {"--task regression"});
  EXPECT_TRUE(warnings(open("path,label\np/0.png,0\np/1.png,0\np/2.png,1\np/3.png,1\n")).empty());
}

TEST_F(CsvLayouts, ARegressionTargetMayHaveAnyName) {
  const Dataset data = open(
      "filename,label,class,error,path\np/0.png,1,2,3,4\np/1.png,2,3,4,5\n"
      "p/2.png,4,5,6,7\n",
      {"path=filename"}, TargetKind::kValues);
  EXPECT_EQ(data.classes, (std::vector<std::string>{"label", "class", "error", "path"}));
}

TEST_F(CsvLayouts, RowNumbersOfPandasAreNoTarget) {
  const Dataset data =
      open(",path,y\n0,p/0.png,1\n1,p/1.png,2\n2,p/2.png,3\n", {}, TargetKind::kValues);
  EXPECT_EQ(data.classes, std::vector<std::string>{"y"});
  expect_contains(data.findings.notes.at(0), {"column 1 has no name"});
}

}  // namespace
}  // namespace transfer
