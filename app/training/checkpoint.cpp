#include "app/training/checkpoint.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/optim/optimizer.h>
#include <torch/serialize/input-archive.h>
#include <torch/serialize/output-archive.h>

#include <sstream>
#include <stdexcept>
#include <string_view>

#include "app/training/optimizers.h"
#include "core/atomic_file.h"
#include "core/errors.h"
#include "core/lack_of_resources.h"
#include "core/run_format.h"
#include "models/archive_file.h"
#include "models/pickle_check.h"
#include "models/program_check.h"

namespace transfer {
namespace {

/// Numbers that older checkpoints of this format lack; without them, they are 0.
bool is_optional(std::string_view number) {
  return number == "stopping_since" || number == "seconds_total" || number == "seconds_extract";
}

/// Calls `visit(name, number)` for every number of the progress; the same for writing and reading.
template <typename Progress, typename Visit>
void for_each_number(Progress& p, const Visit& visit) {
  visit("epoch", p.epoch);
  visit("batch", p.batch);
  visit("loss_sum", p.loss_sum);
  visit("loss_weight", p.loss_weight);
  visit("rate", p.rate);
  visit("retries", p.retries);
  visit("rate_factor", p.rate_factor);
  visit("seconds", p.seconds.train);
  visit("seconds_total", p.seconds.total);
  visit("seconds_extract", p.seconds.extract);
  visit("threads", p.threads);
  visit("replicas", p.replicas);
  visit("stopping_best_loss", p.stopping.best);
  visit("stopping_epoch", p.stopping.epoch);
  visit("stopping_best_epoch", p.stopping.best_epoch);
  visit("stopping_since", p.stopping.since);
  visit("plateau_factor", p.plateau.factor);
  visit("plateau_best_loss", p.plateau.best_loss);
  visit("plateau_bad_epochs", p.plateau.bad_epochs);
  visit("scaler_scale", p.scaler.scale);
  visit("scaler_finite_steps", p.scaler.finite_steps);
  visit("average_updates", p.average_updates);
}

/// Under the names `title` with "_samples" and "_reasons".
void write_broken(torch::serialize::OutputArchive& archive, const std::string& title,
                  const std::vector<BrokenImage>& broken) {
  c10::List<std::int64_t> samples;
  c10::List<std::string> reasons;
  for (const BrokenImage& image : broken) {
    samples.push_back(image.sample);
    reasons.push_back(image.reason);
  }
  archive.write(title + "_samples", c10::IValue(samples));
  archive.write(title + "_reasons", c10::IValue(reasons));
}

void write_identity(torch::serialize::OutputArchive& archive, const RunIdentity& run) {
  archive.write("run_settings", c10::IValue(run.settings));
  archive.write("run_data", c10::IValue(run.data));
}

/// The run that a file belongs to; empty in files of earlier versions.
RunIdentity identity_in(torch::serialize::InputArchive& archive) {
  c10::IValue settings;
  c10::IValue data;
  if (!archive.try_read("run_settings", settings)) return {};
  archive.read("run_data", data);
  return {settings.toStringRef(), data.toStringRef()};
}

std::vector<BrokenImage> read_broken(torch::serialize::InputArchive& archive,
                                     const std::string& title) {
  c10::IValue samples;
  c10::IValue reasons;
  if (!archive.try_read(title + "_samples", samples)) return {};  // of an earlier version
  archive.read(title + "_reasons", reasons);
  std::vector<BrokenImage> broken;
  if (samples.toIntList().size() != reasons.toList().size()) {
    throw std::out_of_range("as many broken images as reasons");
  }
  for (std::size_t i = 0; i < samples.toIntList().size(); ++i) {
    broken.push_back({samples.toIntList()[i], reasons.toList()[i].get().toStringRef()});
  }
  return broken;
}

/// Tensors are stored by number, since the archive takes a dot in a name for a submodule.
std::string key_of(std::size_t index) { return fmt::format("tensor_{}", index); }

void write_into(torch::serialize::OutputArchive& archive, const NamedTensors& tensors) {
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    archive.write(key_of(i), tensors[i].second.detach().cpu());
    archive.write(key_of(i) + "_name", c10::IValue(tensors[i].first));
  }
  archive.write("tensor_count", c10::IValue(static_cast<std::int64_t>(tensors.size())));
}

void save(torch::serialize::OutputArchive& archive, const std::filesystem::path& file) {
  std::ostringstream bytes;
  archive.save_to(bytes);
  write_file_atomically(file, bytes.view());
}

std::string shape_text(const torch::Tensor& tensor) {
  return fmt::format("[{}]", fmt::join(tensor.sizes(), ", "));
}

void read_from(torch::serialize::InputArchive& archive, const NamedTensors& tensors,
               const std::filesystem::path& file) {
  torch::NoGradGuard no_gradients;
  c10::IValue count;
  archive.read("tensor_count", count);
  std::string found = fmt::format("{} tensors, expected {}", count.toInt(), tensors.size());
  bool fits = count.toInt() == static_cast<std::int64_t>(tensors.size());
  for (std::size_t i = 0; fits && i < tensors.size(); ++i) {
    c10::IValue name;
    torch::Tensor stored;
    archive.read(key_of(i) + "_name", name);
    archive.read(key_of(i), stored);
    torch::Tensor target = tensors[i].second;
    fits = name.toStringRef() == tensors[i].first && stored.sizes() == target.sizes();
    if (fits) target.copy_(stored);
    if (!fits) {
      found = fmt::format("{} {}, expected {} {}", name.toStringRef(), shape_text(stored),
                          tensors[i].first, shape_text(target));
    }
  }
  if (!fits) {
    throw ModelError(fmt::format(
        "{}: is a checkpoint of another network than config.yaml names: it holds {}. Has the "
        "backbone's file changed since? Put the old one back, or train anew in another folder.",
        file.string(), found));
  }
}

/// Throws ModelError for a file that cannot be continued from.
[[noreturn]] void refuse_checkpoint(const std::filesystem::path& file, const std::string& what) {
  throw ModelError(
      fmt::format("{}: {}. Put back what the run wrote, or train again from the start: {}",
                  file.string(), what, train_again_command(file.parent_path())));
}

/// Throws ModelError where another version of transfer wrote the checkpoint.
void require_format(torch::serialize::InputArchive& archive, const std::filesystem::path& file) {
  c10::IValue format;
  const bool names_one = archive.try_read("format", format);
  const std::int64_t found = names_one ? format.toInt() : 1;
  if (found == kRunFormat) return;
  c10::IValue run;
  if (!names_one && archive.try_read("run_settings", run)) {
    refuse_checkpoint(file,
                      "holds the weights of the best epoch alone, as checkpoint-best.pt does");
  }
  throw ModelError(other_format_message(
      file, static_cast<int>(found),
      "Train again from the start: " + train_again_command(file.parent_path())));
}

/// Loads the archive and runs `read`. Throws DamagedArchive where bytes could not be read.
template <typename Read>
void read_verified(const ArchiveFile& bytes, const Read& read) {
  try {
    torch::serialize::InputArchive archive;
    // To the CPU, whatever device the tensors were on: it may be missing here, or another's.
    archive.load_from([&bytes](std::uint64_t position, void* target,
                               std::size_t count) { return bytes.read(position, target, count); },
                      [&bytes] { return bytes.size(); }, torch::Device(torch::kCPU));
    read(archive);
  } catch (const Error&) {
    throw;
  } catch (...) {
    bytes.require_intact();  // damage is the better reason
    throw;
  }
  bytes.require_intact();
}

/// Opens a file and runs `read`. Its records are verified, and it may hold no program, which would
/// run when it is loaded. Whatever LibTorch says of its content becomes a ModelError.
template <typename Read>
void read_archive_file(const std::filesystem::path& file, const Read& read) {
  try {
    const ArchiveFile bytes(file);
    bytes.require_intact();
    if (const auto program = find_any_program(bytes)) {
      refuse_checkpoint(file, fmt::format("is not a checkpoint: it holds {} ({}), and checkpoints "
                                          "hold numbers alone; nothing of it was run",
                                          program->what, program->where));
    }
    require_sound_pickles(bytes);
    read_verified(bytes, read);
  } catch (const Error&) {
    throw;
  } catch (const UnreadArchive& failure) {
    throw ModelError(fmt::format("{}: {}. Check the disk or its connection, then resume the run.",
                                 file.string(), failure.what()));
  } catch (const DamagedArchive& damage) {
    refuse_checkpoint(file, damage.what());
  } catch (const std::exception& error) {
    if (is_out_of_memory(error)) throw;
    refuse_checkpoint(file, "is not a checkpoint of this program, or its content is damaged");
  }
}

}  // namespace

