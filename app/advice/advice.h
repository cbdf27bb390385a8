#pragma once

#include <string>
#include <utility>
#include <vector>

#include "app/advice/decision.h"
#include "app/advice/evidence.h"
#include "app/advice/strategy_times.h"

namespace transfer {

/// What `advise` has found, and what it took.
struct Advice {
  Evidence evidence;
  Decision decision;
  /// Empty where the pass read all features from the feature store, which shows no speed.
  std::vector<TimeEstimate> estimates;
  /// A command line that does what is advised.
  std::string command;
  /// Every key of the advised configuration and its value as text.
  std::vector<std::pair<std::string, std::string>> settings;
  double seconds_pass = 0;
  double seconds_probes = 0;
  double seconds_total = 0;
};

/// advice.json's text.
std::string to_json(const Advice& advice);

/// What a person reads: the table of stages, the box, why, and the times.
std::string to_text(const Advice& advice);

/// The strategy and the reasons of an advice.json as one line; empty for a text that is none.
std::string advice_in_one_line(const std::string& json);

}  // namespace transfer
