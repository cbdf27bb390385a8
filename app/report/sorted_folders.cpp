#include "app/report/sorted_folders.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <numeric>
#include <system_error>

#include "core/atomic_file.h"
#include "core/count_text.h"
#include "core/errors.h"
#include "core/file_kind.h"
#include "core/open_file.h"
#include "core/visible_text.h"
#include "core/write_failure.h"

namespace transfer {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kUnsure = "unsure";
constexpr std::string_view kUnknown = "unknown";
/// Of a file or folder, in bytes, on Linux's file systems.
constexpr std::size_t kLongestName = 255;

void require_folder_name(const std::string& name, bool has_unknown) {
  const bool is_usable = !name.empty() && name != "." && name != ".." &&
                         name.size() <= kLongestName && name.find('/') == std::string::npos &&
                         name.find('\0') == std::string::npos;
  if (!is_usable) {
    throw ConfigError(
        fmt::format("--sort-into: the class '{}' cannot be the name of a folder. Use --output "
                    "FILE.csv instead.",
                    visible(name)));
  }
  if (name == kUnsure) {
    throw ConfigError(
        "--sort-into: the model has a class 'unsure', and so is called the folder of the images "
        "below --min-confidence. Use --output FILE.csv instead.");
  }
  if (has_unknown && name == kUnknown) {
    throw ConfigError(
        "--sort-into: the model has a class 'unknown', and so is called the folder of the images "
        "that --reject keeps apart. Leave out --reject.");
  }
}

void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw write_failure(folder, error.value());
}

/// Whether two files hold the same bytes.
bool are_equal(const fs::path& a, const fs::path& b) {
  std::error_code error;
  if (fs::equivalent(a, b, error)) return true;
  if (fs::file_size(a, error) != fs::file_size(b, error) || error) return false;
  return read_file(a) == read_file(b);
}

/// Whether a byte is not the first of a character of UTF-8.
bool is_inside_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

/// Where `image` goes at the n-th try: its name, NAME-2.ENDING, NAME-3.ENDING, ….
fs::path candidate(const fs::path& image, const fs::path& folder, int number) {
  if (number == 1) return folder / image.filename();
  const std::string number_text = fmt::format("-{}", number);
  const std::string ending = image.extension();
  std::string stem = image.stem();
  const std::size_t taken = number_text.size() + ending.size();
  const std::size_t room = taken < kLongestName ? kLongestName - taken : 0;
  if (stem.size() > room) {
    std::size_t end = room;
    while (end > 0 && is_inside_character(stem[end])) --end;
    stem.resize(end);
  }
  return folder / (stem + number_text + ending);
}

/// Makes `target` another name of `source`. Returns 0 or the error (an errno), EEXIST where the
/// name is taken.
int link_image(const fs::path& source, const fs::path& target) {
  // With AT_SYMLINK_FOLLOW a link to an image gives a name of the image itself.
  const int result =
      ::linkat(AT_FDCWD, source.c_str(), AT_FDCWD, target.c_str(), AT_SYMLINK_FOLLOW);
  return result == 0 ? 0 : errno;
}

/// Copies a file. Returns 0 or EEXIST where the name is taken. Throws DataError and OutputError.
int copy_image(const fs::path& source, const fs::path& target) {
  const std::string bytes = read_file(source);
  // Its destructor removes the temporary name, which leaves the other one.
  const AtomicFile copy(target.parent_path() / "copy");
  {
    const OpenFile written = OpenFile::for_writing(copy.temporary_path(), target);
    written.write(0, bytes.data(), bytes.size());
    if (::fdatasync(written.descriptor()) != 0) throw write_failure(target, errno);
  }
  const int error = link_image(copy.temporary_path(), target);
  if (error == EPERM || error == EOPNOTSUPP || error == ENOSYS) {
    // A file system without hard links: nobody else is expected to write here meanwhile.
    if (file_kind(target) != FileKind::kNothing) return EEXIST;
    return ::rename(copy.temporary_path().c_str(), target.c_str()) == 0 ? 0 : errno;
  }
  return error;
}

[[noreturn]] void throw_link_failure(const fs::path& image, const fs::path& target, int error) {
  if (error == EXDEV || error == EPERM || error == EMLINK || error == EOPNOTSUPP) {
    throw OutputError(fmt::format(
        "--link: {} cannot get a second name in {}: {}. Leave out --link to copy the images.",
        image.string(), folder_of(target).string(), std::strerror(error)));
  }
  throw write_failure(target, error);
}

}  // namespace

