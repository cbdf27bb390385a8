#include "models/split.h"

#include <gmock/gmock.h>

#include "core/errors.h"
#include "models/archive.h"
#include "models/backbone.h"
#include "tests/models/tensor_file.h"

namespace transfer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// Largest difference between prefix then suffix and the whole network, with the same dropout seed.
double split_difference(torch::jit::Module& module, const SplitMethods& names) {
  torch::manual_seed(5);
  const auto whole = module.forward({image()}).toTensor();
  torch::manual_seed(5);
  const auto middle = module.get_method(names.prefix)({image()});
  return largest_difference(module.get_method(names.suffix)({middle}).toTensor(), whole);
}

TEST(Split, PrefixThenSuffixEqualsTheWholeInBothModesAndAfterReloading) {
  torch::NoGradGuard no_gradients;
  for (const std::string name :
       {"tiny.pt", "tiny_traced.pt", "auxiliary.pt", "residual.pt", "conv_head_traced.pt"}) {
    auto module = Backbone::load(fixture(name)).implementation().module;
    const auto names = split_at_stage(module, "blocks.0", name);
    EXPECT_EQ(split_difference(module, names), 0.0) << name;
    module.train();
    EXPECT_EQ(split_difference(module, names), 0.0) << name;
    const std::string file = testing::TempDir() + "/split_test.pt";
    write_archive(module, ModelMetadata{}, file);
    auto reloaded = read_archive(file).module;
    EXPECT_EQ(split_difference(reloaded, names), 0.0) << name;
    reloaded.train();
    EXPECT_EQ(split_difference(reloaded, names), 0.0) << name;
    EXPECT_EQ(split_at_stage(reloaded, "blocks.0", file).suffix, names.suffix);
  }
}

TEST(Split, BothHalvesShareTheModulesParameters) {
  auto module = Backbone::load(fixture("tiny_traced.pt")).implementation().module;
  const auto names = split_at_stage(module, "blocks.0", "tiny");
  const auto count = module.parameters().size();
  module.train();
  const auto middle = module.get_method(names.prefix)({image()}).toTensor().detach();
  module.get_method(names.suffix)({middle}).toTensor().sum().backward();
  for (const auto& entry : module.named_parameters()) {
    const bool is_behind =
        entry.name.starts_with("blocks.1") || entry.name.starts_with("classifier");
    EXPECT_EQ(entry.value.grad().defined(), is_behind) << entry.name;
  }
  EXPECT_EQ(module.parameters().size(), count);
}

TEST(Split, IsRefusedInsideASkipConnection) {
  auto module = Backbone::load(fixture("residual.pt")).implementation().module;
  try {
    split_at_stage(module, "mix", "residual.pt");
    FAIL() << "expected ModelError";
  } catch (const ModelError& error) {
    EXPECT_THAT(error.what(), HasSubstr("skip connection"));
  }
}

TEST(StageFinder, FindsStagesOfFilesWithoutMetadataInExecutionOrder) {
  for (const std::string name :
       {"no_metadata.pt", "auxiliary.pt", "residual.pt", "residual_traced.pt"}) {
    EXPECT_THAT(Backbone::load(fixture(name)).metadata().stages,
                ElementsAre("stem", "blocks.0", "blocks.1"))
        << name;
  }
  EXPECT_THAT(Backbone::load(fixture("tiny.pt")).metadata().stages,
              ElementsAre("blocks.0", "blocks.1"))
      << "stages in the metadata are kept";
}

}  // namespace
}  // namespace transfer
