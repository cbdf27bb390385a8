#pragma once

#include <stdexcept>
#include <string>

namespace transfer {

/// A failure that the user can act on. The message names the file, what was found, what was
/// expected and what to do. `main` alone catches it and turns `exit_code` into the process status.
class Error : public std::runtime_error {
 public:
  Error(const std::string& message, int exit_code)
      : std::runtime_error(message), exit_code_(exit_code) {}
  int exit_code() const { return exit_code_; }

 private:
  int exit_code_;
};

/// A flag, a YAML key or a value that cannot be used.
class ConfigError : public Error {
 public:
  explicit ConfigError(const std::string& message) : Error(message, 2) {}
};

/// Images, labels or folders that cannot be used.
class DataError : public Error {
 public:
  explicit DataError(const std::string& message) : Error(message, 3) {}
};

/// A backbone or a trained model that cannot be used.
class ModelError : public Error {
 public:
  explicit ModelError(const std::string& message) : Error(message, 4) {}
};

/// A device (CUDA) that was asked for and is not there.
class DeviceError : public Error {
 public:
  explicit DeviceError(const std::string& message) : Error(message, 5) {}
};

/// A file or folder that cannot be written.
class OutputError : public Error {
 public:
  explicit OutputError(const std::string& message) : Error(message, 6) {}
};

/// Training that cannot go on, such as a loss that is no longer a number.
class TrainingError : public Error {
 public:
  explicit TrainingError(const std::string& message) : Error(message, 7) {}
};

/// Jobs of a batch that are not finished.
class BatchError : public Error {
 public:
  explicit BatchError(const std::string& message) : Error(message, 8) {}
};

/// Training that was to pause after an epoch, and has written a checkpoint. No failure.
class Paused : public Error {
 public:
  explicit Paused(const std::string& message) : Error(message, 0) {}
};

/// Work stopped by SIGINT (exit code 130) or SIGTERM (143).
class Interrupted : public Error {
 public:
  Interrupted(const std::string& message, int signal) : Error(message, 128 + signal) {}
};

}  // namespace transfer
