#include "app/report/event_file.h"

#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "app/report/appended_file.h"
#include "app/report/tensorboard_events.h"
#include "core/atomic_file.h"
#include "core/errors.h"
#include "core/file_kind.h"
#include "core/split_text.h"

namespace transfer {
namespace {

namespace fs = std::filesystem;

double seconds_since_1970() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// `train_loss` is "loss/train", so that TensorBoard puts it beside "loss/val".
std::string tag_of(const std::string& key) {
  for (const std::string split : {"train", "val"}) {
    if (key.starts_with(split + "_")) return key.substr(split.size() + 1) + "/" + split;
  }
  return key;
}

std::string scalar_records(std::string_view json_line) {
  const auto line = nlohmann::ordered_json::parse(json_line, nullptr, /*allow_exceptions=*/false);
  if (!line.is_object() || !line.contains("epoch") || !line["epoch"].is_number()) return "";
  const double now = seconds_since_1970();
  const auto epoch = line["epoch"].get<std::int64_t>();
  std::string records;
  for (const auto& [key, value] : line.items()) {
    if (key == "epoch" || !value.is_number()) continue;
    records += tensorboard::scalar_record(now, epoch, tag_of(key), value.get<float>());
  }
  return records;
}

}  // namespace

EventFile::EventFile(const fs::path& folder, const fs::path& run) {
  fs::path whole = fs::absolute(run).lexically_normal();
  if (!whole.has_filename()) whole = whole.parent_path();
  path_ = folder / whole.filename() / "events.out.tfevents.transfer";
}

void EventFile::restart(std::string_view json_lines) const {
  std::error_code error;
  fs::create_directories(path_.parent_path(), error);
  if (error) {
    throw OutputError(fmt::format(
        "{}: the folder for TensorBoard cannot be made: {}. Choose another with --tensorboard.",
        path_.parent_path().string(), error.message()));
  }
  std::string records = tensorboard::first_record(seconds_since_1970());
  for (const std::string_view line : split_text(json_lines, '\n')) records += scalar_records(line);
  write_file_atomically(path_, records);
}

void EventFile::append_metrics(std::string_view json_line) const {
  append_to_file(path_, scalar_records(json_line));
}

void EventFile::append_results(std::int64_t epoch, const std::string& config_yaml,
                               const std::vector<fs::path>& pictures) const {
  const double now = seconds_since_1970();
  std::string records =
      tensorboard::text_record(now, epoch, "config", fmt::format("```yaml\n{}```\n", config_yaml));
  for (const fs::path& picture : pictures) {
    if (!is_file(picture)) continue;
    records += tensorboard::image_record(now, epoch, picture.stem().string(), read_file(picture));
  }
  append_to_file(path_, records);
}

void EventFile::remove() const {
  std::error_code ignored;
  fs::remove(path_, ignored);
  fs::remove(path_.parent_path(), ignored);
}

}  // namespace transfer
