#include "app/training/distillation.h"

#include <gtest/gtest.h>

#include "tests/models/tensor_file.h"

namespace transfer {
namespace {

using Tensors = std::map<std::string, torch::Tensor>;

/// Mean loss and gradients of a linear head against the golden ones of that name.
void expect_python(const Loss& loss, const Distillation& distillation, const Tensors& g,
                   const std::string& name) {
  const auto weight = g.at("weight").clone().requires_grad_(true);
  const auto bias = g.at("bias").clone().requires_grad_(true);
  const Truth truth{g.at("labels")};
  const auto outputs = torch::linear(g.at("features"), weight, bias);
  const auto sums = distilled_sums(loss, distillation, outputs, truth, g.at("teacher"));
  const auto value = sums.objective / loss.weight(truth);
  value.backward();
  EXPECT_NEAR(value.item<double>(), g.at(name + "_loss").item<double>(), 1e-5) << name;
  EXPECT_FALSE(sums.in_units.requires_grad());
  EXPECT_LT(largest_difference(weight.grad(), g.at(name + "_grad_weight")), 1e-5) << name;
  EXPECT_LT(largest_difference(bias.grad(), g.at(name + "_grad_bias")), 1e-5) << name;
}

TEST(Distillation, LossAndGradientsEqualPython) {
  const auto g = golden("head.pt");
  expect_python({}, {0.5, 2}, g, "distilled");
  expect_python({}, {0.9, 10}, g, "distilled_hot");
  expect_python({}, {1, 1}, g, "distilled_alone");
  expect_python({{}, 0.1, g.at("class_weights")}, {0.5, 1}, g, "distilled_weighted");
}

TEST(Distillation, WithoutWeightItIsTheLossAndATeacherOfTheSameMindAddsNothing) {
  const auto g = golden("head.pt");
  const Truth truth{g.at("labels")};
  const auto outputs = torch::linear(g.at("features"), g.at("weight"), g.at("bias"));
  const Loss loss{{}, 0.1, g.at("class_weights")};
  const double plain = loss.sum(outputs, truth).item<double>();
  const auto sum = [&](const Distillation& distillation, const torch::Tensor& teacher) {
    return distilled_sums(loss, distillation, outputs, truth, teacher).objective.item<double>();
  };
  EXPECT_NEAR(sum({0, 3}, g.at("teacher")), plain, 1e-4);
  EXPECT_NEAR(sum({0.5, 3}, outputs + 7), plain / 2, 1e-3) << "a shift of logits says nothing";
  EXPECT_GT(sum({0.5, 3}, -outputs), plain / 2 + 1);
}

TEST(Distillation, RowsOfBrokenImagesDoNotCountAndMixedImagesCountByTheirClasses) {
  const auto g = golden("head.pt");
  const auto outputs = torch::linear(g.at("features"), g.at("weight"), g.at("bias"));
  const Loss loss{{}, 0.1, g.at("class_weights")};
  const Distillation distillation{0.7, 2};
  const auto mean = [&](const Truth& truth, const torch::Tensor& rows,
                        const torch::Tensor& teacher) {
    return distilled_sums(loss, distillation, rows, truth, teacher).objective.item<double>() /
           loss.weight(truth);
  };
  Truth broken{g.at("labels").clone()};
  broken.labels.slice(0, 10, 20).fill_(-1);
  const auto kept = broken.counted();
  EXPECT_NEAR(mean(broken, outputs, g.at("teacher")),
              mean(broken.select(kept), outputs.index_select(0, kept),
                   g.at("teacher").index_select(0, kept)),
              1e-5);
  // Whole images, written as shares of classes.
  const Truth whole{g.at("labels")};
  const Truth shares{g.at("labels"), class_targets(g.at("labels"), 5)};
  EXPECT_NEAR(mean(shares, outputs, g.at("teacher")), mean(whole, outputs, g.at("teacher")), 1e-5);
}

}  // namespace
}  // namespace transfer
