#pragma once

#include <torch/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/atomic_file.h"
#include "core/open_file.h"

namespace transfer {

/// A file of features, one row for each image, that appears when it is complete: FILE.npy, which
/// numpy.load() reads as float32 [N,D], with the images' paths in FILE.paths.csv beside it, or
/// FILE.csv with the columns `path`, `feature_0`, `feature_1`, …. It is written row by row. Not
/// thread-safe.
class FeatureOutput {
 public:
  /// `dimension` is D. Throws ConfigError for a name with another ending, and OutputError.
  FeatureOutput(std::filesystem::path file, std::int64_t dimension);

  /// The rows [n,D] of n images. Throws OutputError.
  void add(const std::vector<std::string>& paths, const torch::Tensor& rows);

  /// Gives the files their names. Throws OutputError.
  void finish();

  /// Throws ConfigError where a file of this name cannot be one of features.
  static void require_name(const std::filesystem::path& file);

 private:
  /// A file that is written from its beginning to its end.
  class Stream {
   public:
    explicit Stream(const std::filesystem::path& file)
        : file_(file), open_(OpenFile::for_writing(file_.temporary_path(), file)) {}
    void append(std::string_view bytes) {
      open_.write(size_, bytes.data(), bytes.size());
      size_ += bytes.size();
    }
    void overwrite_beginning(std::string_view bytes) { open_.write(0, bytes.data(), bytes.size()); }
    void commit() { file_.commit(); }

   private:
    AtomicFile file_;
    OpenFile open_;
    std::uint64_t size_ = 0;
  };

  bool is_npy_;
  std::int64_t dimension_;
  std::int64_t rows_ = 0;
  Stream table_;
  /// Of the paths beside an .npy file.
  std::optional<Stream> paths_;
};

}  // namespace transfer
