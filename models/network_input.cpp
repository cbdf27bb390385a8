#include "models/network_input.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/runtime/graph_executor.h>

#include <algorithm>
#include <set>

#include "core/errors.h"
#include "core/lack_of_resources.h"
#include "models/graph_calls.h"

namespace transfer {

using torch::jit::Block;
using torch::jit::Graph;
using torch::jit::Module;
using torch::jit::Node;
using torch::jit::Value;

namespace {

constexpr std::int64_t kColours = 3;

/// The convolutions that the image reaches, first to last.
class ConvolutionSearch {
 public:
  ConvolutionSearch(const Module& module, const std::shared_ptr<Graph>& graph)
      : module_(module), graph_(graph) {
    if (graph->inputs().size() > 1) reached_.insert(graph->inputs()[1]);
  }

  std::optional<FirstConvolution> find() { return find_in(graph_->block()); }

 private:
  std::optional<FirstConvolution> find_in(Block* block) {
    for (Node* node : block->nodes()) {
      auto inputs = node->inputs();
      const bool is_reached = std::any_of(inputs.begin(), inputs.end(), [this](const Value* value) {
        return reached_.contains(value);
      });
      if (is_convolution(node) && reached_.contains(node->input(0))) return describe(node);
      // A branch may read the image without taking it as an input.
      const auto blocks = node->blocks();
      for (Block* inner : blocks) {
        if (const auto found = find_in(inner)) return found;
      }
      if (is_reached || !blocks.empty()) {
        for (const Value* output : node->outputs()) reached_.insert(output);
      }
    }
    return std::nullopt;
  }

  static bool is_convolution(const Node* node) {
    static const std::set<std::string> kinds = {"aten::conv2d", "aten::_convolution",
                                                "aten::convolution"};
    return kinds.contains(node->kind().toQualString());
  }

  std::optional<FirstConvolution> describe(const Node* node) const {
    const auto path = path_from_self(node->input(1), *graph_);
    if (!path || path->empty()) return std::nullopt;
    const auto weight = attribute_at(module_, *path).toTensor();
    // conv2d(input, weight, bias, stride, padding, dilation, groups); the others have `transposed`
    // and `output_padding` in front of `groups`.
    const bool is_plain = node->kind() == c10::Symbol::fromQualString("aten::conv2d");
    const std::size_t position = is_plain ? 6 : 8;
    const auto groups = torch::jit::constant_as<std::int64_t>(node->input(position));
    if (weight.dim() != 4 || !groups) return std::nullopt;
    const auto dot = path->rfind('.');
    return FirstConvolution{dot == std::string::npos ? *path : path->substr(0, dot),
                            weight.size(1) * *groups};
  }

