#include "datasets/findings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace transfer {

const char* text_of(SkipReason reason) {
  switch (reason) {
    case SkipReason::kNoImageEnding: return "without an image extension";
    case SkipReason::kHidden: return "hidden, with a full stop in front of the name";
    case SkipReason::kDanglingLink: return "a link that leads nowhere";
    case SkipReason::kOutsideClasses: return "outside of the class folders";
    case SkipReason::kReadBefore: return "a folder that is read by another name";
    case SkipReason::kBesideSplits: break;
  }
  return "beside the folders of splits";
}

std::string first_five(const std::vector<std::string>& list) {
  constexpr std::size_t kShown = 5;
  const auto last = list.begin() + static_cast<std::ptrdiff_t>(std::min(list.size(), kShown));
  std::string text = fmt::format("{}", fmt::join(list.begin(), last, ", "));
  if (list.size() > kShown) text += fmt::format(" and {} more", list.size() - kShown);
  return text;
}

std::vector<SkipMessage> skip_messages(const std::vector<SkippedFile>& skipped) {
  struct Phrase {
    SkipReason reason;
    const char* one;
    const char* many;
  };
  static constexpr Phrase kPhrases[] = {
      {SkipReason::kBesideSplits, "folder beside the splits", "folders beside the splits"},
      {SkipReason::kHidden, "hidden folder or image", "hidden folders or images"},
      {SkipReason::kDanglingLink, "link that leads nowhere", "links that lead nowhere"},
      {SkipReason::kReadBefore, "link to a folder that is read by another name or lies above",
       "links to folders that are read by another name or lie above"},
      {SkipReason::kOutsideClasses, "image outside of the class folders",
       "images outside of the class folders"},
      {SkipReason::kNoImageEnding, "file without an image extension",
       "files without an image extension"},
  };
  std::vector<SkipMessage> messages;
  for (const Phrase& phrase : kPhrases) {
    std::vector<std::string> paths;
    for (const SkippedFile& file : skipped) {
      if (file.reason == phrase.reason) paths.push_back(file.path);
    }
    if (paths.empty()) continue;
    messages.push_back(
        {fmt::format("skipped {} {}: {}", paths.size(),
                     paths.size() == 1 ? phrase.one : phrase.many, first_five(paths)),
         phrase.reason != SkipReason::kNoImageEnding});
  }
  return messages;
}

}  // namespace transfer
