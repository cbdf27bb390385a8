// What a Backbone says about its classifier.

#include <fmt/format.h>

#include "models/archive.h"
#include "models/backbone.h"

namespace transfer {
namespace {

std::string averaging_of(const ClassifierLayer& layer) {
  if (layer.token)
    return fmt::format(", taken from its {} token", *layer.token == 0 ? "first" : "last");
  if (layer.pooled.empty()) return "";
  const bool is_map = layer.kind == ClassifierKind::kConvolution || layer.pooled.size() == 2;
  return fmt::format(", averaged over {}", is_map ? "the image" : "tokens");
}

}  // namespace

bool Backbone::has_classifier() const {
  return implementation_->classifier.kind != ClassifierKind::kNone;
}

const std::string& Backbone::classifier_path() const { return implementation_->classifier.path; }

std::string Backbone::classifier_name() const {
  if (!has_classifier()) return "(output)";
  return classifier_path().empty() ? "(root)" : classifier_path();
}

std::int64_t Backbone::feature_count() const { return implementation_->classifier.in_features; }
std::int64_t Backbone::output_count() const { return implementation_->classifier.out_features; }

std::string Backbone::classifier_description() const {
  const ClassifierLayer& layer = implementation_->classifier;
  const std::string averaging = averaging_of(layer);
  switch (layer.kind) {
    case ClassifierKind::kNone:
      return fmt::format("no classifier ({}): the output of {} numbers{} is taken as features",
                         layer.ending, feature_count(), averaging.empty() ? "" : averaging + ",");
    case ClassifierKind::kLinear:
      return fmt::format("linear layer; every path to the logits passes it{}",
                         averaging.empty() ? "" : "; its input is the features" + averaging);
    case ClassifierKind::kConvolution: break;
  }
  return "1x1 convolution; every path to the logits passes it; its input is the features" +
         averaging;
}

std::vector<std::string> Backbone::remarks() const {
  auto remarks = implementation_->remarks;
  const ClassifierLayer& layer = implementation_->classifier;
  if (!has_classifier() || layer.token ||
      (layer.kind == ClassifierKind::kLinear && !layer.pooled.empty())) {
    remarks.push_back(classifier_description());
  }
  return remarks;
}

}  // namespace transfer
