#include "app/report/versions.h"

#include <ATen/Version.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <fmt/format.h>
#include <torch/version.h>

#include <nlohmann/json.hpp>

#include "app/compute/mpi_group.h"
#include "app/report/build_commit.h"
#include "datasets/opencv_version.h"

namespace transfer {
namespace {

std::string compiler_version() {
#if defined(__clang__)
  return "Clang " __clang_version__;
#elif defined(__GNUC__)
  return "GCC " __VERSION__;
#else
  return "unknown";
#endif
}

std::string cuda_version() {
  const auto& hooks = at::detail::getCUDAHooks();
  if (!hooks.hasCUDART()) return "";
  constexpr long kMajor = 1000;  // 12040 is 12.4
  constexpr long kMinor = 10;
  const long version = hooks.versionCUDART();
  return fmt::format("{}.{}", version / kMajor, version % kMajor / kMinor);
}

}  // namespace

Versions versions() {
  return {TRANSFER_VERSION,   build_commit(), TORCH_VERSION, opencv_version(),
          compiler_version(), cuda_version(), mpi_library(), at::get_cpu_capability()};
}

nlohmann::ordered_json versions_object(const Versions& v) {
  nlohmann::ordered_json object = {{"transfer", v.transfer}, {"commit", v.commit},
                                   {"libtorch", v.libtorch}, {"opencv", v.opencv},
                                   {"compiler", v.compiler}, {"cuda", v.cuda},
                                   {"mpi", v.mpi},           {"cpu_capability", v.cpu_capability}};
  for (auto& value : object) {
    if (value == "") value = nullptr;
  }
  return object;
}

std::string versions_text(const Versions& v) {
  const auto or_none = [](const std::string& text) { return text.empty() ? "none" : text; };
  return fmt::format(
      "transfer {} (commit {})\nLibTorch        {}\nOpenCV          {}\ncompiler        {}\n"
      "CUDA            {}\nMPI             {}\nCPU capability  {}\n",
      v.transfer, v.commit, v.libtorch, v.opencv, v.compiler, or_none(v.cuda), or_none(v.mpi),
      v.cpu_capability);
}

}  // namespace transfer
