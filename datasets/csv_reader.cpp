#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <sstream>

#include "core/atomic_file.h"
#include "core/csv.h"
#include "core/errors.h"
#include "core/file_kind.h"
#include "core/nearest_name.h"
#include "datasets/labelled_files.h"

namespace transfer {
namespace {

constexpr char kLabelSeparator = '|';

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

void check_image(const std::string& field, const std::filesystem::path& path,
                 const std::string& where) {
  if (field.empty()) throw DataError(fmt::format("{}: the path is empty.", where));
  const FileKind kind = file_kind(path);
  if (kind == FileKind::kRegularFile) return;
  const std::string found = kind == FileKind::kNothing  ? why_absent(path, "image")
                            : kind == FileKind::kFolder ? "is a folder, expected an image file"
                                                        : "is not a regular file";
  throw DataError(
      fmt::format("{}: {}: {}. Paths start at the CSV's folder.", where, path.string(), found));
}

/// Where the columns are.
struct Columns {
  std::size_t path = 0;
  std::optional<std::size_t> label;
  std::optional<std::size_t> split;
  /// For regression.
  std::vector<std::size_t> values;
};

/// The columns that data.targets names; without names all but path and split.
std::vector<std::size_t> value_columns(const CsvRow& header, const Columns& columns,
                                       const std::vector<std::string>& names,
                                       const std::string& file) {
  std::vector<std::size_t> found;
  for (const std::string& name : names) {
    if (name == "path" || name == "split" || !find_column(header, name)) {
      throw DataError(fmt::format(
          "{}:{}: there is no column '{}' of numbers to predict; found: {}{}. Name columns of the "
          "file with data.targets.",
          file, header.line, name, fmt::join(header.fields, ", "),
          suggestion(name, header.fields)));
    }
    found.push_back(*find_column(header, name));
  }
  for (std::size_t i = 0; names.empty() && i < header.fields.size(); ++i) {
    if (i != columns.path && i != columns.split) found.push_back(i);
  }
  if (!found.empty()) return found;
  throw DataError(
      fmt::format("{}:{}: no column of numbers to predict; found: {}. Expected a header such as "
                  "path,weight,height[,split].",
                  file, header.line, fmt::join(header.fields, ", ")));
}

void refuse_repeated_columns(const CsvRow& header, const std::string& file) {
  for (std::size_t i = 0; i < header.fields.size(); ++i) {
    if (*find_column(header, header.fields[i]) == i) continue;
    throw DataError(fmt::format("{}:{}: the column '{}' occurs twice. Rename one of the two.", file,
                                header.line, header.fields[i]));
  }
}

Columns find_columns(const CsvRow& header, const WantedTargets& wanted, const std::string& file) {
  Columns columns;
  columns.path = require_column(header, "path", file);
  columns.split = find_column(header, "split");
  if (wanted.kind != TargetKind::kValues) {
    columns.label = require_column(header, "label", file);
    return columns;
  }
  refuse_repeated_columns(header, file);
  columns.values = value_columns(header, columns, wanted.columns, file);
  return columns;
}

/// The number that the whole text spells, as float32; nothing where it is none or too large.
std::optional<float> parse_number(const std::string& text) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [parsed, error] = std::from_chars(text.data(), end, number);
  const auto rounded = static_cast<float>(number);
  if (error != std::errc() || parsed != end || !std::isfinite(rounded)) return std::nullopt;
  return rounded;
}

std::vector<float> read_values(const CsvRow& row, const CsvRow& header,
                               const std::vector<std::size_t>& columns, const std::string& where) {
  std::vector<float> values;
  for (const std::size_t column : columns) {
    const std::string& text = row.fields[column];
    const auto number = parse_number(text);
    if (!number) {
      throw DataError(fmt::format(
          "{}: the column '{}' {}. Expected a number such as 0.5 in every row; correct or remove "
          "the row, or name the columns to predict with data.targets.",
          where, header.fields[column],
          text.empty() ? "is empty" : fmt::format("holds '{}', which is not a number", text)));
    }
    values.push_back(*number);
  }
  return values;
}

/// The names in a cell: a single class, or any number of labels separated by `|`.
std::vector<std::string> read_labels(const std::string& text, TargetKind kind,
                                     const std::string& where) {
  if (kind == TargetKind::kClass) {
    if (text.empty()) {
      throw DataError(fmt::format(
          "{}: the label is empty. Expected the name of a class; images without any label need "
          "--set head.loss=binary_cross_entropy.",
          where));
    }
    if (text.find(kLabelSeparator) != std::string::npos) {
      throw DataError(fmt::format(
          "{}: the image has several labels ('{}'), but the loss cross_entropy takes one class per "
          "image. Give --set head.loss=binary_cross_entropy, or name one class.",
          where, text));
    }
    return {text};
  }
  std::vector<std::string> labels;
  if (text.empty()) return labels;
  std::istringstream parts(text + kLabelSeparator);
  for (std::string label; std::getline(parts, label, kLabelSeparator);) {
    if (label.empty()) {
      throw DataError(
          fmt::format("{}: '{}' holds an empty label. Expected names with one '{}' between two.",
                      where, text, kLabelSeparator));
    }
    labels.push_back(label);
  }
  return labels;
}

}  // namespace

LabelledFiles read_csv(const std::filesystem::path& file, const WantedTargets& wanted) {
  const std::string name = file.string();
  const auto rows = parse_csv(read_file(file), name);
  if (rows.size() < 2) {
    throw DataError(
        fmt::format("{}: holds no rows. Expected the header path,{}[,split] and one "
                    "row per image.",
                    name, wanted.kind == TargetKind::kValues ? "NUMBER,…" : "label"));
  }
  const CsvRow& header = rows.front();
  const Columns columns = find_columns(header, wanted, name);
  LabelledFiles found;
  for (const std::size_t column : columns.values) {
    found.value_names.push_back(header.fields[column]);
  }
  for (std::size_t i = 1; i < rows.size(); ++i) {
    const CsvRow& row = rows[i];
    const std::string where = fmt::format("{}:{}", name, row.line);
    if (row.fields.size() != header.fields.size()) {
      throw DataError(fmt::format("{}: found {} fields, expected {} as in the header.", where,
                                  row.fields.size(), header.fields.size()));
    }
    LabelledFile image;
    image.line = row.line;
    if (columns.label) image.labels = read_labels(row.fields[*columns.label], wanted.kind, where);
    image.values = read_values(row, header, columns.values, where);
    const auto path = file.parent_path() / row.fields[columns.path];
    check_image(row.fields[columns.path], path, where);
    image.path = path.string();
    if (columns.split) image.split = read_split(row.fields[*columns.split], where);
    found.files.push_back(std::move(image));
  }
  return found;
}

}  // namespace transfer
