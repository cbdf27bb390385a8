#pragma once

#include <torch/torch.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace transfer {

/// The tensors of a dict written by Python's torch.save.
inline std::map<std::string, torch::Tensor> read_tensors(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw std::runtime_error(file + " is missing: run the test through ctest");
  const std::vector<char> bytes((std::istreambuf_iterator<char>(stream)), {});
  std::map<std::string, torch::Tensor> tensors;
  for (const auto& entry : torch::pickle_load(bytes).toGenericDict()) {
    tensors[entry.key().toStringRef()] = entry.value().toTensor();
  }
  return tensors;
}

/// The path of `name` in the folder that an environment variable names.
inline std::string path_in(const char* variable, const std::string& name) {
  const char* folder = std::getenv(variable);
  if (folder == nullptr) {
    throw std::runtime_error(std::string(variable) + " is not set: run the test through ctest");
  }
  return std::string(folder) + "/" + name;
}

/// The path of a file written by tests/fixtures/.
inline std::string fixture(const std::string& name) { return path_in("TRANSFER_FIXTURES", name); }

/// The tensors of a file written by tests/golden/.
inline std::map<std::string, torch::Tensor> golden(const std::string& name) {
  return read_tensors(path_in("TRANSFER_GOLDEN", name));
}

/// The images [2,3,32,32] whose logits in Python are in tiny.golden.pt.
inline torch::Tensor image() { return read_tensors(fixture("tiny.golden.pt")).at("input"); }

inline double largest_difference(const torch::Tensor& a, const torch::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

}  // namespace transfer
