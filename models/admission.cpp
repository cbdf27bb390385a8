#include "models/admission.h"

#include <fmt/format.h>

#include <mutex>
#include <set>

#include "core/errors.h"
#include "core/messages.h"
#include "models/program_check.h"

namespace transfer {
namespace {

void refuse_forbidden_use(const ArchiveFile& archive, const std::filesystem::path& file) {
  const auto use = find_forbidden_use(archive);
  if (!use) return;
  throw ModelError(fmt::format(
      "{}: its program uses {} ({}). Expected operators on tensors alone; nothing of it was run. "
      "Export the network without it. If you know where the file comes from and want its program "
      "to run with your rights: --trust sha256:{}",
      file.string(), use->what, use->where, archive.sha256()));
}

/// Whether the process meets a file of this hash for the first time.
bool is_first_of(const std::string& hash) {
  static std::mutex mutex;
  static std::set<std::string> known;
  const std::lock_guard lock(mutex);
  return known.insert(hash).second;
}

void ask_user(const std::string& file, const std::string& hash, const Trust& trust) {
  if (!trust.ask) {
    throw ModelError(
        fmt::format("{}: sha256:{} is not pinned, and trust is 'ask', but there is no terminal to "
                    "ask on. Pin it where you know where it comes from: --trust sha256:{}",
                    file, hash, hash));
  }
  if (trust.ask(fmt::format("{}: sha256:{} is not pinned. Load it?", file, hash))) return;
  throw ModelError(fmt::format("{}: was not loaded, as you answered.", file));
}

}  // namespace

void admit(const ArchiveFile& archive, const std::filesystem::path& file, bool has_metadata,
           const Trust& trust) {
  if (trust.rule == TrustRule::kAlways) return;
  const bool names_itself = has_metadata && trust.rule == TrustRule::kChecked && trust.pins.empty();
  const std::string hash = names_itself ? "" : archive.sha256();
  if (trust.pins.contains(hash)) return;
  if (trust.rule == TrustRule::kPinned) {
    throw ModelError(fmt::format(
        "{}: sha256:{} is not pinned, and trust admits pinned files alone. If you know where it "
        "comes from, pin it: --trust sha256:{}, or as a line of the file that --trust-file names.",
        file.string(), hash, hash));
  }
  refuse_forbidden_use(archive, file);
  if (names_itself) return;
  if (trust.rule == TrustRule::kAsk) return ask_user(file.string(), hash, trust);
  if (!is_first_of(hash)) return;
  note(
      "{}: sha256:{} is not pinned. Its operators are those of tensors; pin it by --trust "
      "sha256:{}",
      file.string(), hash, hash);
}

}  // namespace transfer