SortedFolders::SortedFolders(fs::path folder, const std::vector<std::string>& classes,
                             Placing placing, double min_confidence, bool goes_on, bool has_unknown)
    : folder_(std::move(folder)),
      names_(classes),
      unsure_(classes.size()),
      counts_(classes.size() + (has_unknown ? 2 : 1), 0),
      placing_(placing),
      min_confidence_(min_confidence),
      goes_on_(goes_on) {
  for (const std::string& name : classes) require_folder_name(name, has_unknown);
  names_.emplace_back(kUnsure);
  if (has_unknown) names_.emplace_back(kUnknown);
  std::error_code error;
  if (file_kind(folder_) != FileKind::kNothing && !is_folder(folder_)) {
    throw OutputError(fmt::format("--sort-into {}: is no folder.", folder_.string()));
  }
  if (!goes_on && is_folder(folder_) && !fs::is_empty(folder_, error)) {
    throw OutputError(
        fmt::format("--sort-into {}: is not empty. Give another folder, or remove what is in it.",
                    folder_.string()));
  }
  if (!goes_on) return;
  for (const std::string& name : names_) remove_temporary_files(folder_ / name);
}

void SortedFolders::add(const fs::path& image, const std::string& predicted_class,
                        double confidence) {
  const bool is_sure = confidence >= min_confidence_;
  const auto found = std::find(names_.begin(), names_.end(), predicted_class);
  add_to(is_sure ? static_cast<std::size_t>(found - names_.begin()) : unsure_, image);
}

void SortedFolders::add_unknown(const fs::path& image) { add_to(unsure_ + 1, image); }

void SortedFolders::add_to(std::size_t position, const fs::path& image) {
  const fs::path folder = folder_ / names_[position];
  try {
    make_folder(folder);
    place(image, folder);
  } catch (const OutputError& error) {
    const std::int64_t placed = std::accumulate(counts_.begin(), counts_.end(), std::int64_t{0});
    if (placed == 0) {
      // So that the same command finds an empty folder.
      std::error_code ignored;
      fs::remove(folder, ignored);
      fs::remove(folder_, ignored);
      throw;
    }
    throw OutputError(fmt::format(
        "{} {} holds the {} before: remove it before the same command runs again. With --output "
        "FILE, --resume goes on instead.",
        error.what(), folder_.string(), count_text(static_cast<std::size_t>(placed), "image")));
  }
  ++counts_[position];
}

void SortedFolders::place(const fs::path& image, const fs::path& folder) {
  constexpr int kMostNames = 1'000'000;
  for (int number = 1; number <= kMostNames; ++number) {
    const fs::path target = candidate(image, folder, number);
    const int error =
        placing_ == Placing::kLink ? link_image(image, target) : copy_image(image, target);
    if (error == 0) {
      renamed_ += number > 1 ? 1 : 0;
      return;
    }
    if (error != EEXIST) throw_link_failure(image, target, error);
    if (are_equal(image, target)) {
      ++present_;
      return;
    }
  }
  throw OutputError(fmt::format("{}: too many images have the name {}.", folder.string(),
                                image.filename().string()));
}

std::string SortedFolders::report() const {
  std::vector<std::string> parts;
  std::int64_t images = 0;
  for (std::size_t i = 0; i < names_.size(); ++i) {
    images += counts_[i];
    if (counts_[i] > 0) parts.push_back(fmt::format("{} {}", visible(names_[i]), counts_[i]));
  }
  std::string text =
      fmt::format("{} {} {}: {}",
                  count_text(static_cast<std::size_t>(images), goes_on_ ? "more image" : "image"),
                  placing_ == Placing::kLink ? "linked into" : "copied to", folder_.string(),
                  fmt::join(parts, ", "));
  if (renamed_ > 0) {
    text += fmt::format("; {} got another name (-2, -3, …) because theirs was taken", renamed_);
  }
  if (present_ > 0) {
    text += fmt::format("; {} {} there already, with the same bytes", present_,
                        present_ == 1 ? "was" : "were");
  }
  return text;
}

}  // namespace transfer
