#include "app/check/copy_findings.h"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "core/disjoint_sets.h"

namespace transfer {
namespace {

/// Two images that show the same, and how sure that is: 1 for copies byte for byte.
struct SamePicture {
  std::size_t first = 0;
  std::size_t second = 0;
  double sureness = 1;
};

bool have_same_targets(const Sample& one, const Sample& other) {
  return one.label == other.label && one.targets == other.targets;
}

/// The first image of each group of copies with each of the others.
std::vector<SamePicture> exact_pairs(const std::vector<Sample>& samples) {
  std::vector<SamePicture> pairs;
  std::unordered_map<std::int64_t, std::vector<std::size_t>> groups;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const std::int64_t group = samples[i].copy_group;
    if (group < 0) continue;
    std::vector<std::size_t>& members = groups[group];
    // Beside the first one: the first of each split and label, so that none of these is missed.
    for (const std::size_t member : members) pairs.push_back({member, i});
    constexpr std::size_t kMostCompared = 8;
    if (members.size() < kMostCompared) members.push_back(i);
  }
  return pairs;
}

/// Where an image of the second split, which measures, is also in the first.
bool is_leak(const std::string& source, const std::string& measuring) {
  if (source == "train") return measuring == "val" || measuring == "test";
  return source == "val" && measuring == "test";
}

/// Adds a finding unless that image has one of that fault, and keeps the surer one.
class FindingTable {
 public:
  void add(const Finding& finding) {
    const auto [known, is_new] =
        findings_.emplace(std::pair(finding.fault, finding.image), finding);
    if (!is_new && finding.score > known->second.score) known->second = finding;
  }

  std::vector<Finding> all() const {
    std::vector<Finding> list;
    for (const auto& [key, finding] : findings_) list.push_back(finding);
    return list;
  }

 private:
  std::map<std::pair<Fault, std::size_t>, Finding> findings_;
};

void add_pair(const ListedData& data, const SamePicture& pair, Fault duplicate,
              FindingTable& table) {
  table.add({duplicate, pair.second, pair.first, pair.sureness});
  const std::string& first = data.splits[pair.first];
  const std::string& second = data.splits[pair.second];
  if (is_leak(first, second)) {
    table.add({Fault::kLeak, pair.second, pair.first, pair.sureness});
  } else if (is_leak(second, first)) {
    table.add({Fault::kLeak, pair.first, pair.second, pair.sureness});
  }
  if (!have_same_targets(data.samples[pair.first], data.samples[pair.second])) {
    table.add({Fault::kTwoLabels, pair.second, pair.first, pair.sureness});
  }
}

}  // namespace

std::vector<Finding> copy_findings(const ListedData& data, const std::vector<AlikePair>& pairs) {
  FindingTable table;
  for (const SamePicture& pair : exact_pairs(data.samples)) {
    add_pair(data, pair, Fault::kExactDuplicate, table);
  }
  for (const AlikePair& pair : pairs) {
    const std::int64_t group = data.samples[pair.first].copy_group;
    if (group >= 0 && group == data.samples[pair.second].copy_group) continue;
    add_pair(data, {pair.first, pair.second, pair.correlation}, Fault::kNearDuplicate, table);
  }
  return table.all();
}

void keep_pairs_together(std::vector<Sample>& samples, const std::vector<AlikePair>& pairs) {
  DisjointSets sets(samples.size());
  std::unordered_map<std::int64_t, std::size_t> first_of;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const std::int64_t number = samples[i].kept_with;
    if (number >= 0) sets.join(first_of.emplace(number, i).first->second, i);
  }
  for (const AlikePair& pair : pairs) sets.join(pair.first, pair.second);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    samples[i].kept_with = static_cast<std::int64_t>(sets.find(i));
  }
}

}  // namespace transfer
