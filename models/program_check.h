#pragma once

#include <optional>
#include <string>

#include "models/archive_file.h"

namespace transfer {

/// What a program in an archive uses beside operators on tensors.
struct ForbiddenUse {
  std::string what;   ///< "torch.save, which writes files"
  std::string where;  ///< "code/__torch__.py, line 12, in Network.__setstate__"
};

/// The first such use in the programs of an archive, read as text: nothing of it is compiled or
/// run. Objects of C++ classes count too. Throws DamagedArchive where a program is damaged or no
/// program.
std::optional<ForbiddenUse> find_forbidden_use(const ArchiveFile& archive);

/// The first function, of whatever operators: archives that only hold data have none.
std::optional<ForbiddenUse> find_any_program(const ArchiveFile& archive);

}  // namespace transfer
