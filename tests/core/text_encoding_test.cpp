#include "core/text_encoding.h"

#include <gmock/gmock.h>

#include "core/csv.h"
#include "core/errors.h"
#include "core/name_form.h"
#include "core/utf8.h"

namespace transfer {
namespace {

using namespace std::string_literals;

std::string refusal(const std::string& bytes) {
  try {
    decode_text(bytes, "x.csv");
  } catch (const DataError& error) {
    return error.what();
  }
  return "";
}

TEST(TextEncoding, TheByteOrderMarkTellsUtf16) {
  const std::string expected = "é,𝄞\n";
  const auto little = decode_text("\xFF\xFE\xE9\0,\0\x34\xD8\x1E\xDD\n\0"s, "x");
  EXPECT_EQ(little.text, expected);
  EXPECT_EQ(little.encoding, "UTF-16");
  EXPECT_EQ(decode_text("\xFE\xFF\0\xE9\0,\xD8\x34\xDD\x1E\0\n"s, "x").text, expected);
}

TEST(TextEncoding, Utf8StaysAndTheRestIsLatin1) {
  EXPECT_EQ(decode_text("Bär", "x").text, "Bär");
  EXPECT_EQ(decode_text("Bär", "x").encoding, "");
  const auto latin1 = decode_text("B\xE4r \x80 \x93", "x");
  EXPECT_EQ(latin1.text, "Bär € “");
  EXPECT_EQ(latin1.encoding, "Latin-1");
  EXPECT_EQ(latin1_bytes(latin1.text), "B\xE4r \x80 \x93");
  EXPECT_EQ(latin1_bytes("中"), "");
}

TEST(TextEncoding, WhatIsNoTextIsRefused) {
  EXPECT_THAT(refusal("\xFF\xFE\0\0a\0\0\0"s), testing::HasSubstr("x.csv: is UTF-32"));
  EXPECT_THAT(refusal("\xFF\xFE\x61"s), testing::HasSubstr("UTF-16, but it is cut short"));
  EXPECT_THAT(refusal("\xFF\xFE\x34\xD8\x61\0"s), testing::HasSubstr("damaged"))
      << "lone surrogate";
  EXPECT_THAT(refusal("p\0a\0t\0h\0"s), testing::HasSubstr("NUL bytes"));
}

TEST(Csv, SeparatorsAndBlankRows) {
  EXPECT_EQ(separator_of("a,b;c\n"), ',');
  EXPECT_EQ(separator_of("a;b\n1,5;2\n"), ';');
  EXPECT_EQ(separator_of("\xEF\xBB\xBF\"a;b\"\tc\n"), '\t');
  EXPECT_EQ(separator_of("sep=|\na,b\n"), '|');
  EXPECT_EQ(separator_of("alone\n"), ',');
  const auto rows = parse_csv("sep=;\r\na;\"b;c\"\r\n ; \r\n\r\n;d\r\n", "x", ';');
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].fields, (std::vector<std::string>{"a", "b;c"}));
  EXPECT_EQ(rows[0].line, 2U);
  EXPECT_EQ(rows[1].line, 5U);
}

TEST(NameForm, WhiteSpaceDoesNotCount) {
  EXPECT_EQ(trimmed(" \t hot  dog\u00A0\u200B"), "hot  dog");
  EXPECT_EQ(trimmed("  "), "");
  EXPECT_EQ(trimmed(" B\xE4r "), "B\xE4r");
  EXPECT_EQ(printed_form(" hot \u00A0 dog "), "hot dog");
}

TEST(NameForm, ComposedAndDecomposedLettersAreTheSame) {
  EXPECT_EQ(printed_form("caf\u00E9"), printed_form("cafe\u0301"));
  EXPECT_EQ(printed_form("Vi\u1EC7t"), printed_form("Vie\u0302\u0323t")) << "marks in any order";
  EXPECT_EQ(printed_form("\uAC01"), "\u1100\u1161\u11A8");
  EXPECT_EQ(printed_form("\u304C"), printed_form("\u304B\u3099"));
  EXPECT_NE(printed_form("cafe"), printed_form("caf\u00E9"));
  EXPECT_NE(printed_form("Cafe"), printed_form("cafe"));
}

TEST(NameForm, CapitalLettersAreSmallWithoutCase) {
  EXPECT_EQ(caseless_form("\u00C9TE \u0141\u00D8"), caseless_form("\u00E9te \u0142\u00F8"));
  EXPECT_EQ(caseless_form("\u0416\u03A9"), "\u0436\u03C9");
  EXPECT_NE(caseless_form("a"), caseless_form("b"));
}

TEST(Utf8, CodePointsComeAndGo) {
  const std::string text = "aé中𝄞";
  std::string again;
  for (const char32_t point : code_points(text)) append_utf8(again, point);
  EXPECT_EQ(code_points(text).size(), 4U);
  EXPECT_EQ(again, text);
  EXPECT_EQ(code_points("\xE4"), std::u32string(1, 0xE4));
}

}  // namespace
}  // namespace transfer
