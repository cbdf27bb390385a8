#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace transfer {

/// What an ensemble's file says of one of the models that it was made of.
struct MemberDescription {
  /// The member's backbone.
  std::string name;
  /// That of the member's file.
  std::string weights_sha256;
};

/// The array `members` of `transfer.json`. Throws std::invalid_argument, naming the field, where it
/// is none.
std::vector<MemberDescription> parse_members(const nlohmann::json& array);

nlohmann::json members_json(const std::vector<MemberDescription>& members);

}  // namespace transfer
