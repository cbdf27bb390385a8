#pragma once

#include "models/archive_file.h"

namespace transfer {

/// Follows the pickles of an archive as LibTorch will, without making anything of what they
/// describe. LibTorch believes them: numbers in a pickle make it read beside a tensor's record, ask
/// for any amount of memory or use values that are not there. Throws DamagedArchive, naming record
/// and byte, for a pickle that LibTorch could not follow, a tensor that is larger than its record,
/// values that hold themselves or lie too deep in each other, and sparse tensors.
void require_sound_pickles(const ArchiveFile& archive);

}  // namespace transfer
