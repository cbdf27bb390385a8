#include "app/planning/input_candidate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "models/backbone_files.h"
#include "models/backbone_names.h"

namespace transfer {
namespace {

/// By how much a larger input is larger, and to what its side is rounded: what most networks divide
/// the side by.
constexpr double kLarger = 1.3;
constexpr std::int64_t kSideMultiple = 16;

/// Images are shown at about this multiple of their size where they are much smaller than the
/// network's input: its first layer halves the resolution.
constexpr double kEnlarged = 2;
/// Most networks divide the side by 32; they need more than one pixel after that.
constexpr std::int64_t kStride = 32;
/// A smaller size must save at least half of the arithmetic.
constexpr double kWorthwhileRatio = 0.7;

/// Up to here padding adds next to nothing.
constexpr double kSquare = 1.05;

std::int64_t larger_side(std::int64_t side) {
  return std::llround(kLarger * static_cast<double>(side) / kSideMultiple) * kSideMultiple;
}

/// Nothing where images of that shorter side fill most of the network's input.
std::optional<std::int64_t> smaller_side(std::int64_t side, double shorter_side) {
  if (shorter_side <= 0) return {};
  const auto steps = static_cast<std::int64_t>(std::ceil(kEnlarged * shorter_side / kStride));
  const std::int64_t smaller = kStride * std::max<std::int64_t>(steps, 2);
  if (static_cast<double>(smaller) > kWorthwhileRatio * static_cast<double>(side)) return {};
  return smaller;
}

InputCandidate at_side(const ExportedBackbone& backbone, std::int64_t side,
                       std::optional<Resize> resize) {
  InputCandidate candidate{backbone.name, side, resize, backbone.multiply_adds};
  if (side > 0 && backbone.side > 0) {
    const double ratio = static_cast<double>(side) / static_cast<double>(backbone.side);
    candidate.multiply_adds *= ratio * ratio;
  }
  return candidate;
}

ExportedBackbone described(const BackboneFile& file) {
  ExportedBackbone backbone{file.name};
  if (file.metadata) backbone.side = file.metadata->preprocessing.height;
  if (file.cost) backbone.multiply_adds = static_cast<double>(file.cost->multiply_adds);
  return backbone;
}

/// Whether a plan may try it unasked.
bool is_plain_backbone(const BackboneFile& file) {
  return file.problem.empty() && file.metadata && file.cost && file.metadata->members.empty() &&
         file.metadata->stages.size() > 1 && reads_colours(file.metadata->preprocessing) &&
         file.metadata->preprocessing.height == file.metadata->preprocessing.width;
}

}  // namespace

std::string title_of(const InputCandidate& candidate) {
  std::string title = candidate.backbone;
  if (candidate.side > 0) title += fmt::format(" at {} pixels", candidate.side);
  if (candidate.resize) title += fmt::format(", {}", name_of(*candidate.resize));
  return title;
}

ConfigSources with_candidate(ConfigSources sources, const InputCandidate& candidate) {
  sources.flags.emplace_back("backbone", candidate.backbone);
  if (candidate.side > 0) {
    sources.flags.emplace_back("data.input_size", fmt::format("{}", candidate.side));
  }
  if (candidate.resize) {
    sources.flags.emplace_back("data.resize", std::string(name_of(*candidate.resize)));
  }
  return sources;
}

OpenChoices open_choices(Quality quality, const KeyOrigins& origins) {
  const auto is_open = [&origins](const char* key) { return origins.at(key) == "default"; };
  if (quality == Quality::kNone || quality == Quality::kFast) return {};
  return {.backbone = quality == Quality::kBest && is_open("backbone"),
          .size = is_open("data.input_size"),
          .resize = is_open("data.resize")};
}

std::vector<ExportedBackbone> backbones_to_try(const std::string& first, bool others) {
  std::vector<ExportedBackbone> backbones = {described(describe_backbone(find_backbone(first)))};
  backbones.front().name = first;
  if (!others) return backbones;
  const auto given = find_backbone(first);
  for (const auto& path : exported_files()) {
    const BackboneFile file = describe_backbone(path);
    if (path != given && is_plain_backbone(file)) backbones.push_back(described(file));
  }
  std::stable_sort(backbones.begin() + 1, backbones.end(),
                   [](const ExportedBackbone& a, const ExportedBackbone& b) {
                     return a.multiply_adds < b.multiply_adds;
                   });
  return backbones;
}

std::vector<InputCandidate> resize_candidates(const ExportedBackbone& first,
                                              const OpenChoices& open, double aspect_ratio) {
  std::vector<InputCandidate> candidates = {at_side(first, 0, {})};
  if (!open.resize) return candidates;
  candidates.push_back(at_side(first, 0, Resize::kStretch));
  if (aspect_ratio > kSquare) candidates.push_back(at_side(first, 0, Resize::kPad));
  return candidates;
}

std::vector<InputCandidate> other_candidates(const std::vector<ExportedBackbone>& backbones,
                                             const OpenChoices& open, std::optional<Resize> resize,
                                             double shorter_side) {
  std::vector<InputCandidate> candidates;
  for (std::size_t i = 0; i < backbones.size(); ++i) {
    const ExportedBackbone& backbone = backbones[i];
    if (i > 0) candidates.push_back(at_side(backbone, 0, resize));
    if (!open.size || backbone.side == 0) continue;
    if (shorter_side >= static_cast<double>(backbone.side)) {
      candidates.push_back(at_side(backbone, larger_side(backbone.side), resize));
    } else if (const auto side = smaller_side(backbone.side, shorter_side); side && i == 0) {
      candidates.push_back(at_side(backbone, *side, resize));
    }
  }
  return candidates;
}

}  // namespace transfer
