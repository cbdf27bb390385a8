#include "datasets/csv_columns.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/errors.h"
#include "core/file_kind.h"
#include "core/name_form.h"
#include "core/nearest_name.h"
#include "core/shell_word.h"

namespace transfer {
namespace {

using Names = std::vector<std::string>;
using Position = std::optional<std::size_t>;

/// A column that every file has: what it is called, and headers that say the same, in small letters
/// without spaces, `_` and `-`.
struct Role {
  std::string name;
  Names synonyms;
};

const Role& path_role() {
  static const Role role{"path",
                         {"file", "filename", "fname", "filepath", "image", "imagepath",
                          "imagefile", "imagename", "img", "imgpath", "imgfile", "imgname"}};
  return role;
}

const Role& label_role() {
  static const Role role{"label",
                         {"labels", "labelname", "class", "classes", "classname", "category",
                          "categories", "target", "tag", "tags"}};
  return role;
}

const Role& split_role() {
  static const Role role{"split", {"subset", "partition"}};
  return role;
}

const Role& group_role() {
  static const Role role{"group", {}};
  return role;
}

/// Whether every row holds the name of a split in that column, or nothing.
bool holds_splits(const std::vector<CsvRow>& rows, std::size_t column) {
  return std::all_of(rows.begin() + 1, rows.end(), [column](const CsvRow& row) {
    const std::string text = trimmed(row.fields[column]);
    return text.empty() || !canonical_split(text).empty();
  });
}

bool holds_numbers(const std::vector<CsvRow>& rows, std::size_t column) {
  return std::all_of(rows.begin() + 1, rows.end(), [column](const CsvRow& row) {
    return parse_number(trimmed(row.fields[column])).has_value();
  });
}

/// Finds columns by their headers.
class Header {
 public:
  /// `wanted.roles` are those that the user has mapped already.
  Header(const std::vector<CsvRow>& rows, const std::filesystem::path& file,
         const WantedTargets& wanted)
      : rows_(rows),
        file_(file),
        fields_(rows.front().fields),
        roles_(wanted.roles),
        of_model_(wanted.of_model) {
    for (const std::string& field : fields_) {
      std::string plain = caseless_form(field);
      std::erase_if(plain, [](char c) { return c == ' ' || c == '_' || c == '-'; });
      plain_.push_back(std::move(plain));
    }
  }

  Position find(const std::string& name) const { return position(fields_, name); }

  /// The column that the user names. Throws DataError where there is none.
  std::size_t named(const std::string& name, const Role& role) const {
    if (const Position column = find(name)) return *column;
    throw DataError(fmt::format(
        "{}: there is no column '{}', which data.columns names for {}; found: {}{}", where(), name,
        role.name, fmt::join(fields_, ", "), nearest_or_stop(name, fields_)));
  }

  /// The column of that role, if one header stands for it.
  Position by_role(const Role& role) const {
    if (const Position exact = find(role.name)) return exact;
    if (const Position column = position(plain_, role.name)) return column;
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < plain_.size(); ++i) {
      const bool matches =
          std::find(role.synonyms.begin(), role.synonyms.end(), plain_[i]) != role.synonyms.end();
      if (matches) found.push_back(i);
    }
    if (found.size() < 2) return found.empty() ? Position() : found.front();
    Names names;
    for (const std::size_t column : found) names.push_back(fields_[column]);
    throw DataError(fmt::format("{}: the columns {} could each be the {}. Name one with {}.",
                                where(), fmt::join(names, " and "), role.name,
                                naming(role, names.front())));
  }

  std::string where() const { return fmt::format("{}:{}", file_.string(), rows_.front().line); }

  /// Throws: no header stands for `role`. `taken` are the columns that have a role.
  [[noreturn]] void refuse_missing(const Role& role, const std::vector<Position>& taken) const {
    std::string text = fmt::format("{}: the column '{}' is missing; found: {}. ", where(),
                                   role.name, fmt::join(fields_, ", "));
    if (is_an_image(fields_.front()) && rows_.size() > 1) {
      throw DataError(text +
                      "The first row names an image. Put a header such as path,label above it.");
    }
    if (fields_.size() == 1 && fields_.front().find('|') != std::string::npos) {
      throw DataError(text +
                      "The fields are separated by '|', which separates the labels of an image. "
                      "Save the file with commas, semicolons or tabs.");
    }
    text += "Expected a header such as path,label,split";
    Names numbers;
    Names others;
    for (std::size_t i = 0; i < fields_.size(); ++i) {
      if (std::find(taken.begin(), taken.end(), Position(i)) != taken.end()) continue;
      (holds_numbers(rows_, i) ? numbers : others).push_back(fields_[i]);
    }
    if (!others.empty()) {
      text += fmt::format("; or name the column with {}", naming(role, others.front()));
    }
    text += ".";
    if (role.name == "label" && !numbers.empty()) {
      text += fmt::format(
          " {} numbers: {}.",
          numbers.size() == 1 ? fmt::format("'{}' holds", numbers.front())
                              : fmt::format("{} hold", fmt::join(numbers, ", ")),
          of_model_ ? "the model predicts classes" : "to predict them, give --task regression");
    }
    throw DataError(text);
  }

  /// Says which header stands for a role, where it is not called so.
  void add_note(const Role& role, Position column, Names& notes) const {
    if (!column || fields_[*column] == role.name) return;
    notes.push_back(fmt::format("{}: the column '{}' is taken as {}", file_.string(),
                                fields_[*column], role.name));
  }

