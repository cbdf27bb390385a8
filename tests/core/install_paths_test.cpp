#include "core/install_paths.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <map>
#include <optional>
#include <string>

namespace transfer {
namespace {

/// Sets variables of the environment while it lives; "" takes one away.
class WithEnvironment {
 public:
  explicit WithEnvironment(const std::map<std::string, std::string>& variables) {
    for (const auto& [name, value] : variables) {
      const char* const before = std::getenv(name.c_str());
      before_[name] = before == nullptr ? std::nullopt : std::optional<std::string>(before);
      value.empty() ? ::unsetenv(name.c_str()) : ::setenv(name.c_str(), value.c_str(), 1);
    }
  }
  ~WithEnvironment() {
    for (const auto& [name, value] : before_) {
      value ? ::setenv(name.c_str(), value->c_str(), 1) : ::unsetenv(name.c_str());
    }
  }
  WithEnvironment(const WithEnvironment&) = delete;
  WithEnvironment& operator=(const WithEnvironment&) = delete;

 private:
  std::map<std::string, std::optional<std::string>> before_;
};

TEST(UserDataFolder, IsTheStandardsOneOrBelowTheHome) {
  {
    const WithEnvironment both({{"XDG_DATA_HOME", "/data"}, {"HOME", "/home/a"}});
    EXPECT_EQ(user_data_folder(), "/data/transfer");
  }
  const WithEnvironment home({{"XDG_DATA_HOME", "relative"}, {"HOME", "/home/a"}});
  EXPECT_EQ(user_data_folder(), "/home/a/.local/share/transfer");
  const WithEnvironment neither({{"XDG_DATA_HOME", ""}, {"HOME", ""}});
  EXPECT_EQ(user_data_folder(), "");
}

TEST(ExportFolder, IsSearchedForBackbones) {
  for (const std::string chosen : {"models", ""}) {
    const WithEnvironment environment({{"TRANSFER_MODELS", chosen}, {"HOME", "/home/a"}});
    const auto folder = export_folder();
    EXPECT_THAT(backbone_folders(), testing::Contains(folder));
    EXPECT_TRUE(chosen.empty() || folder == chosen) << folder;
  }
}

}  // namespace
}  // namespace transfer
