#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace transfer {

/// Why a file or folder of the data is passed over.
enum class SkipReason {
  kNoImageEnding,   ///< a file whose ending is none of an image
  kHidden,          ///< a folder of images, or an image, whose name begins with a full stop
  kDanglingLink,    ///< a link that leads nowhere
  kOutsideClasses,  ///< an image beside the class folders
  kReadBefore,      ///< a link to a folder that is read by another name, or that lies above
  kBesideSplits,    ///< a folder beside train, val and test
};

/// A file or folder that is passed over; folders have a slash at their end.
struct SkippedFile {
  std::string path;
  SkipReason reason;
};

/// The reason in words, behind "PATH: ".
const char* text_of(SkipReason reason);

/// What a reader found in the data that its user should know of.
struct Findings {
  /// How the data was read, where that is not plain from it.
  std::vector<std::string> notes;
  /// What may be a mistake: a sentence each, with a remedy.
  std::vector<std::string> warnings;
  std::vector<SkippedFile> skipped;
  /// Pairs of paths of the same image, byte for byte: in two splits, "val/1.png = train/7.png".
  std::vector<std::string> copies_across_splits;
  /// The same, of images that are almost a training image, where frozen features tell.
  std::vector<std::string> near_copies_across_splits;
  /// As copies_across_splits, of images that lie under two labels.
  std::vector<std::string> copies_under_two_labels;
  /// Groups with images in two splits of the user's: "patient 7 (train, val)".
  std::vector<std::string> groups_across_splits;
  /// How many groups the user's images are in; 0 where the data names none.
  std::int64_t groups = 0;
  /// Images that are a copy of one before them, wherever it lies.
  std::int64_t copies = 0;
  /// Classes or labels that no validation image has.
  std::vector<std::string> missing_in_val;
};

/// The first five of a list, for a message: "a, b, c, d, e and 3 more".
std::string first_five(const std::vector<std::string>& list);

/// How many files are passed over for one reason, and the first five of them.
struct SkipMessage {
  std::string text;
  /// Whether images may have been meant: every reason but a file without an image's ending.
  bool is_warning = false;
};
/// One message for each reason there is.
std::vector<SkipMessage> skip_messages(const std::vector<SkippedFile>& skipped);

}  // namespace transfer
