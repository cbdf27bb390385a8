#include "app/check/data_fixes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <unordered_map>

#include "core/atomic_file.h"
#include "core/csv.h"
#include "core/errors.h"
#include "core/file_kind.h"
#include "core/nearest_name.h"
#include "core/split_text.h"
#include "core/text_encoding.h"
#include "datasets/target_text.h"

namespace transfer {
namespace {

namespace fs = std::filesystem;

std::string plain_path(const fs::path& path) {
  return fs::absolute(path).lexically_normal().string();
}

/// Finds images by the paths of a table.
class ImagesByPath {
 public:
  ImagesByPath(const std::vector<Sample>& samples, const fs::path& data)
      : folder_(is_folder(data) ? data : folder_of(data)) {
    for (std::size_t i = 0; i < samples.size(); ++i) {
      positions_[plain_path(samples[i].path)].push_back(i);
    }
  }

  /// The images at that path; none where the data has none there.
  std::vector<std::size_t> find(const std::string& path) const {
    for (const fs::path& candidate : {fs::path(path), folder_ / path}) {
      const auto found = positions_.find(plain_path(candidate));
      if (found != positions_.end()) return found->second;
    }
    return {};
  }

 private:
  fs::path folder_;
  std::unordered_map<std::string, std::vector<std::size_t>> positions_;
};

/// Where the columns are.
struct FixColumns {
  std::size_t path = 0;
  std::size_t action = 0;
  std::optional<std::size_t> label;
};

FixColumns find_columns(const CsvRow& header, const std::string& file) {
  const auto find = [&header](const std::string& name) -> std::optional<std::size_t> {
    const auto found = std::find(header.fields.begin(), header.fields.end(), name);
    if (found == header.fields.end()) return std::nullopt;
    return static_cast<std::size_t>(found - header.fields.begin());
  };
  const auto path = find("path");
  const auto action = find("action");
  if (!path || !action) {
    throw DataError(
        fmt::format("{}:{}: the column '{}' is missing; found: {}. Expected the header "
                    "path,action,label, as the page of transfer check saves it.",
                    file, header.line, path ? "action" : "path", fmt::join(header.fields, ", ")));
  }
  return {*path, *action, find("label")};
}

/// Throws DataError for a label that no image of the data has.
void require_known_label(const std::string& label, const ListedData& data, TargetKind kind,
                         const std::string& where) {
  if (kind == TargetKind::kValues) {
    throw DataError(fmt::format(
        "{}: 'relabel' cannot be used for numbers. Correct them in the data's CSV file, or drop "
        "the image.",
        where));
  }
  const bool is_one_class = kind == TargetKind::kClass;
  for (const std::string_view part : split_text(label, is_one_class ? '\0' : '|')) {
    const std::string name(part);
    const bool is_known =
        std::find(data.classes.begin(), data.classes.end(), name) != data.classes.end();
    if (is_known || (name.empty() && !is_one_class && label.empty())) continue;
    if (name.empty()) {
      throw DataError(
          fmt::format("{}: 'relabel' needs a class in the column label. Expected one "
                      "of: {}.",
                      where, fmt::join(data.classes, ", ")));
    }
    throw DataError(fmt::format("{}: the class '{}' is unknown{}", where, name,
                                suggestion(name, data.classes)));
  }
}

/// One row of the table.
struct Fix {
  bool is_drop = false;
  std::optional<std::string> label;

  bool operator==(const Fix&) const = default;
};

Fix read_fix(const CsvRow& row, const FixColumns& columns, const ListedData& data, TargetKind kind,
             const std::string& where) {
  const std::string& action = row.fields[columns.action];
  if (action == "keep") return {};
  if (action == "drop") return {true, std::nullopt};
  if (action != "relabel") {
    throw DataError(fmt::format("{}: unknown action '{}'{}", where, action,
                                suggestion(action, {"drop", "relabel", "keep"})));
  }
  const std::string label = columns.label ? row.fields[*columns.label] : "";
  require_known_label(label, data, kind, where);
  return {false, label};
}

}  // namespace

DataFixes read_fixes(const fs::path& file, const ListedData& data, TargetKind kind,
                     const fs::path& path) {
  const std::string name = file.string();
  const std::string text = decode_text(read_file(file), name).text;
  const auto rows = parse_csv(text, name, separator_of(text));
  if (rows.empty()) {
    throw DataError(fmt::format("{}: is empty. Expected the header path,action,label.", name));
  }
  const FixColumns columns = find_columns(rows.front(), name);
  const ImagesByPath images(data.samples, path);
  DataFixes fixes;
  fixes.is_dropped.resize(data.samples.size(), false);
  fixes.labels.resize(data.samples.size());
  std::unordered_map<std::size_t, std::pair<Fix, std::size_t>> known;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    const CsvRow& row = rows[i];
    const std::string where = fmt::format("{}:{}", name, row.line);
    if (row.fields.size() != rows.front().fields.size()) {
      throw DataError(fmt::format("{}: found {} fields, expected {} as in the header.", where,
                                  row.fields.size(), rows.front().fields.size()));
    }
    const auto found = images.find(row.fields[columns.path]);
    if (found.empty()) {
      throw DataError(
          fmt::format("{}: {} is no image of {}. Expected a path as transfer check "
                      "shows it, or from the data's folder on.",
                      where, row.fields[columns.path], path.string()));
    }
    const Fix fix = read_fix(row, columns, data, kind, where);
    for (const std::size_t image : found) {
      const auto [before, is_new] = known.emplace(image, std::pair(fix, row.line));
      if (!is_new && before->second.first != fix) {
        throw DataError(fmt::format("{}: {} has another action in line {}. Remove one of the rows.",
                                    where, row.fields[columns.path], before->second.second));
      }
      if (!is_new) continue;
      fixes.is_dropped[image] = fix.is_drop;
      fixes.dropped += fix.is_drop ? 1 : 0;
      const bool has_it = fix.label == target_text(data.samples[image], data.classes, kind);
      if (!fix.label || has_it) continue;
      fixes.labels[image] = fix.label;
      ++fixes.relabelled;
    }
  }
  return fixes;
}

}  // namespace transfer
