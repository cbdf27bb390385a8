#include "app/runs/data_record.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "app/report/versions.h"
#include "app/runs/image_record.h"
#include "app/training/teacher.h"
#include "core/atomic_file.h"
#include "core/errors.h"
#include "core/file_kind.h"
#include "core/json_text.h"
#include "core/messages.h"
#include "core/run_format.h"
#include "core/shell_word.h"

namespace transfer {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr std::size_t kMostListedImages = 200'000;
constexpr std::size_t kMostNamed = 5;

ordered_json split_record(const std::vector<ImageRecord>& images) {
  ordered_json record = {{"count", images.size()}, {"sha256", hash_of(images)}};
  if (images.size() > kMostListedImages) return record;
  for (const ImageRecord& image : images) {
    record["images"].push_back({image.path, image.label, image.content});
  }
  return record;
}

/// "3 added (a, b, c)", of which the first five are named; empty for none.
std::string named(const std::vector<std::string>& images, const char* what) {
  if (images.empty()) return "";
  const std::size_t shown = std::min(images.size(), kMostNamed);
  return fmt::format(
      "{} {} ({}{})", images.size(), what,
      fmt::join(images.begin(), images.begin() + static_cast<std::ptrdiff_t>(shown), ", "),
      shown < images.size() ? ", …" : "");
}

/// What differs between two lists of images.
std::string difference(const ordered_json& record, const std::vector<ImageRecord>& now) {
  if (!record.contains("images")) return "";
  std::map<std::string, ImageRecord> before;
  for (const auto& image : record["images"]) {
    const auto path = image.at(0).get<std::string>();
    before[path] = {path, image.at(1).get<std::string>(), image.at(2).get<std::string>()};
  }
  std::vector<std::string> added;
  std::vector<std::string> relabelled;
  std::vector<std::string> replaced;
  std::vector<std::string> unreadable;
  for (const ImageRecord& image : now) {
    const auto found = before.find(image.path);
    if (found == before.end()) {
      added.push_back(image.path);
      continue;
    }
    const ImageRecord& old = found->second;
    if (old.label != image.label) {
      relabelled.push_back(fmt::format("{}: {}, now {}", image.path, old.label, image.label));
    }
    if (!image.failure.empty() && !old.content.empty()) {
      unreadable.push_back(image.failure);
    } else if (old.content != image.content) {
      replaced.push_back(image.path);
    }
    before.erase(found);
  }
  std::vector<std::string> removed;
  for (const auto& [path, image] : before) removed.push_back(path);
  std::vector<std::string> parts = {
      named(added, "added"), named(removed, "removed"), named(relabelled, "with another label"),
      named(replaced, "with other content"), named(unreadable, "unreadable")};
  std::erase(parts, "");
  return parts.empty() ? "the same images in another order"
                       : fmt::format("{}", fmt::join(parts, ", "));
}

/// The splits whose images differ, each with what differs; empty where none do.
std::string changes_of(const ordered_json& splits, const Preparation& p,
                       const std::vector<std::string>& names) {
  std::vector<std::string> changes;
  for (const std::string& name : names) {
    const auto& samples = name == "train" ? p.dataset.train
                          : name == "val" ? p.dataset.val
                                          : p.dataset.test;
    const auto now = image_records(p, samples);
    const auto& record = splits.at(name);
    if (record.at("sha256") == hash_of(now)) continue;
    const std::string what = difference(record, now);
    changes.push_back(fmt::format("{}: {} images, now {}{}{}", name,
                                  record.at("count").get<std::int64_t>(), now.size(),
                                  what.empty() ? "" : ", ", what));
  }
  return fmt::format("{}", fmt::join(changes, "; "));
}

/// How many images have gone from training to validation or back, which happens where the program
/// divides images whose list has changed.
std::int64_t moved_between_splits(const ordered_json& splits, const Preparation& p) {
  std::int64_t moved = 0;
  const auto count = [&](const char* before, const std::vector<Sample>& now) {
    if (!splits.at(before).contains("images")) return;
    std::set<std::string> paths;
    for (const auto& image : splits.at(before)["images"]) paths.insert(image.at(0));
    for (const std::string& path : image_paths(p, now)) moved += paths.contains(path) ? 1 : 0;
  };
  count("train", p.dataset.val);
  count("val", p.dataset.train);
  return moved;
}

std::string train_anew(const RunDirectory& run) {
  return fmt::format("or train anew in another folder: transfer --config {} --output {}",
                     shell_word(run.file(run_file::kConfig).string()),
                     shell_word(run.path().string() + "-2"));
}

void require_same_classes(const ordered_json& record, const Preparation& p,
                          const RunDirectory& run) {
  const auto before = record.at("classes").get<std::vector<std::string>>();
  if (before == p.dataset.classes) return;
  throw DataError(
      fmt::format("{}: the classes have changed since the run began: {}; now {}. The network's {} "
                  "outputs stand "
                  "for those of before. Give the classes their old names, {}",
                  p.config.data.path, fmt::join(before, ", "), fmt::join(p.dataset.classes, ", "),
                  before.size(), train_anew(run)));
}

/// The weights of a run fit the network that it began with, and may fit another by their names.
void require_same_backbone(const ordered_json& record, const Preparation& p,
                           const RunDirectory& run) {
  const auto before = record.at("backbone_sha256").get<std::string>();
  const std::string now = p.backbone.fingerprint();
  if (before == now) return;
  throw DataError(fmt::format(
      "{}: the backbone's file has changed since the run began: SHA-256 {}, now {}. Put "
      "the file back, {}",
      p.backbone.file(), before, now, train_anew(run)));
}

void warn_of_other_versions(const ordered_json& record) {
  const Versions now = versions();
  const auto& before = record.at("versions");
  const auto transfer = before.at("transfer").get<std::string>();
  const auto libtorch = before.at("libtorch").get<std::string>();
  if (transfer == now.transfer && libtorch == now.libtorch) return;
  warn(
      "the run began with transfer {} and LibTorch {}, and goes on with transfer {} and LibTorch "
      "{}; its results may differ in the last digits.",
      transfer, libtorch, now.transfer, now.libtorch);
}

}  // namespace

