#include "app/commands/help_text.h"

#include "app/commands/command.h"
#include "core/exit_code.h"

namespace transfer {
namespace {

constexpr const char* kExamples = R"(
Examples:
  transfer --strategy freeze-conv --data pets        train on pets/{train,val}/CLASS/*.jpg
  transfer --data pets --augment-views 4 --seed 3    with four augmented copies of each image
  transfer --data pets --set train.optimizer=adamw --set train.lr=0.01
  transfer --strategy fine-tune --data pets --set train.epochs=20
  transfer --task regression --data fruit.csv        predict numbers: path,weight,height[,split]
  transfer advise --data pets                        which strategy, why, and how long each takes
  transfer --strategy auto --data pets               the same, then train with that strategy
  transfer --resume runs/x                           resume a run that was stopped
  transfer --backbone flatten --data mnist --set 'head.hidden=[512, 256]'
  transfer --data pets --print-config                show every setting and stop
  transfer config train.lr                           explain a setting; without a key, list all
  transfer evaluate --model runs/x/model.pt --data pets
  transfer predict --model runs/x/model.pt photo.jpg more/ --top 3 --format csv
  transfer inspect --backbone efficientnet-lite0
  transfer lr-find --data pets                       suggest a learning rate for fine-tune
  transfer preview --data pets --augment standard --file preview.png
  transfer batch jobs.yaml --out runs/study --jobs 2 run many jobs; the same command resumes them
  transfer batch jobs.yaml --out runs/study --launcher slurm --dry-run
  transfer cache prune runs/study/feature-store --unused-days 30

A model file holds a program. Files whose programs do more than compute with tensors are refused;
--trust sha256:DIGITS loads only that file. SECURITY.md says more.

`train` is the default command; `transfer COMMAND --help` lists its flags.
)";

}  // namespace

std::string help_of_program(const CLI::App& app) {
  return app.help() + "\n" + app.get_subcommand(all_commands().front().name)->help();
}

std::string examples_and_exit_codes() { return kExamples + exit_codes_text(); }

}  // namespace transfer
