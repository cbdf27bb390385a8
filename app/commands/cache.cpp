#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "app/commands/command.h"
#include "app/commands/flag_checks.h"
#include "app/features/cache_folder.h"
#include "core/errors.h"
#include "core/json_text.h"
#include "core/messages.h"
#include "core/quantity_text.h"
#include "core/visible_text.h"
#include "models/probed_stages.h"

namespace transfer {
namespace {

struct CacheOptions {
  std::string folder = feature_store_folder({}).string();
  bool json = false;
  /// What to remove: everything, what was not used for so many days, what is beyond so many MB.
  bool all = false;
  std::optional<double> unused_days;
  std::optional<std::int64_t> keep_mb;
};

std::string size_text(std::int64_t bytes) { return bytes_text(static_cast<double>(bytes)); }

std::string described(const CacheEntry& entry) {
  const std::string backbone = entry.backbone.empty() ? "unknown backbone" : entry.backbone;
  return backbone + " " + stage_title(entry.layers);
}

int run_cache_ls(const CacheOptions& options) {
  const auto entries = list_cache(options.folder);
  if (options.json) {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const CacheEntry& entry : entries) {
      list.push_back({{"folder", entry.folder.string()},
                      {"backbone", entry.backbone},
                      {"layers", entry.layers},
                      {"rows", entry.rows},
                      {"bytes", entry.bytes},
                      {"days_unused", entry.days}});
    }
    fmt::print("{}", json_text(list));
    return 0;
  }
  std::int64_t bytes = 0;
  fmt::print("    rows        size  unused for  what\n");
  for (const CacheEntry& entry : entries) {
    bytes += entry.bytes;
    fmt::print("{:8}  {:>10}  {:5.1f} days  {} ({})\n", entry.rows, size_text(entry.bytes),
               entry.days, visible(described(entry)), entry.folder.filename().string());
  }
  fmt::print("{} in {}\n", size_text(bytes), options.folder);
  return 0;
}

int run_cache_prune(const CacheOptions& options) {
  if (!options.all && !options.unused_days && !options.keep_mb) {
    throw ConfigError(
        "cache prune: nothing says what to remove. Expected --unused-days N, --keep-mb N or "
        "--all.");
  }
  const auto entries = list_cache(options.folder);
  std::int64_t kept = 0;
  std::int64_t removed = 0;
  for (const CacheEntry& entry : entries) {  // the most recently used first
    const bool is_old = options.unused_days && entry.days > *options.unused_days;
    const bool is_too_much =
        options.keep_mb && kept + entry.bytes > *options.keep_mb * (std::int64_t{1} << 20);
    if ((options.all || is_old || is_too_much) && remove_entry(entry)) {
      removed += entry.bytes;
      fmt::print("removed  {:>10}  {}\n", size_text(entry.bytes), visible(described(entry)));
    } else {
      kept += entry.bytes;
      if (options.all || is_old || is_too_much) {
        note("{}: kept, since a process is writing to it.", entry.folder.string());
      }
    }
  }
  fmt::print("{} removed, {} left in {}\n", size_text(removed), size_text(kept), options.folder);
  return 0;
}

CommandRun add_cache_flags(CLI::App& parser) {
  auto options = std::make_shared<CacheOptions>();
  parser.require_subcommand(1);
  const auto add_folder = [options](CLI::App* part) {
    part->add_option("folder", options->folder, "The feature store")->capture_default_str();
  };
  auto* list = parser.add_subcommand("ls", "List what it holds, the most recently used first");
  add_folder(list);
  list->add_flag("--json", options->json, "JSON on stdout");
  auto* prune = parser.add_subcommand("prune", "Remove what is no longer needed");
  add_folder(prune);
  prune->add_option("--unused-days", options->unused_days, "Entries that were unused for N days")
      ->type_name("N")
      ->check(CLI::NonNegativeNumber);
  prune->add_option("--keep-mb", options->keep_mb, "The least recently used entries beyond N MB")
      ->type_name("N")
      ->transform(whole_number(0, 1'000'000'000));
  prune->add_flag("--all", options->all, "Everything");
  return [options, list](const auto&) {
    return list->parsed() ? run_cache_ls(*options) : run_cache_prune(*options);
  };
}

}  // namespace

Command cache_command() {
  return {"cache", "List what a feature store holds, or make room there", add_cache_flags};
}

}  // namespace transfer
