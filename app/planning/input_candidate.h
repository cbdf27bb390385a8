#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "configs/config.h"

// The words of this room: a *candidate* is a way to see the images: a backbone, the size of its
// input and how images are fitted to it. A *plan* tries candidates by cross-validated heads on
// frozen features of the training images, as many as the time allows (candidate_search.h), and
// takes the best one, or several that answer together (member_choice.h).

namespace transfer {

/// One way to see the images.
struct InputCandidate {
  /// As for `backbone`.
  std::string backbone;
  /// Side of the input in pixels; 0: as the configuration says, else the backbone's own.
  std::int64_t side = 0;
  /// Nothing: as the configuration and the backbone say.
  std::optional<Resize> resize = {};
  /// Multiply-adds of one image; 0 where the backbone's file does not say.
  double multiply_adds = 0;

  bool operator==(const InputCandidate&) const = default;
};

/// "efficientnet-lite2 at 336 pixels, stretch"
std::string title_of(const InputCandidate& candidate);

/// The user's sources with what the candidate decides on top.
ConfigSources with_candidate(ConfigSources sources, const InputCandidate& candidate);

/// What a plan may vary: what the user has left open.
struct OpenChoices {
  bool backbone = false;
  bool size = false;
  bool resize = false;
};

/// What is open for that quality where the keys have these origins. Backbones are for `best` alone,
/// and `fast` varies nothing.
OpenChoices open_choices(Quality quality, const KeyOrigins& origins);

/// A backbone of an exported file.
struct ExportedBackbone {
  std::string name;
  /// Side of its own input in pixels, and multiply-adds of one such image; 0 where the file does
  /// not say.
  std::int64_t side = 0;
  double multiply_adds = 0;
};

/// The exported backbones that may be tried beside `first`, which comes first, the others from
/// cheap to expensive. Files that cannot be used, trained models and networks for other images than
/// colours are passed over. Throws ModelError where `first` has no file.
std::vector<ExportedBackbone> backbones_to_try(const std::string& first, bool others);

/// The candidates with the first backbone at its own size, one for each way to fit an image to it;
/// the first is what the configuration says. Images of about square proportions (`aspect_ratio`,
/// the longer side over the shorter one) are padded as they are stretched, so not at all.
std::vector<InputCandidate> resize_candidates(const ExportedBackbone& first,
                                              const OpenChoices& open, double aspect_ratio);

/// The remaining candidates, with `resize` as it has been chosen: the first backbone at another
/// size, then each other one at its own size and at a larger one. Networks see more detail at a
/// larger size than they were trained at (Touvron et al. 2019, "Fixing the Train-Test Resolution
/// Discrepancy"), but only where images have it: none where their shorter sides, of median
/// `shorter_side` pixels, are below the network's own size. Where they are far below, the first
/// backbone is tried at a smaller size, which still shows all there is: layers then train in a
/// fraction of the time.
std::vector<InputCandidate> other_candidates(const std::vector<ExportedBackbone>& backbones,
                                             const OpenChoices& open, std::optional<Resize> resize,
                                             double shorter_side);

}  // namespace transfer
