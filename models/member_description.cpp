#include "models/member_description.h"

#include <nlohmann/json.hpp>
#include <stdexcept>

namespace transfer {

using nlohmann::json;

std::vector<MemberDescription> parse_members(const json& array) {
  if (!array.is_array() || array.empty()) {
    throw std::invalid_argument("members is not a list of models");
  }
  std::vector<MemberDescription> members;
  for (const json& member : array) {
    for (const auto& [key, value] : member.items()) {
      if (key == "name" || key == "weights_sha256") continue;
      throw std::invalid_argument("unknown key 'members." + key + "'");
    }
    members.push_back(
        {member.at("name").get<std::string>(), member.at("weights_sha256").get<std::string>()});
  }
  return members;
}

json members_json(const std::vector<MemberDescription>& members) {
  json array = json::array();
  for (const MemberDescription& member : members) {
    array.push_back({{"name", member.name}, {"weights_sha256", member.weights_sha256}});
  }
  return array;
}

}  // namespace transfer
