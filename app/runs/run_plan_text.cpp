// A plan for people and for programs.

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "app/runs/run_plan.h"
#include "core/count_text.h"
#include "core/json_text.h"
#include "core/quantity_text.h"
#include "core/run_format.h"
#include "core/visible_text.h"
#include "models/strategy.h"

namespace transfer {
namespace {

using nlohmann::ordered_json;

std::string amount_of(const DiskNeed& need) {
  if (!need.bytes) return "not known before measuring,";
  return *need.bytes > 0 ? "about " + bytes_text(*need.bytes) : "nothing";
}

std::string disk_text(const DiskNeed& need) {
  return fmt::format(
      "{} for {}{}", amount_of(need), visible(need.folder.string()),
      need.free_bytes ? fmt::format(" ({} free)", bytes_text(*need.free_bytes)) : "");
}

std::string counted(std::int64_t count, std::string_view singular) {
  return count_text(static_cast<std::size_t>(count), singular);
}

std::string time_line(const RunPlan& plan) {
  std::string text = "about " + duration_text(plan.seconds);
  if (plan.strategy == kAutoStrategy) {
    text += " for measuring, and the training that it chooses";
  } else {
    const bool is_frozen = find_strategy(plan.strategy).trunk_is_frozen;
    text += is_frozen ? ", and the fit of the head" : " at most";
  }
  if (plan.time_limit > 0) {
    text += fmt::format("; train.time_limit stops it after {}", duration_text(plan.time_limit));
  }
  return text;
}

ordered_json disk_object(const DiskNeed& need) {
  ordered_json object = {{"folder", need.folder.string()}};
  if (need.bytes) object["bytes"] = *need.bytes;
  if (need.free_bytes) object["free_bytes"] = *need.free_bytes;
  return object;
}

}  // namespace

std::string to_text(const RunPlan& plan) {
  std::string text = "dry run: nothing is written\n";
  const auto add = [&text](const std::string& name, const std::string& value) {
    text += fmt::format("  {:<10}{}\n", name, value);
  };
  add("strategy", plan.strategy);
  add("trains", visible(plan.layers));
  if (!plan.teacher.empty()) add("teacher", visible(plan.teacher));
  add("backbone", fmt::format("{} on {}, {}", visible(plan.backbone), plan.device,
                              counted(plan.threads, "thread")));
  add("images", fmt::format("{} train, {} val, {} test; {} outputs", plan.images.train,
                            plan.images.val, plan.images.test, plan.classes));
  add("read",
      fmt::format("{}, {} of them broken", counted(plan.images_read, "image"), plan.images_broken));
  if (plan.memory_bytes) {
    add("memory", fmt::format("about {}{}", bytes_text(*plan.memory_bytes),
                              plan.memory_available
                                  ? fmt::format(" of {}", bytes_text(*plan.memory_available))
                                  : ""));
  }
  add("disk", disk_text(plan.output));
  if (plan.feature_store.bytes.value_or(0) > 0) add("", disk_text(plan.feature_store));
  add("time", time_line(plan));
  return text;
}

std::string to_json(const RunPlan& plan) {
  ordered_json object = {
      {"format", kRunFormat},
      {"dry_run", true},
      {"strategy", plan.strategy},
      {"trains", plan.layers},
      {"backbone", plan.backbone},
      {"device", plan.device},
      {"threads", plan.threads},
      {"outputs", plan.classes},
      {"images",
       {{"train", plan.images.train}, {"val", plan.images.val}, {"test", plan.images.test}}},
      {"images_read", plan.images_read},
      {"images_broken", plan.images_broken}};
  if (!plan.teacher.empty()) object["teacher"] = plan.teacher;
  if (plan.memory_bytes) object["memory_bytes"] = *plan.memory_bytes;
  if (plan.memory_available) object["memory_available_bytes"] = *plan.memory_available;
  object["output"] = disk_object(plan.output);
  object["feature_store"] = disk_object(plan.feature_store);
  object["seconds"] = plan.seconds;
  object["time_limit_seconds"] = plan.time_limit;
  return json_text(object);
}

}  // namespace transfer
