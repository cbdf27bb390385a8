#include "app/report/provenance.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "app/compute/compute_capability.h"
#include "app/compute/container_limits.h"
#include "app/compute/device.h"
#include "core/shell_word.h"

namespace transfer {
namespace {

/// As the kernel names it; "" where it does not.
std::string cpu_model() {
  std::ifstream stream("/proc/cpuinfo");
  for (std::string line; std::getline(stream, line);) {
    const auto colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "";
}

/// Of the machine, or of the container where that has less.
std::int64_t memory_bytes() {
  const std::int64_t machine = std::int64_t{::sysconf(_SC_PHYS_PAGES)} * ::sysconf(_SC_PAGE_SIZE);
  const auto limit = read_container_limits().memory_bytes;
  return limit ? std::min(*limit, machine) : machine;
}

nlohmann::ordered_json text_or_null(const std::string& text) {
  return text.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(text);
}

}  // namespace

std::string command_of_process() {
  std::ifstream stream("/proc/self/cmdline", std::ios::binary);
  const std::string words{std::istreambuf_iterator<char>(stream), {}};
  std::string line;
  for (std::size_t first = 0; first < words.size();) {
    const std::string word = words.c_str() + first;  // each ends with a zero byte
    if (!line.empty()) line += ' ';
    line += shell_word(word);
    first += word.size() + 1;
  }
  return line;
}

Provenance provenance_of_now(torch::Device device) {
  constexpr std::int64_t kMegabyte = 1 << 20;
  return {fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr))),
          command_of_process(),
          cpu_model(),
          usable_cores(),
          memory_bytes() / kMegabyte,
          gpu_name(device)};
}

nlohmann::ordered_json provenance_object(const Provenance& p) {
  return {{"date", p.date},
          {"command", text_or_null(p.command)},
          {"hardware",
           {{"cpu", text_or_null(p.cpu)},
            {"cores", p.cores},
            {"memory_mb", p.memory_mb},
            {"gpu", text_or_null(p.gpu)}}}};
}

}  // namespace transfer
