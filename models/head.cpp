#include "models/head.h"

#include <ATen/CPUGeneratorImpl.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace transfer {
namespace {

torch::Tensor activate(const torch::Tensor& values, Activation activation) {
  switch (activation) {
    case Activation::kRelu: return values.relu();
    case Activation::kSigmoid: return values.sigmoid();
    case Activation::kTanh: return values.tanh();
  }
  throw std::logic_error("not an activation");
}

torch::Tensor run_layers(const Head& head, torch::Tensor values, bool drops) {
  for (std::size_t i = 0; i + 1 < head.layers.size(); ++i) {
    values = activate(torch::linear(values, head.layers[i].weight, head.layers[i].bias),
                      head.activation);
    if (drops && head.dropout > 0) values = torch::dropout(values, head.dropout, /*train=*/true);
  }
  return torch::linear(values, head.last().weight, head.last().bias);
}

LinearLayer hidden_layer(std::int64_t inputs, std::int64_t outputs, Activation activation,
                         const at::Generator& generator) {
  LinearLayer layer{torch::empty({outputs, inputs}), torch::zeros({outputs})};
  if (activation == Activation::kRelu) {
    layer.weight.normal_(0.0, std::sqrt(2.0 / static_cast<double>(inputs)), generator);
  } else {
    const double gain = activation == Activation::kSigmoid ? 4.0 : 1.0;
    const double bound = gain * std::sqrt(6.0 / static_cast<double>(inputs + outputs));
    layer.weight.uniform_(-bound, bound, generator);
  }
  return layer;
}

}  // namespace

torch::Tensor Head::logits(const torch::Tensor& features) const {
  return run_layers(*this, features, /*drops=*/false);
}

torch::Tensor Head::training_logits(const torch::Tensor& features) const {
  return run_layers(*this, features, /*drops=*/true);
}

std::vector<torch::Tensor> Head::parameters() const {
  std::vector<torch::Tensor> parameters;
  for (const LinearLayer& layer : layers) {
    parameters.push_back(layer.weight);
    parameters.push_back(layer.bias);
  }
  return parameters;
}

Head Head::copy_to(torch::Device device) const {
  Head copy = *this;
  for (LinearLayer& layer : copy.layers) {
    layer.weight = layer.weight.detach().to(device, torch::kFloat32, false, /*copy=*/true);
    layer.bias = layer.bias.detach().to(device, torch::kFloat32, false, /*copy=*/true);
  }
  return copy;
}

Head linear_head(torch::Tensor weight, torch::Tensor bias) {
  Head head;
  head.layers.push_back({std::move(weight), std::move(bias)});
  return head;
}

Head random_head(const HeadConfig& config, std::int64_t features, std::int64_t classes,
                 std::uint64_t seed) {
  const auto generator = at::detail::createCPUGenerator(seed);
  Head head;
  head.activation = config.activation;
  head.dropout = config.dropout;
  std::int64_t inputs = features;
  for (const std::int64_t units : config.hidden) {
    head.layers.push_back(hidden_layer(inputs, units, config.activation, generator));
    inputs = units;
  }
  const double bound = 1.0 / std::sqrt(static_cast<double>(std::max<std::int64_t>(inputs, 1)));
  LinearLayer last{torch::empty({classes, inputs}), torch::empty({classes})};
  last.weight.uniform_(-bound, bound, generator);
  last.bias.uniform_(-bound, bound, generator);
  head.layers.push_back(last);
  return head;
}

}  // namespace transfer
