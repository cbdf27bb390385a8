#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>

namespace transfer {

// Folders that several users share, such as a feature store: what another user may have put there.

/// Makes the folder with those above it, unless it is there, so that not everyone can write to
/// them.
std::error_code make_folder(const std::filesystem::path& folder);

/// Why what an open file holds may come from anyone ("FILE: REASON. REMEDY."), or nothing where it
/// can be relied on: only its owner and group may write to it, and it belongs to this user, to
/// root, to the owner of its folder or, where the folder's group may write there, to that group.
std::optional<std::string> why_untrusted(int descriptor, const std::filesystem::path& file);

/// Throws OutputError unless the same holds for `folder`, which may be no symbolic link.
void require_trusted_folder(const std::filesystem::path& folder);

/// The user that a folder belongs to where that is neither this user nor root.
std::optional<std::uint32_t> foreign_owner(const std::filesystem::path& folder);

/// Throws OutputError where everyone may remove from `folder` what others have put there.
void require_guarded_folder(const std::filesystem::path& folder);

}  // namespace transfer
