#include "configs/field_table.h"

namespace transfer {

// key, member, limits, unit, effect, used by, description, example
void add_report_fields(std::vector<Field>& fields, ReportConfig& r) {
  using enum Effect;
  using enum UsedBy;
  const std::vector<Field> rows = {
      {"report.html", &r.html, kNoLimits, "none", kPlaceOrSpeed, kEveryRun,
       "Whether a run leaves report.html: one page that shows what was run and how well it does, "
       "with the images behind it.",
       "false"},
      {"report.pictures", &r.pictures, kNoLimits, "none", kPlaceOrSpeed, kEveryRun,
       "Whether a run leaves pictures: curves.png, confusion_matrix.png, worst_mistakes.png and "
       "val_batch.png.",
       "false"},
      {"report.tensorboard", &r.tensorboard, kNoLimits, "none", kPlaceOrSpeed, kEveryRun,
       "Folder for the event files of TensorBoard, with a subfolder for each run, named as its run "
       "directory. Empty: none are written.",
       "runs/tensorboard"},
  };
  fields.insert(fields.end(), rows.begin(), rows.end());
}

}  // namespace transfer
