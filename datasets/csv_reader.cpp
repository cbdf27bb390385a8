#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

#include "core/atomic_file.h"
#include "core/csv.h"
#include "core/errors.h"
#include "core/file_kind.h"
#include "core/nearest_name.h"
#include "datasets/labelled_files.h"

namespace transfer {
namespace {

std::optional<std::size_t> find_column(const CsvRow& header, const std::string& name) {
  const auto found = std::find(header.fields.begin(), header.fields.end(), name);
  if (found == header.fields.end()) return std::nullopt;
  return static_cast<std::size_t>(found - header.fields.begin());
}

std::size_t require_column(const CsvRow& header, const std::string& name, const std::string& file) {
  const auto column = find_column(header, name);
  if (!column) {
    throw DataError(
        fmt::format("{}:{}: the column '{}' is missing; found: {}. Expected a header such as "
                    "path,label,split.",
                    file, header.line, name, fmt::join(header.fields, ", ")));
  }
  return *column;
}

std::string read_split(const std::string& text, const std::string& where) {
  if (text.empty()) return "";
  std::string split = canonical_split(text);
  if (split.empty()) {
    throw DataError(fmt::format("{}: unknown split '{}'{}", where, text,
                                suggestion(text, {"train", "val", "test"})));
  }
  return split;
}

void check_picture(const std::string& field, const std::filesystem::path& path,
                   const std::string& where) {
  if (field.empty()) throw DataError(fmt::format("{}: the path is empty.", where));
  const FileKind kind = file_kind(path);
  if (kind == FileKind::kRegularFile) return;
  const std::string found = kind == FileKind::kNothing  ? why_absent(path, "picture")
                            : kind == FileKind::kFolder ? "is a folder, expected a picture file"
                                                        : "is no regular file";
  throw DataError(
      fmt::format("{}: {}: {}. Paths start at the CSV's folder.", where, path.string(), found));
}

}  // namespace

LabelledFiles read_csv(const std::filesystem::path& file) {
  const std::string name = file.string();
  const auto rows = parse_csv(read_file(file), name);
  if (rows.size() < 2) {
    throw DataError(fmt::format(
        "{}: holds no rows. Expected the header path,label[,split] and one row a picture.", name));
  }
  const CsvRow& header = rows.front();
  const std::size_t path_column = require_column(header, "path", name);
  const std::size_t label_column = require_column(header, "label", name);
  const auto split_column = find_column(header, "split");

  LabelledFiles found;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    const CsvRow& row = rows[i];
    const std::string where = fmt::format("{}:{}", name, row.line);
    if (row.fields.size() != header.fields.size()) {
      throw DataError(fmt::format("{}: found {} fields, expected {} as in the header.", where,
                                  row.fields.size(), header.fields.size()));
    }
    const std::string& label = row.fields[label_column];
    if (label.empty()) throw DataError(fmt::format("{}: the label is empty.", where));
    const auto path = file.parent_path() / row.fields[path_column];
    check_picture(row.fields[path_column], path, where);
    found.files.push_back(
        {path.string(), label,
         split_column ? read_split(row.fields[*split_column], where) : std::string()});
  }
  return found;
}

}  // namespace transfer
