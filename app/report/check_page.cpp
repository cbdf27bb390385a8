#include "app/report/check_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "app/report/check_report.h"
#include "app/report/html_page.h"
#include "app/report/page_file.h"
#include "core/cancellation.h"
#include "core/file_kind.h"
#include "core/folder_output.h"
#include "core/json_text.h"
#include "core/shell_word.h"
#include "core/utf8.h"
#include "datasets/check/thumbnail.h"
#include "datasets/target_text.h"

namespace transfer {
namespace {

using nlohmann::ordered_json;
namespace fs = std::filesystem;

/// Characters of thumbnails and names on a page.
constexpr std::size_t kMostCharacters = 4'400'000;
constexpr std::int64_t kThumbnailSide = 128;

/// The pictures of a page: each image once, whatever is said of it.
class PagePictures {
 public:
  explicit PagePictures(const DataCheck& check) : check_(check) {}

  /// The number of the image's picture on the page.
  std::size_t add(std::size_t image) {
    const auto [known, is_new] = numbers_.emplace(image, pictures_.size());
    if (!is_new) return known->second;
    const Sample& sample = check_.data.samples[image];
    const std::string thumbnail = thumbnail_jpeg(sample, kThumbnailSide);
    ordered_json picture = {
        {"path", sample.path},
        {"split", check_.data.splits[image]},
        {"target", target_text(sample, check_.data.classes, check_.kind)},
        // A name that JSON cannot hold would not come back from the saved file.
        {"can_be_marked", is_utf8(sample.path)},
        {"thumbnail", thumbnail.empty() ? "" : data_address("image/jpeg", thumbnail)}};
    characters_ += 2 * sample.path.size() + thumbnail.size() * 4 / 3 + 200;
    pictures_.push_back(std::move(picture));
    return known->second;
  }

  bool are_full() const { return characters_ >= kMostCharacters; }
  const ordered_json& pictures() const { return pictures_; }

 private:
  const DataCheck& check_;
  std::map<std::size_t, std::size_t> numbers_;
  ordered_json pictures_ = ordered_json::array();
  std::size_t characters_ = 0;
};

ordered_json card_of(const Finding& finding, const DataCheck& check, PagePictures& pictures) {
  ordered_json card = {{"picture", pictures.add(finding.image)}, {"text", explain(finding, check)}};
  if (finding.other) card["other"] = pictures.add(*finding.other);
  if (finding.suggested) {
    card["suggested"] = check.data.classes[static_cast<std::size_t>(*finding.suggested)];
  }
  return card;
}

/// The findings by fault. Rank by rank, so that every fault has its worst images on the page.
ordered_json sections_of(const DataCheck& check, PagePictures& pictures) {
  std::map<Fault, std::vector<const Finding*>> by_fault;
  std::size_t most = 0;
  for (const Finding& finding : check.findings) by_fault[finding.fault].push_back(&finding);
  for (const auto& [fault, findings] : by_fault) most = std::max(most, findings.size());
  std::map<Fault, ordered_json> cards;
  for (std::size_t rank = 0; rank < most && !pictures.are_full(); ++rank) {
    throw_if_stopped();
    for (const auto& [fault, findings] : by_fault) {
      if (rank >= findings.size() || pictures.are_full()) continue;
      cards[fault].push_back(card_of(*findings[rank], check, pictures));
    }
  }
  auto sections = ordered_json::array();
  for (const auto& [fault, findings] : by_fault) {
    sections.push_back({{"fault", name_of(fault)},
                        {"title", title_of(fault)},
                        {"advice", advice_on(fault)},
                        {"count", findings.size()},
                        {"cards", cards[fault].is_null() ? ordered_json::array() : cards[fault]}});
  }
  return sections;
}

/// How the saved marks are applied. The cleaned copy must not lie in the data.
std::string command_text(const DataCheck& check) {
  fs::path cleaned = "cleaned";
  if (is_folder(check.path) && lies_within(cleaned, check.path)) {
    std::error_code ignored;
    cleaned = fs::weakly_canonical(check.path, ignored).parent_path() / cleaned;
  }
  return fmt::format("transfer check --data {} --apply fixes.csv --to {}", shell_word(check.path),
                     shell_word(cleaned.string()));
}

}  // namespace

std::string check_page(const DataCheck& check) {
  PagePictures pictures(check);
  ordered_json data = check_object(check);
  data.erase("findings");
  data.erase("reading");
  data["can_relabel"] = check.kind == TargetKind::kClass;
  data["command"] = command_text(check);
  data["summary"] = check_summary(check);
  data["sections"] = sections_of(check, pictures);
  data["pictures"] = pictures.pictures();
  const std::string style =
      std::string(page_file("page.css")) + std::string(page_file("check.css"));
  HtmlPage page;
  page.title = "Data check: " + check.path;
  page.body = page_file("check.html");
  page.style = style;
  page.scripts = {page_file("check.js")};
  page.data = json_line(data);
  return to_html(page);
}

}  // namespace transfer