 private:
  /// The flags that name a column; shells need quotes around one with spaces.
  std::string naming(const Role& role, const std::string& column) const {
    Names pairs;
    const auto add = [&](const std::string& name, const std::string& mapped) {
      if (!mapped.empty() && name != role.name) pairs.push_back(name + "=" + mapped);
    };
    add("path", roles_.path);
    add("label", roles_.label);
    add("split", roles_.split);
    add("group", roles_.group);
    pairs.push_back(role.name + "=" + column);
    const std::string list = fmt::format("{}", fmt::join(pairs, ","));
    const std::string value = pairs.size() == 1 ? list : "[" + list + "]";
    return fmt::format("--set {} (evaluate: --columns {})", shell_word("data.columns=" + value),
                       shell_word(list));
  }

  static Position position(const Names& names, const std::string& name) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) return std::nullopt;
    return static_cast<std::size_t>(found - names.begin());
  }

  bool is_an_image(const std::string& field) const {
    return !field.empty() && has_image_ending(field) && is_file(file_.parent_path() / field);
  }

  const std::vector<CsvRow>& rows_;
  const std::filesystem::path& file_;
  const Names& fields_;
  const ColumnRoles& roles_;
  bool of_model_;
  Names plain_;
};

/// Whether a column is only the numbers of the rows, as pandas writes them.
bool is_row_number(const std::string& name) {
  return name.empty() || name.starts_with("Unnamed: ");
}

/// The columns that data.targets names; without names all but those of the path, the split and
/// the group.
std::vector<std::size_t> value_columns(const CsvRow& header, const Header& columns,
                                       CsvColumns& found, const Names& names, bool of_model) {
  const auto has_role = [&found](std::size_t i) {
    return i == found.path || i == found.split || i == found.group;
  };
  std::vector<std::size_t> values;
  for (const std::string& name : names) {
    const Position column = columns.find(name);
    if (!column || has_role(*column)) {
      throw DataError(fmt::format(
          "{}: there is no column '{}' of numbers to predict; found: {}{}. {}.", columns.where(),
          name, fmt::join(header.fields, ", "), suggestion(name, header.fields),
          of_model ? "The model predicts it: name the column so"
                   : "Name columns of the file with data.targets"));
    }
    if (std::find(values.begin(), values.end(), *column) != values.end()) {
      throw DataError(
          fmt::format("{}: data.targets names the column '{}' twice. Name each column once.",
                      columns.where(), name));
    }
    values.push_back(*column);
  }
  for (std::size_t i = 0; names.empty() && i < header.fields.size(); ++i) {
    if (has_role(i)) continue;
    if (!is_row_number(header.fields[i])) {
      values.push_back(i);
    } else {
      found.notes.push_back(
          fmt::format("{}: column {} has no name and is left out", columns.where(), i + 1));
    }
  }
  if (!values.empty()) return values;
  throw DataError(
      fmt::format("{}: no column of numbers to predict; found: {}. Expected a header such as "
                  "path,weight,height[,split].",
                  columns.where(), fmt::join(header.fields, ", ")));
}

void refuse_repeated_columns(const CsvRow& header, const Header& columns) {
  for (std::size_t i = 0; i < header.fields.size(); ++i) {
    if (header.fields[i].empty() || *columns.find(header.fields[i]) == i) continue;
    throw DataError(fmt::format("{}: the column '{}' occurs twice. Rename one of the two.",
                                columns.where(), header.fields[i]));
  }
}

}  // namespace

std::optional<float> parse_number(const std::string& text) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [parsed, error] = std::from_chars(text.data(), end, number);
  const auto rounded = static_cast<float>(number);
  if (error != std::errc() || parsed != end || !std::isfinite(rounded)) return std::nullopt;
  return rounded;
}

CsvColumns find_csv_columns(const std::vector<CsvRow>& rows, const WantedTargets& wanted,
                            const std::filesystem::path& file) {
  const CsvRow& header = rows.front();
  const Header columns(rows, file, wanted);
  const ColumnRoles& roles = wanted.roles;
  refuse_repeated_columns(header, columns);
  CsvColumns found;
  const Position path =
      roles.path.empty() ? columns.by_role(path_role()) : columns.named(roles.path, path_role());
  if (!path) columns.refuse_missing(path_role(), {});
  found.path = *path;
  found.split = roles.split.empty() ? columns.by_role(split_role())
                                    : columns.named(roles.split, split_role());
  const bool is_guessed = found.split && roles.split.empty() && !columns.find(split_role().name);
  if (is_guessed && !holds_splits(rows, *found.split)) found.split.reset();
  found.group = roles.group.empty() ? columns.by_role(group_role())
                                    : columns.named(roles.group, group_role());
  if (roles.group.empty() && found.group && roles.label == header.fields[*found.group]) {
    found.group.reset();
  }
  if (wanted.kind == TargetKind::kValues) {
    found.values = value_columns(header, columns, found, wanted.columns, wanted.of_model);
  } else {
    found.label = roles.label.empty() ? columns.by_role(label_role())
                                      : columns.named(roles.label, label_role());
    if (!found.label) columns.refuse_missing(label_role(), {found.path, found.split, found.group});
  }
  if (roles.path.empty()) columns.add_note(path_role(), found.path, found.notes);
  if (roles.label.empty()) columns.add_note(label_role(), found.label, found.notes);
  if (roles.split.empty()) columns.add_note(split_role(), found.split, found.notes);
  if (roles.group.empty()) columns.add_note(group_role(), found.group, found.notes);
  return found;
}

}  // namespace transfer
