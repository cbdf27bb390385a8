#include "app/report/findings_report.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace transfer {
namespace {

using nlohmann::ordered_json;

constexpr std::ptrdiff_t kMostListed = 1000;

ordered_json list_of(const std::vector<std::string>& texts) {
  const auto count = std::min(static_cast<std::ptrdiff_t>(texts.size()), kMostListed);
  return std::vector<std::string>(texts.begin(), texts.begin() + count);
}

}  // namespace

ordered_json findings_object(const Findings& findings) {
  auto skipped = ordered_json::array();
  for (const SkippedFile& file : findings.skipped) {
    if (static_cast<std::ptrdiff_t>(skipped.size()) == kMostListed) break;
    skipped.push_back({{"path", file.path}, {"reason", text_of(file.reason)}});
  }
  return {{"notes", list_of(findings.notes)},
          {"warnings", list_of(findings.warnings)},
          {"skipped", skipped},
          {"groups", findings.groups},
          {"groups_across_splits", list_of(findings.groups_across_splits)},
          {"copies", findings.copies},
          {"copies_across_splits", list_of(findings.copies_across_splits)},
          {"near_copies_across_splits", list_of(findings.near_copies_across_splits)},
          {"copies_with_different_targets", list_of(findings.copies_under_two_labels)},
          {"missing_in_val", list_of(findings.missing_in_val)}};
}

}  // namespace transfer
