#pragma once

#include <filesystem>
#include <string>

namespace transfer {

/// What a file that should be a TorchScript network holds, told by its content.
enum class ModelFileKind {
  kUnreadable,
  kEmpty,
  kTruncated,  ///< a zip archive without its end
  kTorchScript,
  kExported,       ///< torch.export.save
  kPickledModule,  ///< torch.save(model)
  kStateDict,      ///< torch.save(model.state_dict()), or a checkpoint with one inside
  kSavedValue,     ///< torch.save of a tensor or a list
  kLfsPointer,     ///< what Git LFS leaves in place of a file that was not fetched
  kWebPage,
  kGzip,
  kKeras,  ///< .h5 or .keras
  kOnnx,
  kSafetensors,
  kTensorFlowLite,
  kOther,
};

ModelFileKind model_file_kind(const std::filesystem::path& file);

/// What the file is and the commands that make a TorchScript file of it, as a text behind "FILE: ".
/// REQUIRES: not kTorchScript.
std::string describe_foreign(ModelFileKind kind, const std::filesystem::path& file);

/// The operator or class that a TorchScript file needs and LibTorch lacks ("the operator
/// torchvision::nms"), from the error of loading it; "" if that is not the reason.
std::string missing_operator(const std::string& error);

}  // namespace transfer
