// Checks every promise of models/surgery.h on one backbone and writes files for Python to compare.
// Usage: architecture_check ARCHIVE GOLDEN FOLDER [CUTS]
// GOLDEN holds `input`, Python's `logits` and, for some, `features`. NUMBER.pt and
// NUMBER.expected.pt are written to FOLDER. CUTS limits the number of stages cut, evenly spaced.
// Prints one JSON object.

#include <fmt/format.h>
#include <torch/csrc/jit/runtime/graph_executor.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "models/archive.h"
#include "models/composition.h"
#include "models/frozen_trunk.h"
#include "models/probed_stages.h"
#include "models/split.h"
#include "models/surgery.h"
#include "tests/models/tensor_file.h"

namespace transfer {
namespace {

constexpr std::int64_t kClasses = 3;

/// Throws if the condition does not hold; main() reports `what` as `error`.
void require(bool condition, const std::string& what) {
  if (!condition) throw std::runtime_error(what);
}

double relative_difference(const torch::Tensor& found, const torch::Tensor& expected) {
  const double scale = std::max(expected.abs().max().item<double>(), 1e-6);
  return largest_difference(found, expected) / scale;
}

torch::Tensor run(torch::jit::Module module, const torch::Tensor& input) {
  torch::NoGradGuard no_gradients;
  return module.forward({input}).toTensor();
}

void write_tensor_file(const std::string& file, const torch::Tensor& tensor) {
  const auto bytes = torch::pickle_save(tensor);
  std::ofstream(file, std::ios::binary)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

/// Computes gradients of a cut network with a new head, saves it and reloads it.
void check_new_head(const torch::jit::Module& trunk, const torch::Tensor& input,
                    const ModelMetadata& metadata, const std::string& file) {
  const auto features = run(trunk, input);
  require(features.dim() == 2, "features are not [N,D]");
  auto whole = compose(trunk, linear_head(torch::randn({kClasses, features.size(1)}) * 0.1,
                                          torch::zeros({kClasses})));
  define_prediction(whole, TargetKind::kClass);
  whole.train();
  const auto labels = torch::arange(input.size(0)) % kClasses;
  torch::cross_entropy_loss(whole.forward({input}).toTensor(), labels).backward();
  std::int64_t with_gradient = 0;
  for (const auto& parameter : whole.attr("trunk").toModule().parameters()) {
    const auto& gradient = parameter.grad();
    if (!gradient.defined() || gradient.numel() == 0) continue;
    require(gradient.isfinite().all().item<bool>(), "a gradient is not finite");
    with_gradient += gradient.count_nonzero().item<std::int64_t>() > 0;
  }
  require(with_gradient > 0, "no gradient reaches the trunk");
  whole.eval();
  const auto logits = run(whole, input);
  write_archive(whole, metadata, file + ".pt");
  const auto reloaded = run(read_archive(file + ".pt").module, input);
  require(relative_difference(reloaded, logits) < 1e-5, "reloaded logits differ");
  write_tensor_file(file + ".expected.pt", logits);
}

/// Compares prefix then suffix with the whole network, in both modes, with the same dropout seed.
void check_split(torch::jit::Module module, const std::string& stage, const torch::Tensor& input) {
  torch::NoGradGuard no_gradients;
  const auto names = split_at_stage(module, stage, "split");
  for (const bool training : {false, true}) {
    module.train(training);
    torch::manual_seed(3);
    const auto whole = module.forward({input}).toTensor();
    torch::manual_seed(3);
    const auto middle = module.get_method(names.prefix)({input});
    const auto before = middle.toTensor().clone();
    const auto parts = module.get_method(names.suffix)({middle}).toTensor();
    const double difference = largest_difference(whole, parts);
    require(difference == 0.0, fmt::format("split differs by {} {}", difference,
                                           training ? "in training mode" : "in evaluation mode"));
    require(torch::equal(before, middle.toTensor()), "the suffix changed its input");
  }
}

/// Compares the features of several stages and of the classifier's input, computed in one pass,
/// with those of each cut on its own. They may differ in the last digits when all stages are
/// convolutions in front of their BatchNorm (see probed_stages).
void check_one_pass(const Backbone& backbone, std::vector<std::string> cuts,
                    const torch::Tensor& input) {
  if (cuts.empty()) return;  // a single cut is no pass of several
  cuts.emplace_back();
  const FrozenTrunk together(backbone, cuts, torch::kCPU);
  const auto features = together.features(input);
  std::int64_t first = 0;
  for (std::size_t i = 0; i < cuts.size(); ++i) {
    const FrozenTrunk alone(backbone, {cuts[i]}, torch::kCPU);
    const auto columns = features.narrow(1, first, together.widths().at(i));
    const double difference = relative_difference(columns, alone.features(input));
    require(difference < 1e-4,
            fmt::format("'{}': features computed with other cuts in one pass differ by {}", cuts[i],
                        difference));
    const auto& costs = together.multiply_adds();
    require(costs.at(i) > (i == 0 ? 0 : costs.at(i - 1) - 1), "multiply-adds decrease");
    first += together.widths().at(i);
  }
}

/// Compares features of all these cuts whose operators oneDNN Graph fuses with those computed
/// without; a network that cannot be fused says so and is computed as it is.
void check_fusion(const Backbone& backbone, std::vector<std::string> cuts,
                  const torch::Tensor& input) {
  cuts.emplace_back();
  const auto plain = FrozenTrunk(backbone, cuts, torch::kCPU).features(input);
  const FrozenTrunk fused(backbone, cuts, torch::kCPU, Fusion::kAuto);
  for (const auto& images : {input, torch::cat({input, input})}) {
    const auto features = fused.features(images).narrow(0, 0, input.size(0));
    const double difference = relative_difference(features, plain);
    require(difference < 1e-4, fmt::format("fused operators change features by {}", difference));
  }
}

std::vector<std::string> some_of(const std::vector<std::string>& stages, std::size_t count) {
  if (count == 0 || count >= stages.size()) return stages;
  std::vector<std::string> chosen;
  for (std::size_t i = 0; i < count; ++i) {
    chosen.push_back(stages[i * (stages.size() - 1) / std::max<std::size_t>(count - 1, 1)]);
  }
  return chosen;
}

/// Without metadata a size of 224 pixels is assumed, which the vision transformer refuses, and 4
/// channels are refused without their mean and std.
InputSettings settings_for(const torch::Tensor& input) {
  InputSettings settings;
  settings.size = {input.size(2), input.size(3)};
  if (input.size(1) > 3) settings.input.mean = settings.input.std = {0.5};
  return settings;
}

nlohmann::ordered_json check(const std::string& archive, const std::string& golden,
                             const std::string& folder, std::size_t cuts) {
  const auto tensors = read_tensors(golden);
  const auto& input = tensors.at("input");
  const InputSettings settings = settings_for(input);
  const auto backbone = Backbone::load(archive, settings);
  require(backbone.metadata().preprocessing.channels == input.size(1), "other channels are read");
  auto metadata = backbone.metadata();
  const auto module = backbone.implementation().module;
  require(!metadata.stages.empty() || backbone.classifier_path().empty(), "no stages were found");
  require(relative_difference(run(module, input), tensors.at("logits")) < 1e-4,
          "logits differ from Python's");
  if (tensors.contains("features")) {
    const auto features = FrozenTrunk(backbone, {""}, torch::kCPU).features(input);
    require(relative_difference(features, tensors.at("features")) < 1e-4,
            "features differ from Python's");
  }
  torch::manual_seed(1);
  check_new_head(cut_before_classifier(module, backbone.implementation().classifier, archive),
                 input, metadata, folder + "/0");
  int number = 0;
  const auto stages = some_of(metadata.stages, cuts);
  for (const auto& stage : stages) {
    try {
      auto trunk = cut_after_stage(module, stage, archive);
      average_output(trunk, pooled_dimensions(run(trunk, input).sizes()));
      check_new_head(trunk, input, metadata, fmt::format("{}/{}", folder, ++number));
      // Loaded again, since forward keeps its execution plan and training moves statistics.
      auto fresh = Backbone::load(archive, settings).implementation().module;
      check_split(fresh, stage, input);
    } catch (const std::exception& error) {
      throw std::runtime_error(stage + ": " + error.what());
    }
  }
  check_one_pass(backbone, some_of(probed_stages(backbone), cuts), input);
  check_fusion(backbone, some_of(probed_stages(backbone), cuts), input);
  return {{"classifier", backbone.classifier_path()},
          {"features", backbone.feature_count()},
          {"stages", metadata.stages},
          {"cuts", stages.size()},
          {"repaired", backbone.repaired_layers()}};
}

}  // namespace
}  // namespace transfer

int main(int argc, char** argv) {
  if (argc < 4) {
    std::cerr << "usage: architecture_check ARCHIVE GOLDEN FOLDER [CUTS]\n";
    return 2;
  }
  // Each module runs only a few times; optimising its graph would take ten times as long.
  torch::jit::getNumProfiledRuns() = 100;
  torch::set_num_threads(1);  // two threads would wait for each other while other tests run
  nlohmann::ordered_json result;
  try {
    result = transfer::check(argv[1], argv[2], argv[3], argc > 4 ? std::stoul(argv[4]) : 0);
  } catch (const std::exception& error) {
    result["error"] = std::string(error.what()).substr(0, 600);
  }
  std::cout << result.dump() << std::endl;
  return result.contains("error") ? 1 : 0;
}
