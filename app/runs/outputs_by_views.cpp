#include "app/runs/outputs_by_views.h"

#include "app/features/broken_images.h"
#include "app/features/model_logits.h"
#include "app/preparation/model_trust.h"
#include "core/run_files.h"
#include "models/classifier.h"

namespace transfer {

void see_in_views(const Preparation& p, const RunDirectory& run, std::int64_t views,
                  SplitOutputs& val, std::optional<SplitOutputs>& test) {
  const Classifier model(run.file(run_file::kModel), p.device,
                         own_model_trust(p.config.trust, p.config.trust_file));
  const auto see = [&](const std::vector<Sample>& samples, const char* name, SplitOutputs& split) {
    const auto result =
        model_logits(model, samples, p.device, p.threads, std::string(name) + ", views", views);
    split.outputs = result.logits;
    // An image that has become unreadable since has no outputs.
    for (const BrokenImage& image : result.broken) split.truth.labels[image.sample] = -1;
  };
  see(p.dataset.val, "val", val);
  if (test) see(p.dataset.test, "test", *test);
}

}  // namespace transfer
