#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/enum_names.h"

namespace transfer {

/// How an image gets into the folder of its class. The original stays where it is.
enum class Placing { kCopy, kLink };

/// Puts images into `DIR/CLASS/`, those that are not certain enough into `DIR/unsure/`, and those
/// that are unlike the training images into `DIR/unknown/`. An image whose name is taken there by
/// another is called NAME-2.ENDING, and so on: nothing is overwritten. Each file appears complete
/// or not at all.
class SortedFolders {
 public:
  /// Throws ConfigError where a class's name cannot name a folder, is `unsure`, or is `unknown`
  /// where there is such a folder too, and OutputError where `folder` holds something already,
  /// unless it `goes_on`.
  SortedFolders(std::filesystem::path folder, const std::vector<std::string>& classes,
                Placing placing, double min_confidence, bool goes_on, bool has_unknown = false);

  /// Puts an image into the folder of its class. An image that is there already, under its name and
  /// with the same bytes, stays alone. Throws DataError where it cannot be read, and OutputError,
  /// which says what is in the folder by then.
  void add(const std::filesystem::path& image, const std::string& predicted_class,
           double confidence);

  /// The same for an image that is unlike the training images. REQUIRES: `has_unknown` was given.
  void add_unknown(const std::filesystem::path& image);

  /// "42 images copied to sorted/: cat 20, dog 18, unsure 4; 2 names were taken …", for the user.
  std::string report() const;

 private:
  void add_to(std::size_t position, const std::filesystem::path& image);
  void place(const std::filesystem::path& image, const std::filesystem::path& folder);

  std::filesystem::path folder_;
  /// The classes, `unsure` and, where it is wanted, `unknown`.
  std::vector<std::string> names_;
  std::size_t unsure_;
  std::vector<std::int64_t> counts_;
  Placing placing_;
  double min_confidence_;
  bool goes_on_;
  std::int64_t renamed_ = 0;
  std::int64_t present_ = 0;
};

}  // namespace transfer
