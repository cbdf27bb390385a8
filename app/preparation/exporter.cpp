#include "app/preparation/exporter.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <csignal>
#include <nlohmann/json.hpp>
#include <system_error>

#include "app/preparation/program_lines.h"
#include "core/atomic_file.h"
#include "core/cancellation.h"
#include "core/errors.h"
#include "core/file_lock.h"
#include "core/file_trust.h"
#include "core/folder_entries.h"
#include "core/install_paths.h"
#include "core/messages.h"
#include "core/run_program.h"
#include "core/shell_word.h"
#include "core/write_failure.h"
#include "models/backbone_files.h"
#include "models/backbone_names.h"

namespace transfer {
namespace {

namespace fs = std::filesystem;

/// What the exporter answers to Ctrl-C by; it then removes what it was downloading.
constexpr int kSignalToStop = SIGINT;
constexpr double kSecondsToStop = 5;

/// The exporter's command line. Nothing is written beside the scripts (-B).
std::vector<std::string> command_of(const Exporter& exporter,
                                    const std::vector<std::string>& arguments) {
  std::vector<std::string> words = {exporter.python.interpreter.string(), "-B",
                                    exporter.script.string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return words;
}

std::string shell_text(const std::vector<std::string>& words) {
  std::vector<std::string> quoted;
  for (const std::string& word : words) quoted.push_back(shell_word(word));
  return fmt::format("{}", fmt::join(quoted, " "));
}

/// The arguments that say what is exported, without where to.
std::vector<std::string> arguments_of(const ExportOrder& order) {
  std::vector<std::string> arguments = {order.name};
  if (!order.weights.empty()) {
    arguments.insert(arguments.end(), {"--weights", order.weights.string()});
  }
  if (order.random_weights) arguments.emplace_back("--random");
  if (!order.rename.empty()) arguments.insert(arguments.end(), {"--rename", order.rename});
  return arguments;
}

std::string name_of_file(const ExportOrder& order) {
  return order.rename.empty() ? exported_name(order.name) : order.rename;
}

/// How the exporter ended, and the last line that it printed.
struct ExporterEnd {
  int status = 0;
  std::string last_line;
};

/// Runs the exporter. Its lines become notes, but for those of stdout that `take` takes; what it
/// draws over, as a progress bar, is shown on a terminal alone.
ExporterEnd run_exporter(const std::vector<std::string>& words, const std::string& title,
                         const std::function<bool(const std::string& line)>& take) {
  std::string last_line;
  const auto show = [&](const std::string& line, bool is_drawn_over) {
    if (stop_signal() != 0 || line.empty()) return;
    if (is_drawn_over) return messages().draw({title + ": " + line});
    last_line = line;
    note("{}", line);
  };
  ProgramLines out([&](const std::string& line, bool is_drawn_over) {
    if (is_drawn_over || !take(line)) show(line, is_drawn_over);
  });
  ProgramLines err(show);
  ProgramCall call;
  call.words = words;
  call.take_out = [&out](std::string_view piece) { out.take(piece); };
  call.take_err = [&err](std::string_view piece) { err.take(piece); };
  call.signal_to_stop = kSignalToStop;
  call.seconds_to_stop = kSecondsToStop;
  int status = 0;
  try {
    status = run_program(call).status;
  } catch (const std::system_error& error) {
    throw ModelError(fmt::format("{}: cannot be started: {}. Let TRANSFER_PYTHON name a Python.",
                                 words.front(), error.code().message()));
  }
  throw_if_stopped();
  out.finish();
  err.finish();
  return {status, last_line};
}

/// The lock on exports to a folder. Says so where another process has it.
FileLock lock_exports(const fs::path& folder) {
  constexpr double kLongest = 24.0 * 60 * 60;
  const fs::path file = folder / ".export.lock";
  if (auto lock = FileLock::try_take(file)) return std::move(*lock);
  note("another process exports a backbone to {}; waiting for it", folder.string());
  return FileLock::take(
      file, kLongest,
      fmt::format("{}: another process has been exporting for a day. End it.", folder.string()));
}

/// The folder of exports, which is made where it is missing. Throws OutputError.
fs::path make_export_folder(const std::string& name) {
  const fs::path folder = export_folder();
  if (folder.empty()) {
    throw OutputError(fmt::format(
        "there is no folder to export {} to: neither HOME nor XDG_DATA_HOME names one. Let "
        "TRANSFER_MODELS name a folder.",
        name));
  }
  if (const auto error = make_folder(folder)) throw write_failure(folder, error.value());
  return folder;
}

/// Throws ConfigError for a file of that name that is there already and may not be replaced.
void refuse_existing(const fs::path& found, const ExportOrder& order, const fs::path& folder) {
  std::error_code ignored;
  if (!fs::equivalent(found.parent_path(), folder, ignored)) {
    throw ConfigError(fmt::format(
        "{}: is there already, and not in {}, to which this would export {}. Give it another name "
        "(--name NAME), or remove the file.",
        found.string(), folder.string(), order.name));
  }
  if (order.replaces) return;
  throw ConfigError(fmt::format(
      "{}: is there already. Export {} under another name (--name NAME), or replace it (--force).",
      found.string(), order.name));
}

/// Removes what exports that were killed have left of a file. Those of the last day may be going
/// on, where the file system has no locks.
void remove_leftovers(const fs::path& file) {
  const std::string beginning = file.filename().string() + ".";
  const auto yesterday = fs::file_time_type::clock::now() - std::chrono::hours(24);
  std::error_code error;
  for (const fs::path& found : folder_entries(file.parent_path(), error)) {
    const bool is_leftover =
        is_temporary_file(found) && found.filename().string().starts_with(beginning);
    if (is_leftover && fs::last_write_time(found, error) < yesterday && !error) {
      fs::remove(found, error);
    }
  }
}

/// Throws the ModelError of an export that failed.
[[noreturn]] void throw_failed(const Exporter& exporter, const ExportOrder& order,
                               const fs::path& folder, const ExporterEnd& end) {
  std::string reason = end.last_line;
  for (const std::string& prefix : {std::string("export: "), order.name + ": "}) {
    if (reason.starts_with(prefix)) reason.erase(0, prefix.size());
  }
  if (reason.empty()) reason = fmt::format("the exporter ended with status {}", end.status);
  std::vector<std::string> arguments = arguments_of(order);
  arguments.insert(arguments.end(), {"--out", folder.string()});
  throw ModelError(fmt::format("{} could not be exported: {}{} The command by hand: {}", order.name,
                               reason, reason.ends_with('.') ? "" : ".",
                               shell_text(command_of(exporter, arguments))));
}

}  // namespace

Exporter find_exporter() { return {exporter_script(), find_python()}; }

std::string remedy_for(const Exporter& exporter, const std::string& name) {
  const std::string copied = fmt::format(
      "Or copy {}.pt, exported on another machine, to {}.", exported_name(name),
      export_folder().empty() ? "the folder $TRANSFER_MODELS" : export_folder().string());
  if (exporter.script.empty()) {
    return "the exporter (models/export) is not installed with this program. " + copied;
  }
  return fmt::format("{}. Make one: {}. {}", exporter.python.lack, command_for_environment(name),
                     copied);
}

fs::path export_backbone(const ExportOrder& order) {
  const Exporter exporter = find_exporter();
  if (!exporter.can_run()) {
    throw ModelError(fmt::format("backbone '{}' is not exported yet, and {}", order.name,
                                 remedy_for(exporter, order.name)));
  }
  const fs::path folder = make_export_folder(order.name);
  const FileLock lock = lock_exports(folder);
  if (auto found = find_exported(name_of_file(order))) {
    if (order.is_plain()) return *found;
    refuse_existing(*found, order, folder);
  }
  const fs::path file = folder / (name_of_file(order) + ".pt");
  remove_leftovers(file);
  AtomicFile output(file);
  note("{} is exported to {}, by {}", order.name, file.string(),
       exporter.python.interpreter.string());
  std::vector<std::string> arguments = arguments_of(order);
  arguments.insert(arguments.end(), {"--archive", output.temporary_path().string()});
  ExporterEnd end = run_exporter(command_of(exporter, arguments), order.name,
                                 [](const std::string&) { return false; });
  if (end.status != 0) throw_failed(exporter, order, folder, end);
  try {
    require_whole_backbone(output.temporary_path(), "what the exporter wrote");
  } catch (const ModelError& error) {
    end.last_line = error.what();
    throw_failed(exporter, order, folder, end);
  }
  output.commit();
  return file;
}

fs::path obtain_backbone(const std::string& name_or_file) {
  if (const auto name = name_to_export(name_or_file)) {
    ExportOrder order;
    order.name = *name;
    return export_backbone(order);
  }
  return find_backbone(name_or_file);
}

std::vector<nlohmann::ordered_json> list_exportable(const Exporter& exporter,
                                                    const std::string& pattern) {
  std::vector<nlohmann::ordered_json> found;
  const auto take = [&found](const std::string& line) {
    auto entry = nlohmann::ordered_json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!entry.is_object() || !entry.contains("name")) return false;
    found.push_back(std::move(entry));
    return true;
  };
  const auto words = command_of(exporter, {"--list", pattern});
  const ExporterEnd end = run_exporter(words, "exporter", take);
  if (end.status != 0) {
    throw ModelError(
        fmt::format("the exporter could not say what it knows: {} The command by "
                    "hand: {}",
                    end.last_line, shell_text(words)));
  }
  return found;
}

}  // namespace transfer
