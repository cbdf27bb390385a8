#pragma once

#include <stdexcept>
#include <string>

#include "core/exit_code.h"

namespace transfer {

/// A failure that the user can act on. The message names the file, what was found, what was
/// expected and what to do. `main` is the only place that turns an Error into an exit status.
class Error : public std::runtime_error {
 public:
  Error(const std::string& message, ExitCode exit_code)
      : std::runtime_error(message), exit_code_(exit_code) {}
  ExitCode exit_code() const { return exit_code_; }

 private:
  ExitCode exit_code_;
};

/// A flag, a YAML key or a value that cannot be used.
class ConfigError : public Error {
 public:
  explicit ConfigError(const std::string& message) : Error(message, ExitCode::kConfig) {}
};

/// Images, labels or folders that cannot be used.
class DataError : public Error {
 public:
  explicit DataError(const std::string& message) : Error(message, ExitCode::kData) {}
};

/// A backbone or a trained model that cannot be used.
class ModelError : public Error {
 public:
  explicit ModelError(const std::string& message) : Error(message, ExitCode::kModel) {}
};

/// A device (CUDA) that was asked for and is missing.
class DeviceError : public Error {
 public:
  explicit DeviceError(const std::string& message) : Error(message, ExitCode::kDevice) {}
};

/// A file or folder that cannot be written.
class OutputError : public Error {
 public:
  explicit OutputError(const std::string& message) : Error(message, ExitCode::kOutput) {}
};

/// Training that cannot continue, such as after a NaN loss.
class TrainingError : public Error {
 public:
  explicit TrainingError(const std::string& message) : Error(message, ExitCode::kTraining) {}
};

/// A batch with jobs that are not finished.
class BatchError : public Error {
 public:
  explicit BatchError(const std::string& message) : Error(message, ExitCode::kBatch) {}
};

/// The machine, or a limit on this process, gives too little memory or too few threads. Where
/// memory runs out in the middle of work, std::bad_alloc and LibTorch's error reach `main` as they
/// are: see core/lack_of_resources.h.
class ResourceError : public Error {
 public:
  explicit ResourceError(const std::string& message) : Error(message, ExitCode::kResources) {}
};

/// Training that paused after an epoch, as asked, and has written a checkpoint. Not a failure.
class Paused : public Error {
 public:
  explicit Paused(const std::string& message) : Error(message, ExitCode::kDone) {}
};

/// Work stopped by a signal.
class Interrupted : public Error {
 public:
  Interrupted(const std::string& message, int signal)
      : Error(message, exit_code_of_signal(signal)), signal_(signal) {}
  int signal() const { return signal_; }

 private:
  int signal_;
};

}  // namespace transfer
