#include "models/graph_fusion.h"

#include <ATen/Context.h>
#include <ATen/Version.h>
#include <torch/csrc/jit/codegen/onednn/interface.h>
#include <torch/csrc/jit/passes/pass_manager.h>

#include <mutex>
#include <string_view>

namespace transfer {
namespace {

thread_local bool fuses_here = false;

/// LibTorch's own switch (RegisterLlgaFuseGraph::setEnabled) holds for the whole process, training
/// included, and cannot be switched on a second time.
void register_pass() {
  static std::once_flag once;
  std::call_once(once, [] {
    torch::jit::registerPrePass([](std::shared_ptr<torch::jit::Graph>& graph) {
      if (fuses_here) torch::jit::fuser::onednn::fuseGraph(graph);
    });
  });
}

}  // namespace

bool can_fuse_graphs() {
  return at::hasMKLDNN() && std::string_view(at::get_cpu_capability()).starts_with("AVX");
}

FusesGraphs::FusesGraphs() {
  register_pass();
  fuses_here = true;
}

FusesGraphs::~FusesGraphs() { fuses_here = false; }

}  // namespace transfer