void write_data_record(const Preparation& p, const RunDirectory& run) {
  if (!p.group->is_rank0()) return;
  const Versions now = versions();
  const auto train = image_records(p, p.dataset.train);
  const auto val = image_records(p, p.dataset.val);
  const auto test = image_records(p, p.dataset.test);
  ordered_json record = {
      {"format", kRunFormat},
      {"versions", {{"transfer", now.transfer}, {"libtorch", now.libtorch}}},
      {"working_directory", fs::current_path().string()},
      {"backbone_sha256", p.backbone.fingerprint()},
      {"classes", p.dataset.classes},
      {"outputs", p.classes()},
      {"sha256", hash_of_data({&train, &val, &test})},
      {"splits",
       {{"train", split_record(train)}, {"val", split_record(val)}, {"test", split_record(test)}}}};
  if (p.teacher) record["teacher_sha256"] = p.teacher->file().sha256;
  write_file_atomically(run.file(run_file::kData), json_text(record));
}

std::string data_sha256(const Preparation& p, const RunDirectory& run) {
  const auto file = run.file(run_file::kData);
  if (is_file(file)) {
    const auto record = ordered_json::parse(read_file(file), nullptr, /*allow_exceptions=*/false);
    if (record.is_object() && record.contains("sha256") && record["sha256"].is_string()) {
      return record["sha256"].get<std::string>();
    }
  }
  const auto train = image_records(p, p.dataset.train);
  const auto val = image_records(p, p.dataset.val);
  const auto test = image_records(p, p.dataset.test);
  return hash_of_data({&train, &val, &test});
}

void require_same_data(const Preparation& p, const RunDirectory& run) {
  const auto file = run.file(run_file::kData);
  if (!is_file(file)) {
    warn("{}: is missing, so it is not known whether classes and images are those of before.",
         file.string());
    return;
  }
  try {
    const auto record = ordered_json::parse(read_file(file));
    require_same_backbone(record, p, run);
    require_same_classes(record, p, run);
    const auto& splits = record.at("splits");
    const std::string changes = changes_of(splits, p, {"train", "val"});
    if (!changes.empty()) {
      const std::int64_t moved = moved_between_splits(splits, p);
      throw DataError(fmt::format(
          "{}: the images have changed since the run began: {}.{} Put them back as they were, {}",
          p.config.data.path, changes,
          moved == 0
              ? ""
              : fmt::format(" {} of them went from one split to the other, since the program "
                            "divides images by their list and labels.",
                            moved),
          train_anew(run)));
    }
    const std::string test = changes_of(splits, p, {"test"});
    if (!test.empty()) {
      warn("{}: the test images have changed since the run began: {}.", p.config.data.path, test);
    }
    warn_of_other_versions(record);
  } catch (const nlohmann::json::exception& error) {
    throw DataError(fmt::format(
        "{}: is damaged: {}. Remove it to go on without comparing classes and images, {}",
        file.string(), error.what(), train_anew(run)));
  }
}

void require_same_teacher(const Preparation& p, const RunDirectory& run) {
  const auto file = run.file(run_file::kData);
  if (!is_file(file)) return;  // require_same_data() says so
  const auto record = ordered_json::parse(read_file(file), nullptr, /*allow_exceptions=*/false);
  const bool is_known = record.is_object() && record.contains("teacher_sha256") &&
                        record["teacher_sha256"].is_string();
  const std::string before = is_known ? record["teacher_sha256"].get<std::string>() : "";
  const std::string now = p.teacher ? p.teacher->file().sha256 : "";
  if (before == now) return;
  const auto text = [](const std::string& hash) {
    return hash.empty() ? std::string("no teacher") : "SHA-256 " + hash;
  };
  throw DataError(fmt::format(
      "train.teacher: {}: the teacher has changed since the run began: {}, now {}. Put the file "
      "back, {}",
      p.config.train.teacher.empty() ? "none" : p.config.train.teacher, text(before), text(now),
      train_anew(run)));
}

}  // namespace transfer
