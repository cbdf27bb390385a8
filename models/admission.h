#pragma once

#include <filesystem>

#include "core/trust.h"
#include "models/archive_file.h"

namespace transfer {

/// Decides whether a model file may be loaded, before anything of its program is compiled or run.
/// A file whose hash is pinned passes. Of the others, `trust` admits those whose programs hold
/// operators on tensors alone; it may demand a pin or ask the user beside. A file that is neither
/// pinned nor names where it comes from (`has_metadata`) is named with its hash in a note.
/// Throws ModelError with the place in the program and the remedy, and DamagedArchive.
void admit(const ArchiveFile& archive, const std::filesystem::path& file, bool has_metadata,
           const Trust& trust);

}  // namespace transfer
