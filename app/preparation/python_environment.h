#pragma once

#include <filesystem>
#include <string>

namespace transfer {

/// A Python that can run the exporter, which needs torch.
struct PythonEnvironment {
  /// Empty where there is none.
  std::filesystem::path interpreter;
  /// Why there is none, as the end of a sentence: "there is no Python environment …".
  std::string lack;
};

/// `$TRANSFER_PYTHON` alone where it is set; else the first of python_environments(), or the
/// environment that is active (`$VIRTUAL_ENV`, `$CONDA_PREFIX`) if it has torch. Starts nothing.
PythonEnvironment find_python();

/// The command that makes an environment which can export `name` and is found, for a POSIX shell.
std::string command_for_environment(const std::string& name);

}  // namespace transfer