void write_checkpoint(const std::filesystem::path& file, const NamedTensors& tensors,
                      const torch::optim::Optimizer& optimizer, const TrainingProgress& progress,
                      const RunIdentity& run) {
  torch::serialize::OutputArchive archive;
  archive.write("format", c10::IValue(std::int64_t{kRunFormat}));
  write_into(archive, tensors);
  torch::serialize::OutputArchive optimizer_archive(archive.compilation_unit());
  optimizer.save(optimizer_archive);
  archive.write("optimizer", optimizer_archive);
  for_each_number(progress, [&archive](std::string_view name, auto number) {
    archive.write(std::string(name), c10::IValue(number));
  });
  write_identity(archive, run);
  archive.write("device", c10::IValue(progress.device));
  archive.write("score_sums", c10::IValue(progress.score_sums));
  write_broken(archive, "broken", progress.broken);
  write_broken(archive, "broken_val", progress.broken_val);
  save(archive, file);
}

TrainingProgress read_checkpoint(const std::filesystem::path& file, const NamedTensors& tensors,
                                 torch::optim::Optimizer& optimizer, const RunIdentity& run) {
  TrainingProgress progress;
  read_archive_file(file, [&](torch::serialize::InputArchive& archive) {
    require_format(archive, file);
    require_same_run(identity_in(archive), run, file);
    read_from(archive, tensors, file);
    torch::serialize::InputArchive optimizer_archive;
    archive.read("optimizer", optimizer_archive);
    optimizer.state().clear();  // loading keeps what the file has no entry for
    optimizer.load(optimizer_archive);
    move_state_to_parameters(optimizer);
    for_each_number(progress, [&archive](std::string_view name, auto& number) {
      c10::IValue value;
      const bool is_there = archive.try_read(std::string(name), value);
      if (!is_there && is_optional(name)) return;
      if (!is_there) archive.read(std::string(name), value);  // throws
      number = value.to<std::decay_t<decltype(number)>>();
    });
    c10::IValue device;
    if (archive.try_read("device", device)) progress.device = device.toStringRef();
    c10::IValue sums;
    if (archive.try_read("score_sums", sums)) progress.score_sums = sums.toDoubleVector();
    progress.broken = read_broken(archive, "broken");
    progress.broken_val = read_broken(archive, "broken_val");
  });
  return progress;
}

void write_tensors(const std::filesystem::path& file, const NamedTensors& tensors,
                   const RunIdentity& run) {
  torch::serialize::OutputArchive archive;
  write_identity(archive, run);
  write_into(archive, tensors);
  save(archive, file);
}

void read_tensors(const std::filesystem::path& file, const NamedTensors& tensors,
                  const RunIdentity& run) {
  read_archive_file(file, [&](torch::serialize::InputArchive& archive) {
    require_same_run(identity_in(archive), run, file);
    read_from(archive, tensors, file);
  });
}

}  // namespace transfer
