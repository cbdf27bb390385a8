#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "core/atomic_file.h"
#include "core/csv.h"
#include "core/errors.h"
#include "core/file_kind.h"
#include "core/name_form.h"
#include "core/nearest_name.h"
#include "core/text_encoding.h"
#include "datasets/csv_columns.h"
#include "datasets/labelled_files.h"

namespace transfer {
namespace {

constexpr char kLabelSeparator = '|';

std::string read_split(const std::string& text, const std::string& where) {
  if (text.empty()) return "";
  std::string split = canonical_split(text);
  if (split.empty()) {
    throw DataError(fmt::format("{}: unknown split '{}'{}", where, text,
                                suggestion(text, {"train", "val", "test"})));
  }
  return split;
}

/// Finds the files that a column names.
class ImagePaths {
 public:
  ImagePaths(std::filesystem::path folder, bool is_latin1)
      : folder_(std::move(folder)), is_latin1_(is_latin1) {}

  /// The path of an image. Throws DataError where there is no file.
  std::filesystem::path find(const std::string& field, const std::string& where) {
    const std::string text = trimmed(field);
    if (text.empty()) throw DataError(fmt::format("{}: the path is empty.", where));
    for (const std::string& candidate : {field, text}) {
      if (is_image(candidate)) return folder_ / candidate;
    }
    std::string slashes = text;
    std::replace(slashes.begin(), slashes.end(), '\\', '/');
    if (slashes != text && is_image(slashes)) {
      ++backslashes_;
      return folder_ / slashes;
    }
    // A file's name may hold the very bytes that the text was decoded from.
    for (const std::string& candidate : {latin1_bytes(text), latin1_bytes(slashes)}) {
      if (is_latin1_ && !candidate.empty() && is_image(candidate)) return folder_ / candidate;
    }
    refuse(text, where);
  }

  /// How many paths were written with backslashes.
  std::int64_t backslashes() const { return backslashes_; }

 private:
  bool is_image(const std::string& field) const {
    return file_kind(folder_ / field) == FileKind::kRegularFile;
  }

  [[noreturn]] void refuse(const std::string& field, const std::string& where) const {
    const auto path = folder_ / field;
    const FileKind kind = file_kind(path);
    const std::string found = kind == FileKind::kNothing  ? why_absent(path, "image")
                              : kind == FileKind::kFolder ? "is a folder, expected an image file"
                                                          : "is not a regular file";
    const bool is_windows = field.find('\\') != std::string::npos;
    throw DataError(fmt::format("{}: {}: {}. Paths start at the CSV's folder{}.", where,
                                path.string(), found,
                                is_windows ? " and are written with /; this one has backslashes, "
                                             "and there is no such file with / either"
                                           : ""));
  }

  std::filesystem::path folder_;
  bool is_latin1_;
  std::int64_t backslashes_ = 0;
};

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
          text.empty() ? "is empty" : fmt::format("holds '{}', which is no finite float32", text)));
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
  for (std::string part; std::getline(parts, part, kLabelSeparator);) {
    const std::string label = trimmed(part);
    if (label.empty()) {
      throw DataError(
          fmt::format("{}: '{}' holds an empty label. Expected names with one '{}' between two.",
                      where, text, kLabelSeparator));
    }
    labels.push_back(label);
  }
  return labels;
}

/// Warns of classes that seem to be measurements.
void warn_of_numbers(LabelledFiles& found, const std::string& name, bool of_model) {
  std::set<std::string> distinct;
  bool has_fractions = false;
  for (const LabelledFile& file : found.files) {
    const std::string& label = file.labels.front();
    if (!parse_number(label)) return;
    has_fractions = has_fractions || label.find_first_of(".eE") != std::string::npos;
    distinct.insert(label);
  }
  constexpr std::size_t kManyClasses = 20;
  const bool are_many = distinct.size() > kManyClasses && 2 * distinct.size() > found.files.size();
  if (!has_fractions && !are_many) return;
  found.findings.warnings.push_back(fmt::format(
      "{}: the labels are numbers, such as {}, and each of the {} is a class of its "
      "own. {}",
      name, *distinct.begin(), distinct.size(),
      of_model ? "The model predicts classes." : "To predict numbers, give --task regression."));
}

/// The rows with at least one field that is not blank. All fields but those of paths are trimmed.
std::vector<CsvRow> read_rows(const DecodedText& decoded, const std::string& name,
                              Findings& findings) {
  const char separator = separator_of(decoded.text);
  if (!decoded.encoding.empty()) {
    findings.notes.push_back(fmt::format("{}: is {}, read as such", name, decoded.encoding));
  }
  if (separator != ',') {
    findings.notes.push_back(fmt::format("{}: its fields are separated by {}", name,
                                         separator == ';'    ? "semicolons"
                                         : separator == '\t' ? "tabs"
                                                             : fmt::format("'{}'", separator)));
  }
  auto rows = parse_csv(decoded.text, name, separator);
  if (rows.empty()) return rows;
  CsvRow& header = rows.front();
  for (std::string& field : header.fields) field = trimmed(field);
  const std::size_t width = header.fields.size();
  for (CsvRow& row : rows) {
    // Spreadsheets leave blank fields at the end of some rows.
    while (row.fields.size() > width && trimmed(row.fields.back()).empty()) row.fields.pop_back();
    if (row.fields.size() == width) continue;
    throw DataError(
        fmt::format("{}:{}: found {} fields, expected {} as in the header. Correct or remove the "
                    "row; a field that holds the separator stands in double quotes.",
                    name, row.line, row.fields.size(), width));
  }
  return rows;
}

}  // namespace

LabelledFiles read_csv(const std::filesystem::path& file, const WantedTargets& wanted) {
  const std::string name = file.string();
  const DecodedText decoded = decode_text(read_file(file), name);
  LabelledFiles found;
  auto rows = read_rows(decoded, name, found.findings);
  if (rows.size() < 2) {
    throw DataError(
        fmt::format("{}: holds no rows. Expected the header path,{}[,split] and one "
                    "row per image.",
                    name, wanted.kind == TargetKind::kValues ? "NUMBER,…" : "label"));
  }
  const CsvColumns columns = find_csv_columns(rows, wanted, file);
  found.findings.notes.insert(found.findings.notes.end(), columns.notes.begin(),
                              columns.notes.end());
  const CsvRow& header = rows.front();
  for (const std::size_t column : columns.values) {
    found.value_names.push_back(header.fields[column]);
  }
  ImagePaths paths(file.parent_path(), decoded.encoding == "Latin-1");
  for (std::size_t i = 1; i < rows.size(); ++i) {
    CsvRow& row = rows[i];
    const std::string where = fmt::format("{}:{}", name, row.line);
    const std::string path = row.fields[columns.path];
    for (std::string& field : row.fields) field = trimmed(field);
    LabelledFile image;
    image.line = row.line;
    if (columns.label) image.labels = read_labels(row.fields[*columns.label], wanted.kind, where);
    image.values = read_values(row, header, columns.values, where);
    image.path = paths.find(path, where).string();
    if (columns.group) image.group = row.fields[*columns.group];
    if (columns.split) image.split = read_split(row.fields[*columns.split], where);
    found.files.push_back(std::move(image));
  }
  if (paths.backslashes() > 0) {
    found.findings.notes.push_back(
        fmt::format("{}: {} paths have backslashes, read as /", name, paths.backslashes()));
  }
  if (wanted.kind == TargetKind::kClass) warn_of_numbers(found, name, wanted.of_model);
  return found;
}

}  // namespace transfer
