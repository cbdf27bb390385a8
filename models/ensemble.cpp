#include "models/ensemble.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>

#include "core/errors.h"
#include "models/archive.h"
#include "models/composition.h"
#include "models/ensemble_module.h"
#include "models/inference_module.h"

namespace transfer {
namespace {

using Names = std::vector<std::string>;

EnsembleMember read_member(const std::filesystem::path& file, const Trust& trust) {
  Archive archive = read_trained_model(file, trust);
  if (!archive.metadata->members.empty()) {
    throw ModelError(fmt::format(
        "{}: is an ensemble itself, of {} models. Name those: a mean of means would weigh them "
        "unequally.",
        file.string(), archive.metadata->members.size()));
  }
  const bool is_whole = archive.module.find_method("features") && archive.module.hasattr("head") &&
                        archive.module.attr("head").isModule() &&
                        archive.module.attr("head").toModule().hasattr("weight") &&
                        archive.module.attr("head").toModule().hasattr("bias");
  if (!is_whole) {
    throw ModelError(fmt::format(
        "{}: has no `features` or no `head`, so another program wrote it. Expected the model.pt "
        "of a run.",
        file.string()));
  }
  return {std::move(archive.module), std::move(*archive.metadata), file.string()};
}

std::string_view called(TargetKind kind) {
  switch (kind) {
    case TargetKind::kClass: return "one class per image";
    case TargetKind::kLabels: return "labels";
    case TargetKind::kValues: break;
  }
  return "numbers";
}

/// Throws ConfigError where the two cannot stand in one ensemble.
void require_alike(const EnsembleMember& first, const EnsembleMember& other) {
  const TargetKind kind = first.metadata.objective.targets();
  const TargetKind found = other.metadata.objective.targets();
  if (kind != found) {
    throw ConfigError(
        fmt::format("{}: predicts {}, but {} predicts {}. Expected members that "
                    "predict the same.",
                    other.file, called(found), first.file, called(kind)));
  }
  const std::string difference = first_difference(first.metadata.classes, other.metadata.classes);
  if (!difference.empty()) {
    throw ConfigError(fmt::format(
        "{}: its {} classes or columns are not the {} of {}: {}. Expected members that were "
        "trained on the same ones, in whatever order.",
        other.file, other.metadata.classes.size(), first.metadata.classes.size(), first.file,
        difference));
  }
  const Preprocessing& p = first.metadata.preprocessing;
  const Preprocessing& q = other.metadata.preprocessing;
  if (!reads_same_files(p, q)) {
    throw ConfigError(fmt::format(
        "{}: reads images of {} channels, but {} reads {}. Expected members that read the same "
        "files: all of them colours or grey, or all of them the same number of bands.",
        other.file, q.channels, first.file, p.channels));
  }
  if (p.sample_range != q.sample_range) {
    throw ConfigError(fmt::format(
        "{}: takes other sample values for black and white (sample_range) than {}. Expected "
        "members "
        "that were trained on images of the same range: set data.sample_range in both runs.",
        other.file, first.file));
  }
}

/// As the largest member prepares images, with pixels from 0 to 1.
Preprocessing common_input(const std::vector<EnsembleMember>& members) {
  const auto pixels = [](const EnsembleMember& member) {
    return member.metadata.preprocessing.height * member.metadata.preprocessing.width;
  };
  Preprocessing input = std::max_element(members.begin(), members.end(),
                                         [&](const EnsembleMember& a, const EnsembleMember& b) {
                                           return pixels(a) < pixels(b);
                                         })
                            ->metadata.preprocessing;
  if (reads_colours(input)) input.channels = 3;
  input.order = ChannelOrder::kRgb;
  input.scale = PixelScale::kOne;
  input.mean.assign(static_cast<std::size_t>(input.channels), 0.0F);
  input.std.assign(static_cast<std::size_t>(input.channels), 1.0F);
  return input;
}

/// The different texts, in their order.
std::string joined(const std::vector<EnsembleMember>& members, std::string ModelMetadata::*field) {
  Names texts;
  for (const EnsembleMember& member : members) {
    const std::string& text = member.metadata.*field;
    const bool is_new = std::find(texts.begin(), texts.end(), text) == texts.end();
    if (!text.empty() && is_new) texts.push_back(text);
  }
  return fmt::format("{}", fmt::join(texts, ", "));
}

ModelMetadata metadata_of(const std::vector<EnsembleMember>& members) {
  ModelMetadata metadata;
  metadata.name = "ensemble of " + joined(members, &ModelMetadata::name);
  metadata.source = joined(members, &ModelMetadata::source);
  metadata.source_version = joined(members, &ModelMetadata::source_version);
  metadata.license = joined(members, &ModelMetadata::license);
  metadata.preprocessing = common_input(members);
  for (const EnsembleMember& member : members) {
    metadata.members.push_back({member.metadata.name, member.metadata.weights_sha256});
  }
  return metadata;
}

/// What the member's network is to see of these images, computed apart from the module.
torch::Tensor member_input(torch::Tensor images, const Preprocessing& p) {
  if (images.size(2) != p.height || images.size(3) != p.width) {
    images = at::_upsample_bilinear2d_aa(images, {p.height, p.width}, /*align_corners=*/false);
  }
  if (p.channels == 1) {
    images = (images * torch::tensor({0.299, 0.587, 0.114}).to(torch::kFloat).view({1, 3, 1, 1}))
                 .sum(1, /*keepdim=*/true);
  } else if (p.channels == 3 && p.order == ChannelOrder::kBgr) {
    images = images.index_select(1, torch::tensor({2, 1, 0}, torch::kInt64));
  }
  const PixelScaling scaling = scaling_from_unit_pixels(p);
  return images * scaling.factor + scaling.shift;
}

torch::Tensor at_temperature(const torch::Tensor& outputs, const ModelMetadata& metadata) {
  return metadata.calibration ? outputs / metadata.calibration->temperature : outputs;
}

/// What the file must compute. REQUIRES: the members' outputs are in their own order still.
ExpectedOutputs expected_outputs(const std::vector<EnsembleMember>& members,
                                 const Preprocessing& input) {
  const Names& classes = members.front().metadata.classes;
  ExpectedOutputs expected;
  expected.image = sample_image(input);
  std::vector<torch::Tensor> features;
  std::vector<torch::Tensor> outputs;
  for (const EnsembleMember& member : members) {
    const ModelMetadata& metadata = member.metadata;
    const auto image = member_input(expected.image, metadata.preprocessing);
    features.push_back(member.module.get_method("features")({image}).toTensor().to(torch::kFloat));
    const auto order = torch::tensor(positions_of(classes, metadata.classes), torch::kInt64);
    const auto given = InferenceModule(member.module, torch::kCPU).run(image).to(torch::kFloat);
    outputs.push_back(at_temperature(given, metadata).index_select(1, order));
  }
  expected.features = torch::cat(features, 1);
  expected.outputs = mean_outputs(outputs, members.front().metadata.objective.targets());
  return expected;
}

/// Brings the member's outputs into the order of these classes.
void reorder_outputs(const EnsembleMember& member, const Names& classes) {
  if (member.metadata.classes == classes) return;
  const auto order = torch::tensor(positions_of(classes, member.metadata.classes), torch::kInt64);
  const auto head = member.module.attr("head").toModule();
  for (const char* name : {"weight", "bias"}) {
    torch::Tensor tensor = head.attr(name).toTensor();
    tensor.copy_(tensor.index_select(0, order));
  }
}

}  // namespace

std::string first_difference(const Names& first, const Names& other) {
  const auto lacks = [](const Names& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) == names.end();
  };
  for (const std::string& name : first) {
    if (lacks(other, name)) return fmt::format("it lacks '{}'", name);
  }
  for (const std::string& name : other) {
    if (lacks(first, name)) return fmt::format("it has '{}' beside", name);
  }
  return "";
}

