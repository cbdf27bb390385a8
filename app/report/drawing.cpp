#include "app/report/drawing.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <opencv2/imgproc.hpp>

#include "core/name_form.h"
#include "core/utf8.h"

namespace transfer::drawing {
namespace {

/// Letters that are not a Latin letter with a mark.
struct AsciiLetter {
  char32_t letter;
  const char* ascii;
};
constexpr std::array kAsciiLetters = {
    AsciiLetter{0xDF, "ss"},   AsciiLetter{0xC6, "AE"},  AsciiLetter{0xE6, "ae"},
    AsciiLetter{0xD8, "O"},    AsciiLetter{0xF8, "o"},   AsciiLetter{0x152, "OE"},
    AsciiLetter{0x153, "oe"},  AsciiLetter{0x141, "L"},  AsciiLetter{0x142, "l"},
    AsciiLetter{0x110, "D"},   AsciiLetter{0x111, "d"},  AsciiLetter{0x131, "i"},
    AsciiLetter{0xB0, " deg"}, AsciiLetter{0xB2, "2"},   AsciiLetter{0x2013, "-"},
    AsciiLetter{0x2014, "-"},  AsciiLetter{0x2019, "'"}, AsciiLetter{0xD7, "x"},
};

bool is_mark(char32_t c) { return c >= 0x300 && c <= 0x36F; }

}  // namespace

std::string ascii_text(std::string_view text) {
  std::string ascii;
  for (const char32_t c : code_points(printed_form(text))) {
    if (is_mark(c)) continue;
    if (c >= U' ' && c <= U'~') {
      ascii += static_cast<char>(c);
      continue;
    }
    const auto* found = std::find_if(kAsciiLetters.begin(), kAsciiLetters.end(),
                                     [c](const AsciiLetter& known) { return known.letter == c; });
    if (found == kAsciiLetters.end()) return "";
    ascii += found->ascii;
  }
  return ascii;
}

std::vector<std::string> drawable_names(const std::vector<std::string>& names) {
  std::vector<std::string> drawable;
  std::map<std::string, int> times;
  for (const std::string& name : names) {
    drawable.push_back(ascii_text(name));
    ++times[drawable.back()];
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (drawable[i].empty() || times[drawable[i]] > 1) drawable[i] = fmt::format("#{}", i);
  }
  return drawable;
}

std::string legend_of_numbers(const std::vector<std::string>& names) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == fmt::format("#{}", i)) {
      return "#N: class N of summary.json, counted from 0, whose letters the font lacks";
    }
  }
  return "";
}

void draw_text(cv::Mat& picture, const std::string& text, cv::Point at, double scale,
               const cv::Scalar& colour) {
  cv::putText(picture, text, at, cv::FONT_HERSHEY_SIMPLEX, scale, colour, 1, cv::LINE_AA);
}

void draw_text_upwards(cv::Mat& picture, const std::string& text, cv::Point at, double scale) {
  int below = 0;
  const cv::Size size = cv::getTextSize(text, cv::FONT_HERSHEY_SIMPLEX, scale, 1, &below);
  cv::Mat lying(size.height + below + 2, size.width + 2, CV_8UC3, cv::Scalar::all(255));
  draw_text(lying, text, {1, size.height + 1}, scale);
  cv::Mat standing;
  cv::rotate(lying, standing, cv::ROTATE_90_COUNTERCLOCKWISE);
  const cv::Rect whole(0, 0, picture.cols, picture.rows);
  const cv::Rect wanted(at.x - size.height, at.y - standing.rows, standing.cols, standing.rows);
  const cv::Rect part = wanted & whole;
  if (part.area() == 0) return;
  standing(part - wanted.tl()).copyTo(picture(part));
}

int text_width(const std::string& text, double scale) {
  int below = 0;
  return cv::getTextSize(text, cv::FONT_HERSHEY_SIMPLEX, scale, 1, &below).width;
}

std::string fitting_text(const std::string& text, int width, bool keeps_end, double scale) {
  if (text_width(text, scale) <= width) return text;
  for (std::size_t kept = text.size() - 1; kept > 0; --kept) {
    const std::size_t at_end = keeps_end ? kept / 2 : 0;
    const std::string shortened =
        text.substr(0, kept - at_end) + ".." + text.substr(text.size() - at_end);
    if (text_width(shortened, scale) <= width) return shortened;
  }
  return "";
}

}  // namespace transfer::drawing