  const Module& module_;
  std::shared_ptr<Graph> graph_;
  std::set<const Value*> reached_;
};

std::shared_ptr<Graph> flat_graph(const Module& module) {
  auto graph = module.get_method("forward").graph()->copy();
  inline_all_calls(*graph);  // so that no method of the module keeps an execution plan
  return graph;
}

bool takes_channels(const Module& module, std::int64_t channels, const Preprocessing& p) {
  return takes_image(module, {1, channels, p.height, p.width});
}

/// The number of channels that the settings give or the network reads.
std::int64_t channels_of(const Module& module, const InputConfig& input, const Preprocessing& p,
                         const std::optional<FirstConvolution>& first, const std::string& file) {
  if (input.channels) {
    if (first && first->channels != *input.channels &&
        !takes_channels(module, *input.channels, p)) {
      throw ConfigError(fmt::format(
          "{}: found {}, but the first convolution of {} ({}) reads {} channel{}. Expected {}, or "
          "leave it out.",
          input.placed("input.channels"), *input.channels, file, first->path, first->channels,
          first->channels == 1 ? "" : "s", first->channels));
    }
    return *input.channels;
  }
  if (!first || first->channels == kColours || takes_channels(module, kColours, p)) return kColours;
  return first->channels;
}

void require_normalisation(const InputConfig& input, std::int64_t channels,
                           const std::optional<FirstConvolution>& first, const std::string& file) {
  if (channels == kColours || channels == 1 || (!input.mean.empty() && !input.std.empty())) return;
  throw ModelError(fmt::format(
      "{}: reads images of {} channels{}, for which there is no usual normalisation. Say what it "
      "was trained with: --set input.channels={} --set input.mean=M --set input.std=S, where M and "
      "S are a number for all channels or a list such as [{}] with one for each, for pixels of 0 "
      "to 1 (input.scale). Images are then TIFF files of {} bands.",
      file, channels,
      first && first->channels == channels
          ? fmt::format(" (its first convolution, {}, does)", first->path)
          : "",
      channels, fmt::join(std::vector<double>(static_cast<std::size_t>(channels), 0.5), ","),
      channels));
}

/// One number per channel: as given, or the usual ones.
std::vector<float> per_channel(const InputConfig& input, const std::string& key,
                               const std::vector<double>& given, const std::vector<float>& usual,
                               const std::string& file) {
  if (given.empty()) return usual;
  if (given.size() == 1) return std::vector<float>(usual.size(), static_cast<float>(given.front()));
  if (given.size() != usual.size()) {
    throw ConfigError(fmt::format(
        "{}: found {} numbers, but {} reads {} channel{}. Expected 1 for all channels or {}.",
        input.placed(key), given.size(), file, usual.size(), usual.size() == 1 ? "" : "s",
        usual.size()));
  }
  return {given.begin(), given.end()};
}

/// ImageNet's numbers for colours; for grey and bands their mean over the colours.
std::vector<float> usual_numbers(const std::vector<float>& colours, std::int64_t channels) {
  if (channels == kColours) return colours;
  const float mean = (colours[0] + colours[1] + colours[2]) / 3.0F;
  return std::vector<float>(static_cast<std::size_t>(channels), mean);
}

std::string numbers_text(const std::vector<float>& numbers) {
  std::vector<std::string> texts;
  texts.reserve(numbers.size());
  for (const float number : numbers) texts.push_back(fmt::format("{:.3f}", number));
  return fmt::format("{}", fmt::join(texts, ", "));
}

/// What the settings leave open, in one sentence, and what was read off the network in another.
std::vector<std::string> assumptions_of(const Preprocessing& p, const InputSettings& settings,
                                        const std::optional<FirstConvolution>& first,
                                        const std::string& file) {
  const InputConfig& input = settings.input;
  std::vector<std::string> sentences;
  if (p.channels != kColours && !input.channels && first) {
    sentences.push_back(
        fmt::format("{}: its first convolution, {}, reads {} channel{}, so images are {}.", file,
                    first->path, p.channels, p.channels == 1 ? "" : "s",
                    p.channels == 1 ? "turned to grey" : "read as that many bands"));
  }
  std::vector<std::string> parts;
  if (!settings.size.is_given() && !settings.resize) {
    parts.emplace_back("shorter side 256, crop 224");
  } else if (!settings.size.is_given()) {
    parts.emplace_back("224 pixels");
  }
  if (input.mean.empty() && input.std.empty()) {
    parts.push_back(p.channels == kColours
                        ? "ImageNet mean and std"
                        : fmt::format("mean {} and std {}, the means of ImageNet's",
                                      numbers_text(p.mean), numbers_text(p.std)));
  } else if (input.mean.empty() || input.std.empty()) {
    parts.push_back(input.mean.empty() ? fmt::format("mean {}", numbers_text(p.mean))
                                       : fmt::format("std {}", numbers_text(p.std)));
  }
  if (!parts.empty()) {
    sentences.push_back(fmt::format(
        "{} carries no transfer.json; ImageNet preprocessing is assumed ({}). If it was trained "
        "otherwise, set input.mean, input.std, input.scale, input.order or data.input_size.",
        file, fmt::join(parts, ", ")));
  }
  return sentences;
}

}  // namespace

std::optional<FirstConvolution> first_convolution(const Module& module) {
  return ConvolutionSearch(module, flat_graph(module)).find();
}

bool takes_image(const Module& module, torch::IntArrayRef shape) {
  const torch::NoGradGuard no_gradients;
  torch::jit::Stack stack{module._ivalue(), torch::zeros(shape)};
  try {
    torch::jit::GraphExecutor(flat_graph(module), "blank image",
                              torch::jit::ExecutorExecutionMode::SIMPLE)
        .run(stack);
  } catch (const std::exception& error) {
    if (is_out_of_memory(error)) throw;
    return false;
  }
  return true;
}

NetworkInput choose_input(const Module& module, const InputSettings& settings,
                          const std::string& file) {
  const InputConfig& input = settings.input;
  NetworkInput chosen;
  // The input size and how images are fitted to it contradict nothing.
  chosen.preprocessing =
      adjust_input(Preprocessing{}, {InputConfig{}, settings.size, settings.resize}, file);
  Preprocessing& p = chosen.preprocessing;
  const auto first = first_convolution(module);
  const auto channels = channels_of(module, input, p, first, file);
  require_normalisation(input, channels, first, file);
  p.channels = static_cast<int>(channels);
  p.scale = input.scale.value_or(PixelScale::kOne);
  p.order = input.order.value_or(ChannelOrder::kRgb);
  if (p.order == ChannelOrder::kBgr && channels != kColours) {
    throw ConfigError(fmt::format(
        "{}: found 'bgr', but {} reads {} channel{}. An order of colours needs 3; leave it out.",
        input.placed("input.order"), file, channels, channels == 1 ? "" : "s"));
  }
  std::vector<float> mean = usual_numbers(p.mean, channels);
  std::vector<float> std = usual_numbers(p.std, channels);
  // ImageNet's numbers are in the order of RGB.
  if (p.order == ChannelOrder::kBgr) {
    std::reverse(mean.begin(), mean.end());
    std::reverse(std.begin(), std.end());
  }
  p.mean = per_channel(input, "input.mean", input.mean, mean, file);
  p.std = per_channel(input, "input.std", input.std, std, file);
  chosen.assumptions = assumptions_of(p, settings, first, file);
  return chosen;
}

}  // namespace transfer
