#include "app/commands/examples.h"

#include <array>
#include <string_view>

namespace transfer {
namespace {

struct CommandExamples {
  std::string_view command;
  std::string_view lines;
};

constexpr std::array kExamples = {
    CommandExamples{"train", R"(
  transfer train --data pets                       a head on frozen layers: the start
  transfer train --data pets --strategy fine-tune --epochs 20 --lr 0.0003 --time-limit 30m
  transfer train --data pets --strategy auto       the strategy that measuring advises
  transfer train --data pets --name first --dry-run     check everything, write nothing
  transfer train --task regression --data fruit.csv     numbers: path,weight,height[,split]
  transfer train --resume runs/first               go on where a run was stopped)"},
    CommandExamples{"evaluate", R"(
  transfer evaluate --model runs/first/model.pt --data pets
  transfer evaluate --model runs/first/model.pt --data pets --split val --json
  transfer evaluate --model runs/first/model.pt --data photos.csv --columns path=photo)"},
    CommandExamples{"predict", R"(
  transfer predict --model runs/first/model.pt photo.jpg
  transfer predict --model runs/first/model.pt photos/ --top 3 --format csv > predictions.csv
  find . -name '*.jpg' | transfer predict --model runs/first/model.pt - --json
  transfer predict --model runs/first photos/ --output photos.jsonl --resume
  transfer predict --model runs/first photos/ --sort-into sorted --min-confidence 0.8
  transfer predict --model runs/first photos/ --reject --coverage 0.9 --format csv)"},
    CommandExamples{"embed", R"(
  transfer embed --backbone efficientnet-lite0 photos/ --output photos.npy
  transfer embed --model runs/first photos/ --output photos.csv
  transfer embed --backbone efficientnet-lite0 photos/ --stage blocks.10 --output early.npy)"},
    CommandExamples{"explain", R"(
  transfer explain --model runs/first photos/ --output maps
  transfer explain --model runs/first cat.jpg --output maps --class dog
  transfer explain --model runs/first photos/ --output maps --method layercam --json)"},
    CommandExamples{"serve", R"(
  transfer serve --model runs/first                a page at http://127.0.0.1:8080/
  transfer serve --model cats=runs/a --model birds=runs/b --port 9000
  transfer serve --model runs/first --host 0.0.0.0 --token-file token.txt)"},
    CommandExamples{"neighbours", R"(
  transfer neighbours --model runs/first --data pets cat.jpg
  transfer neighbours --model runs/first --data pets photos/ --output like-these.png
  transfer neighbours --model runs/first --data pets photos/ --count 3 --json)"},
    CommandExamples{"inspect", R"(
  transfer inspect --backbone efficientnet-lite0
  transfer inspect --backbone network.pt --json
  transfer inspect --backbone network.pt --set input.mean=0.5 --set input.std=0.25)"},
    CommandExamples{"backbones", R"(
  transfer backbones                               what is exported, and what can be
  transfer backbones 'torchvision:resnet*'
  transfer backbones --export torchvision:resnet50
  transfer backbones --export torchvision:resnet50 --weights lungs.pth --name lungs
  transfer backbones --export timm:convnext_atto --random)"},
    CommandExamples{"check", R"(
  transfer check --data pets                       copies, leaks, wrong labels, outliers, shortcuts
  transfer check --data pets --output pets-check   a page on which to mark images: check.html
  transfer check --data pets --no-features --json > check.json
  transfer check --data pets --apply fixes.csv --to pets-cleaned
  transfer check --data pets --apply fixes.csv --to pets-cleaned.csv)"},
    CommandExamples{"preview", R"(
  transfer preview --data pets                     writes preview.png
  transfer preview --data pets --augment strong --views 8 --output strong.png
  transfer preview --data pets --image-size 320 --set data.resize=pad)"},
    CommandExamples{"lr-find", R"(
  transfer lr-find --data pets                     writes lr-find.csv and lr-find.png
  transfer lr-find --data pets --batch-size 32 --steps 200 --output runs/rates
  transfer lr-find --data pets --strategy retrain --json)"},
    CommandExamples{"advise", R"(
  transfer advise --data pets
  transfer advise --data pets --epochs 50 --image-size 320
  transfer advise --data pets --backbone network.pt --json)"},
    CommandExamples{"batch", R"(
  transfer batch jobs.yaml --output runs/study     the same command resumes it
  transfer batch jobs.yaml --output runs/study --jobs 2 --retries 3
  transfer batch jobs.yaml --output runs/study --launcher slurm --dry-run
  transfer batch jobs.yaml --output runs/study --job 3     one job, here
  transfer batch --status runs/study               how far it is, from another terminal)"},
    CommandExamples{"runs", R"(
  transfer runs                                    those below runs/, the newest first
  transfer runs runs/study --sort score
  transfer runs runs/ experiments/ --sort time
  transfer runs --json > runs.json)"},
    CommandExamples{"compare", R"(
  transfer compare runs/a runs/b                   writes compare.html
  transfer compare runs/study --output study.html  all runs of a batch
  transfer compare runs/a runs/b --split val --json)"},
    CommandExamples{"ensemble", R"(
  transfer ensemble runs/a runs/b runs/c --output ensemble.pt
  transfer ensemble runs/small/model.pt runs/large/model.pt --output both.pt --json
  transfer ensemble runs/study/jobs/* --output all.pt --overwrite)"},
    CommandExamples{"soup", R"(
  transfer soup runs/a runs/b runs/c --output soup.pt
  transfer soup runs/a runs/b --method uniform --output soup.pt --json
  transfer soup runs/a runs/b --output soup.pt --overwrite --device cpu)"},
    CommandExamples{"export", R"(
  transfer export --model runs/pets --to onnx --output pets.onnx
  transfer export --model runs/pets --to onnx --with-preprocessing --output pets.onnx --overwrite
  transfer export --model runs/pets --to weights --output pets.safetensors
  transfer export --model model.pt --to weights --output pets.safetensors --json)"},
    CommandExamples{"cache", R"(
  transfer cache ls
  transfer cache prune --unused-days 30
  transfer cache prune runs/study/feature-store --keep-mb 2000)"},
    CommandExamples{"cache ls", R"(
  transfer cache ls
  transfer cache ls runs/study/feature-store
  transfer cache ls --json)"},
    CommandExamples{"cache prune", R"(
  transfer cache prune --unused-days 30
  transfer cache prune --keep-mb 2000
  transfer cache prune runs/study/feature-store --all)"},
    CommandExamples{"config", R"(
  transfer config                                  all settings
  transfer config train                            those of one group
  transfer config train.lr                         one, with its presets and an example)"},
    CommandExamples{"help", R"(
  transfer help
  transfer help predict
  transfer help cache prune)"},
    CommandExamples{"version", R"(
  transfer version
  transfer version --json
  transfer --version)"},
};

}  // namespace

std::string examples_of(const std::string& command) {
  for (const CommandExamples& one : kExamples) {
    if (one.command == command) return "Examples:" + std::string(one.lines) + "\n";
  }
  return "";
}

}  // namespace transfer
