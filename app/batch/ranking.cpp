#include "app/batch/ranking.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <string_view>

namespace transfer {
namespace {

/// What makes scores comparable: the same score on the same data.
std::pair<std::string, std::string_view> comparable(const RankedGroup& group) {
  return {group.data, group.score.key};
}

void average(RankedGroup& group, const std::vector<JobResult>& results) {
  std::vector<double> val;
  std::vector<double> test;
  double seconds = 0;
  for (const std::size_t job : group.jobs) {
    const RunScores& scores = *results[job].scores;
    val.push_back(scores.val);
    if (scores.test) test.push_back(*scores.test);
    seconds += scores.seconds;
  }
  group.val = spread_of(val);
  if (test.size() == val.size()) group.test = spread_of(test);
  group.seconds = seconds / static_cast<double>(val.size());
  std::stable_sort(group.jobs.begin(), group.jobs.end(), [&](std::size_t a, std::size_t b) {
    return results[a].scores->val > results[b].scores->val;
  });
}

}  // namespace

Spread spread_of(const std::vector<double>& numbers) {
  const auto count = static_cast<double>(numbers.size());
  Spread spread;
  spread.mean = std::accumulate(numbers.begin(), numbers.end(), 0.0) / count;
  if (numbers.size() < 2) return spread;
  double squares = 0;
  for (const double number : numbers) squares += (number - spread.mean) * (number - spread.mean);
  spread.standard_deviation = std::sqrt(squares / (count - 1));
  return spread;
}

std::vector<RankedGroup> rank_groups(const BatchPlan& plan, const std::vector<JobResult>& results) {
  std::vector<RankedGroup> groups;
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (!results[i].scores) continue;
    const BatchJob& job = plan.jobs[i].job;
    auto found = std::find_if(groups.begin(), groups.end(),
                              [&](const RankedGroup& group) { return group.name == job.group; });
    if (found == groups.end()) {
      RankedGroup group;
      group.name = job.group;
      group.data = job.config.data.path;
      group.score = results[i].scores->score;
      groups.push_back(std::move(group));
      found = groups.end() - 1;
    }
    found->jobs.push_back(i);
  }
  std::map<std::pair<std::string, std::string_view>, std::size_t> order;
  for (RankedGroup& group : groups) {
    average(group, results);
    order.emplace(comparable(group), order.size());
  }
  std::stable_sort(groups.begin(), groups.end(), [&](const RankedGroup& a, const RankedGroup& b) {
    const auto place_a = order.at(comparable(a));
    const auto place_b = order.at(comparable(b));
    return place_a != place_b ? place_a < place_b : a.val.mean > b.val.mean;
  });
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const bool begins = i == 0 || comparable(groups[i]) != comparable(groups[i - 1]);
    groups[i].rank = begins ? 1 : groups[i - 1].rank + 1;
  }
  return groups;
}

}  // namespace transfer
