#include "models/backbone_names.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "core/errors.h"
#include "tests/models/tensor_file.h"

namespace transfer {
namespace {

using testing::HasSubstr;

std::string message(const std::string& name) {
  try {
    find_backbone(name);
  } catch (const ModelError& error) {
    return error.what();
  }
  return "no error";
}

TEST(ExportersName, BothSpellingsAreOneName) {
  EXPECT_EQ(exporters_name("torchvision:resnet50"), "torchvision:resnet50");
  EXPECT_EQ(exporters_name("torchvision-resnet50"), "torchvision:resnet50");
  EXPECT_EQ(exporters_name("timm-resnet50.a1_in1k"), "timm:resnet50.a1_in1k");
  EXPECT_EQ(exporters_name("efficientnet-lite2"), "efficientnet-lite2");
  EXPECT_EQ(exported_name("torchvision:resnet50"), "torchvision-resnet50");
  EXPECT_EQ(exported_name("torchvision-resnet50"), "torchvision-resnet50");
  EXPECT_EQ(exported_name("my:net"), "my:net");
}

TEST(ExportersName, IsNothingForWhatItCannotKnow) {
  for (const char* name : {"resnet50", "efficientnet-lite3", "torchvision:", "torchvision:../etc/x",
                           "timm:-x", "timm:hf-hub:user/net", "keras:resnet50", "timm:.pt"}) {
    EXPECT_EQ(exporters_name(name), std::nullopt) << name;
  }
}

TEST(FindBackbone, SaysHowToExportOrWhatWasMeant) {
  EXPECT_THAT(message("torchvision-vgg11"), HasSubstr("backbones --export torchvision:vgg11"));
  EXPECT_THAT(message("timm:resnet18d"), HasSubstr("backbones --export timm:resnet18d"));
  EXPECT_THAT(message("resnet50"), HasSubstr("did you mean 'torchvision:resnet50'?"));
  EXPECT_THAT(message("torchvison-vgg11"), HasSubstr("did you mean 'torchvision:vgg11'?"));
  EXPECT_THAT(message("my-net"), HasSubstr("Expected one of them, a TorchScript file"));
}

TEST(FindBackbone, UnknownNameListsTheKnownOnes) {
  setenv("TRANSFER_MODELS", std::getenv("TRANSFER_FIXTURES"), 1);
  EXPECT_EQ(find_backbone("tiny"), std::filesystem::path(fixture("tiny.pt")));
  EXPECT_THAT(message("tinny"), HasSubstr("did you mean 'tiny'?"));
  EXPECT_THAT(message("tinny"), HasSubstr("no_metadata"));
  unsetenv("TRANSFER_MODELS");
}

TEST(NameToExport, IsNothingForFilesAndPaths) {
  EXPECT_EQ(name_to_export("torchvision-resnet9"), "torchvision:resnet9");
  EXPECT_EQ(name_to_export("torchvision-resnet9.pt"), std::nullopt);
  EXPECT_EQ(name_to_export("./torchvision-resnet9"), std::nullopt);
  EXPECT_EQ(name_to_export("resnet9"), std::nullopt);
}

}  // namespace
}  // namespace transfer
