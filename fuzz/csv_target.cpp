// A CSV file of labels or numbers. The first byte chooses what is wanted of it.

#include "core/csv.h"
#include "core/errors.h"
#include "datasets/labelled_files.h"
#include "fuzz/target.h"

namespace transfer::fuzz {
namespace {

WantedTargets wanted(unsigned choice) {
  WantedTargets targets;
  switch (choice % 3) {
    case 0: targets.kind = TargetKind::kClass; break;
    case 1: targets.kind = TargetKind::kLabels; break;
    default: targets.kind = TargetKind::kValues;
  }
  if (choice % 5 == 1) targets.columns = {"a", "b"};
  return targets;
}

void require_targets(const LabelledFiles& found, TargetKind kind) {
  for (const LabelledFile& file : found.files) {
    require(!file.path.empty() && file.line > 0, "a row without a path or a place");
    require(kind != TargetKind::kClass || file.labels.size() == 1, "not one class per image");
    require(kind != TargetKind::kValues || file.values.size() == found.value_names.size(),
            "not one number for each column");
  }
}

}  // namespace
}  // namespace transfer::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace transfer;
  if (size == 0) return 0;
  static const fuzz::ScratchFolder scratch;
  static const bool has_images = [] {
    for (const char* name : {"a.png", "b.png", "\xE4.png"}) scratch.write(name, "");
    return true;
  }();
  fuzz::require(has_images, "no images");
  const std::string_view text = fuzz::text_of(data + 1, size - 1);
  const auto file = scratch.write("labels.csv", text);
  const WantedTargets wanted = fuzz::wanted(data[0]);
  fuzz::succeeds<DataError>(file.string(),
                            [&] { fuzz::require_targets(read_csv(file, wanted), wanted.kind); });

  // A field that is written is read back.
  if (text.find('\0') == text.npos) {
    const auto rows = parse_csv("x," + csv_field(text) + "\n", "rows");
    fuzz::require(rows.size() == 1 && rows[0].fields.size() == 2 && rows[0].fields[1] == text,
                  "a field of a CSV file is not read back as it was written");
  }
  return 0;
}
