#pragma once

#include <string>
#include <utility>
#include <vector>

#include "app/advice/decision.h"
#include "app/advice/evidence.h"
#include "app/advice/strategy_times.h"

namespace transfer {

/// What `advise` has found, and how long that took.
struct Advice {
  Evidence evidence;
  Decision decision;
  /// Empty if all features came from the feature store, which says nothing about speed.
  std::vector<TimeEstimate> estimates;
  /// A command line that follows the advice.
  std::string command;
  /// Every key of the advised configuration and its value as text.
  std::vector<std::pair<std::string, std::string>> settings;
  double seconds_pass = 0;
  double seconds_probes = 0;
  double seconds_total = 0;
};

/// advice.json's text.
std::string to_json(const Advice& advice);

/// Text for people: the table of stages, the box, the reasons, and the times.
std::string to_text(const Advice& advice);

/// The strategy and the reasons of an advice.json as one line; empty for any other text.
std::string advice_in_one_line(const std::string& json);

}  // namespace transfer
