#include "app/advice/advice.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/json_text.h"
#include "core/quantity_text.h"
#include "core/run_format.h"
#include "models/probed_stages.h"
#include "models/strategy.h"

namespace transfer {
namespace {

using nlohmann::ordered_json;

constexpr const char* kAssumptions =
    "Estimated from the pass, without a training step: a backward pass costs twice its forward "
    "pass; every epoch is trained, though training may stop early.";

const char* size_of(const Decision& decision) { return decision.is_large ? "large" : "small"; }
const char* likeness_of(const Decision& decision) {
  return decision.is_different ? "different" : "similar";
}

ordered_json stage_object(const Evidence::Stage& stage, std::string_view score) {
  return {{"stage", stage_title(stage.stage)},
          {"features", stage.features},
          {std::string(score), stage.score},
          {"standard_error", stage.standard_error},
          {"lead", stage.lead},
          {"lead_standard_error", stage.lead_error},
          {"multiply_adds", stage.multiply_adds},
          {"weight_decay", stage.weight_decay},
          {"head_seconds", stage.head_seconds}};
}

ordered_json data_object(const Evidence& evidence) {
  ordered_json classes = ordered_json::object();
  for (const auto& [name, images] : evidence.classes) classes[name] = images;
  return {{"train", evidence.train_images},
          {"val", evidence.val_images},
          {"test", evidence.test_images},
          {"probed", evidence.probed_images},
          {"images_per_class", classes}};
}

std::string data_line(const Evidence& evidence) {
  std::string text = fmt::format("data       {} training, {} validation, {} test images",
                                 evidence.train_images, evidence.val_images, evidence.test_images);
  if (!evidence.classes.empty()) {
    const auto by_count = [](const auto& a, const auto& b) { return a.second < b.second; };
    const auto [least, most] =
        std::minmax_element(evidence.classes.begin(), evidence.classes.end(), by_count);
    text += fmt::format("; {}, from {} to {} training images each",
                        count_of(evidence.classes.size(), "class", "classes"), least->second,
                        most->second);
  }
  if (evidence.probed_images < evidence.train_images) {
    text += fmt::format("; {} probed", evidence.probed_images);
  }
  return text + "\n\n";
}

std::string stage_table(const Evidence& evidence) {
  std::size_t width = 0;
  for (const auto& stage : evidence.stages) {
    width = std::max(width, stage_title(stage.stage).size());
  }
  const auto whole =
      static_cast<double>(std::max<std::int64_t>(evidence.stages.back().multiply_adds, 1));
  std::string text = fmt::format("{:<{}}  features  {:>20}  {:>22}  arithmetic\n", "stage", width,
                                 fmt::format("probe's {}", evidence.score.title),
                                 fmt::format("lead over {}", kPenultimate));
  for (const auto& stage : evidence.stages) {
    const double scale = evidence.score.is_share ? 100 : 1;
    const int digits = evidence.score.is_share ? 1 : 3;
    const std::string lead = stage.stage.empty()
                                 ? ""
                                 : fmt::format("{:+.{}f} ± {:.{}f}", scale * stage.lead, digits,
                                               scale * stage.lead_error, digits);
    text +=
        fmt::format("{:<{}}  {:>8}  {:>20}  {:>22}  {:>8.0f} %\n", stage_title(stage.stage), width,
                    stage.features, evidence.score.text(stage.score, stage.standard_error), lead,
                    100 * static_cast<double>(stage.multiply_adds) / whole);
  }
  if (evidence.several) {
    const Evidence::SeveralStages& several = *evidence.several;
    text += fmt::format("{:<{}}  {:>8}  {:>20}  ({})\n", "several", width, "",
                        evidence.score.text(several.score, several.standard_error), several.title);
  }
  return text + "\n";
}

/// The four cases, with the one of this data marked.
std::string box(const Decision& decision) {
  const auto cell = [&](bool is_large, bool is_different) {
    const std::string_view strategy = name_of(strategy_of_case(is_large, is_different));
    const bool is_here = decision.is_large == is_large && decision.is_different == is_different;
    return is_here ? fmt::format("[{}]", strategy) : fmt::format(" {} ", strategy);
  };
  return fmt::format("           {:<18}{}\nsmall      {:<18}{}\nlarge      {:<18}{}\n\n",
                     " similar", " different", cell(false, false), cell(false, true),
                     cell(true, false), cell(true, true));
}

std::string shown(const TimeEstimate& estimate) {
  return estimate.settings.empty() ? estimate.strategy
                                   : estimate.strategy + " " + estimate.settings;
}

std::string time_table(const Advice& advice) {
  if (advice.estimates.empty()) {
    return "time       not estimated: the features were already in the feature store\n";
  }
  std::size_t width = 0;
  for (const auto& estimate : advice.estimates) width = std::max(width, shown(estimate).size());
  std::string text;
  for (const auto& estimate : advice.estimates) {
    text += fmt::format("{:<11}{:<{}}  {:>14}\n", text.empty() ? "time" : "", shown(estimate),
                        width, duration_text(estimate.seconds));
  }
  return text + "           " + kAssumptions + "\n";
}

}  // namespace

std::string to_json(const Advice& advice) {
  const Decision& decision = advice.decision;
  const Evidence& evidence = advice.evidence;
  ordered_json object = {
      {"format", kRunFormat},
      {"strategy", name_of(decision.strategy)},
      {"box", {{"size", size_of(decision)}, {"likeness", likeness_of(decision)}}},
      {"reasons", decision.reasons},
      {"expected",
       {{"score", evidence.score.key},
        {"value", decision.expected_score},
        {"standard_error", decision.standard_error}}},
      {"data", data_object(evidence)}};
  if (!decision.cut.empty()) object["cut"] = decision.cut;
  if (decision.freeze_stages > 0) object["stages_that_suffice"] = decision.freeze_stages;
  object["stages"] = ordered_json::array();
  for (const auto& stage : evidence.stages) {
    object["stages"].push_back(stage_object(stage, evidence.score.key));
  }
  if (evidence.several) {
    const Evidence::SeveralStages& several = *evidence.several;
    object["several_stages"] = {{"features", several.title},
                                {std::string(evidence.score.key), several.score},
                                {"standard_error", several.standard_error},
                                {"weight", several.weights.several},
                                {"weight_of_early_stages", several.weights.early},
                                {"weight_of_last_layer", several.weights.last}};
  }
  object["estimated_seconds"] = ordered_json::array();
  for (const auto& estimate : advice.estimates) {
    object["estimated_seconds"].push_back({{"strategy", estimate.strategy},
                                           {"settings", estimate.settings},
                                           {"seconds", estimate.seconds}});
  }
  object["assumptions"] = kAssumptions;
  object["command"] = advice.command;
  object["settings"] = ordered_json::object();
  for (const auto& [key, value] : advice.settings) object["settings"][key] = value;
  object["seconds"] = {{"pass", advice.seconds_pass},
                       {"probes", advice.seconds_probes},
                       {"total", advice.seconds_total}};
  return json_text(object);
}

std::string to_text(const Advice& advice) {
  const Decision& decision = advice.decision;
  std::string text = data_line(advice.evidence) + stage_table(advice.evidence) + box(decision);
  text += fmt::format("strategy   {}{}\n", name_of(decision.strategy),
                      decision.cut.empty() ? "" : ", cut at " + decision.cut);
  for (const auto& reason : decision.reasons) {
    text += fmt::format("{:<11}{}\n", &reason == &decision.reasons.front() ? "why" : "", reason);
  }
  const bool trains = !find_strategy(std::string(name_of(decision.strategy))).trunk_is_frozen;
  const ScoreName& score = advice.evidence.score;
  text += fmt::format("expected   {} {}{}\n", score.title,
                      score.text(decision.expected_score, decision.standard_error),
                      trains ? " by a head on frozen features, before the layers train" : "");
  text += time_table(advice);
  return text + "command    " + advice.command + "\n";
}

std::string advice_in_one_line(const std::string& json) {
  const auto object = ordered_json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object() || !object.contains("strategy") || !object.contains("reasons")) return "";
  return fmt::format("{}: {}", object["strategy"].get<std::string>(),
                     fmt::join(object["reasons"].get<std::vector<std::string>>(), " "));
}

}  // namespace transfer
