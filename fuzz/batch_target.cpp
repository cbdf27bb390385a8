// A batch file: its jobs, matrices and searches, and what it asks of Slurm.

#include <algorithm>
#include <set>

#include "configs/batch.h"
#include "configs/slurm.h"
#include "fuzz/configuration.h"

namespace transfer::fuzz {
namespace {

/// A job's name becomes a folder inside of the batch's.
void require_folder_name(const std::string& name) {
  const bool is_safe = !name.empty() && name != "." && name != ".." && name.size() < 256 &&
                       name.find('/') == name.npos && name.find('\0') == name.npos;
  require(is_safe, fmt::format("a job is called '{}'", name));
}

void require_line(const std::string& text) {
  require(fits_on_one_line(text), fmt::format("not on one line of a script: '{}'", text));
}

}  // namespace
}  // namespace transfer::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace transfer;
  static const fuzz::ScratchFolder scratch;
  const auto file = scratch.write("jobs.yaml", fuzz::text_of(data, size));
  fuzz::succeeds<ConfigError>("", [&] {
    const auto jobs = read_batch(file, fuzz::strategies());
    std::set<std::string> names;
    for (const BatchJob& job : jobs) {
      fuzz::require_folder_name(job.name);
      fuzz::require(names.insert(job.name).second, "two jobs have the same name");
    }
  });
  fuzz::succeeds<ConfigError>("", [&] {
    const SlurmSettings settings = read_slurm_settings(file);
    for (const std::string& option : settings.options) fuzz::require_line(option);
    for (const std::string& text :
         {settings.partition, settings.account, settings.gres, settings.memory, settings.time}) {
      fuzz::require_line(text);
    }
  });
  return 0;
}