bool reads_same_files(const Preprocessing& first, const Preprocessing& other) {
  return reads_colours(first) ? reads_colours(other) : first.channels == other.channels;
}

std::vector<std::int64_t> positions_of(const Names& wanted, const Names& names) {
  std::vector<std::int64_t> positions;
  for (const std::string& name : wanted) {
    positions.push_back(std::find(names.begin(), names.end(), name) - names.begin());
  }
  return positions;
}

torch::Tensor mean_outputs(const std::vector<torch::Tensor>& outputs, TargetKind kind) {
  const torch::Tensor all = torch::stack(outputs);
  const auto count = static_cast<double>(outputs.size());
  switch (kind) {
    case TargetKind::kClass: return all.log_softmax(2).logsumexp(0) - std::log(count);
    case TargetKind::kLabels:
      return torch::log_sigmoid(all).logsumexp(0) - torch::log_sigmoid(-all).logsumexp(0);
    case TargetKind::kValues: break;
  }
  return all.mean(0);
}

/// The mean of the members' thresholds for each label of the first one; none where no member has
/// its own.
std::vector<float> mean_thresholds(const std::vector<EnsembleMember>& members) {
  const Names& names = members.front().metadata.classes;
  std::vector<float> means(names.size(), 0);
  bool are_chosen = false;
  for (const EnsembleMember& member : members) {
    const std::vector<float>& thresholds = member.metadata.objective.label_thresholds;
    const auto positions = positions_of(names, member.metadata.classes);
    are_chosen = are_chosen || !thresholds.empty();
    for (std::size_t i = 0; i < names.size(); ++i) {
      constexpr float kUsual = 0.5F;
      const auto position = static_cast<std::size_t>(positions[i]);
      means[i] +=
          (thresholds.empty() ? kUsual : thresholds[position]) / static_cast<float>(members.size());
    }
  }
  return are_chosen ? means : std::vector<float>();
}

std::vector<ModelMetadata> write_ensemble(const std::vector<std::filesystem::path>& files,
                                          const std::filesystem::path& file, const Trust& trust) {
  const torch::NoGradGuard no_gradients;
  std::vector<EnsembleMember> members;
  for (const std::filesystem::path& member : files) {
    members.push_back(read_member(member, trust));
    require_alike(members.front(), members.back());
  }
  const ModelMetadata& first = members.front().metadata;
  const ModelMetadata metadata = metadata_of(members);
  const ExpectedOutputs expected = expected_outputs(members, metadata.preprocessing);
  for (const EnsembleMember& member : members) reorder_outputs(member, first.classes);
  const auto whole = ensemble_module(members, metadata.preprocessing, first.objective.targets());
  Objective objective = first.objective;
  objective.label_thresholds = mean_thresholds(members);
  write_composition(whole, metadata, first.classes, objective, file, expected, {});
  std::vector<ModelMetadata> written;
  for (EnsembleMember& member : members) written.push_back(std::move(member.metadata));
  return written;
}

}  // namespace transfer
