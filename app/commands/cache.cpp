#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "app/commands/commands.h"
#include "app/features/cache_folder.h"
#include "core/errors.h"

namespace transfer {
namespace {

double megabytes(std::int64_t bytes) { return static_cast<double>(bytes) / (1 << 20); }

std::string described(const CacheEntry& entry) {
  const std::string backbone = entry.backbone.empty() ? "unknown backbone" : entry.backbone;
  return backbone + " " + (entry.layers.empty() ? "penultimate" : entry.layers);
}

}  // namespace

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
    fmt::print("{}\n", list.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
    return 0;
  }
  std::int64_t bytes = 0;
  fmt::print("    rows        MB  unused for  what\n");
  for (const CacheEntry& entry : entries) {
    bytes += entry.bytes;
    fmt::print("{:8}  {:8.1f}  {:5.1f} days  {} ({})\n", entry.rows, megabytes(entry.bytes),
               entry.days, described(entry), entry.folder.filename().string());
  }
  fmt::print("{:.1f} MB in {}\n", megabytes(bytes), options.folder);
  return 0;
}

int run_cache_prune(const CacheOptions& options) {
  if (!options.all && !options.unused_days && !options.keep_mb) {
    throw ConfigError(
        "cache prune: what is to go? Expected --unused-days N, --keep-mb N or --all.");
  }
  const auto entries = list_cache(options.folder);
  std::int64_t kept = 0;
  std::int64_t removed = 0;
  for (const CacheEntry& entry : entries) {  // the one last used first
    const bool is_old = options.unused_days && entry.days > *options.unused_days;
    const bool is_too_much =
        options.keep_mb && kept + entry.bytes > *options.keep_mb * (std::int64_t{1} << 20);
    if ((options.all || is_old || is_too_much) && remove_entry(entry)) {
      removed += entry.bytes;
      fmt::print("removed  {:8.1f} MB  {}\n", megabytes(entry.bytes), described(entry));
    } else {
      kept += entry.bytes;
      if (options.all || is_old || is_too_much) {
        fmt::print(stderr, "{}: a process is writing to it; it stays.\n", entry.folder.string());
      }
    }
  }
  fmt::print("{:.1f} MB removed, {:.1f} MB left in {}\n", megabytes(removed), megabytes(kept),
             options.folder);
  return 0;
}

}  // namespace transfer
