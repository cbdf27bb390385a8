#include "configs/slurm.h"

#include <gmock/gmock.h>

#include <cstdint>
#include <fstream>
#include <map>
#include <optional>

#include "configs/batch.h"
#include "core/errors.h"
#include "tests/configs/config_message.h"

namespace transfer {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

SlurmSettings read_section(const std::string& text) {
  const std::string file = testing::TempDir() + "/slurm_test.yaml";
  std::ofstream(file) << text;
  return read_slurm_settings(file);
}

std::string section_refusal(const std::string& text) {
  try {
    read_section(text);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no error";
}

TEST(SlurmSettings, EveryKeyIsRead) {
  const auto s = read_section(
      "jobs: []\n"
      "slurm:\n"
      "  partition: gpu\n  account: 'it''s mine'\n  time: 2-12:00:00\n  gres: gpu:a100:1\n"
      "  memory: 8G\n  cpus: 4\n  jobs: 3\n  requeues: 0\n  checkpoint_seconds: 30\n  "
      "file_delay_seconds: 5\n"
      "  container: transfer.sif\n  container_command: [apptainer, exec, --nv]\n"
      "  program: /usr/bin/transfer\n  options: [--constraint=avx512, -C fast]\n");
  EXPECT_EQ(s.partition, "gpu");
  EXPECT_EQ(s.account, "it's mine");
  EXPECT_EQ(s.time, "2-12:00:00");
  EXPECT_EQ(s.gres, "gpu:a100:1");
  EXPECT_EQ(s.memory, "8G");
  EXPECT_EQ(s.cpus, 4);
  EXPECT_EQ(s.jobs, 3);
  EXPECT_EQ(s.requeues, 0);
  EXPECT_EQ(s.checkpoint_seconds, 30);
  EXPECT_EQ(s.file_delay_seconds, 5);
  EXPECT_EQ(s.container, "transfer.sif");
  EXPECT_THAT(s.container_command, ElementsAre("apptainer", "exec", "--nv"));
  EXPECT_EQ(s.program, "/usr/bin/transfer");
  EXPECT_THAT(s.options, ElementsAre("--constraint=avx512", "-C fast"));
}

TEST(SlurmSettings, WithoutASectionTheDefaults) {
  for (const char* text : {"jobs: []", "jobs: []\nslurm:\n", ""}) {
    const auto s = read_section(text);
    EXPECT_EQ(s.partition, "");
    EXPECT_EQ(s.cpus, 1);
    EXPECT_EQ(s.jobs, 0);
    EXPECT_THAT(s.container_command, ElementsAre("apptainer", "exec"));
  }
}

TEST(SlurmSettings, MistakesNameTheLine) {
  EXPECT_THAT(section_refusal("slurm:\n  partiton: gpu\n"),
              AllOf(HasSubstr("slurm_test.yaml:2"), HasSubstr("unknown key 'partiton'"),
                    HasSubstr("did you mean 'partition'")));
  EXPECT_THAT(section_refusal("slurm: gpu"), AllOf(HasSubstr(":1"), HasSubstr("expected keys")));
  EXPECT_THAT(section_refusal("slurm:\n  cpus: 0\n"),
              AllOf(HasSubstr(":2"), HasSubstr("cpus: found '0'"), HasSubstr("from 1")));
  EXPECT_THAT(section_refusal("slurm: {cpus: many}"), HasSubstr("found 'many'"));
  EXPECT_THAT(section_refusal("slurm: {partition: [a, b]}"), HasSubstr("expected a text"));
  EXPECT_THAT(section_refusal("slurm: {partition: \"a\\nb\"}"), HasSubstr("on one line"));
  EXPECT_THAT(section_refusal("slurm: {options: --exclusive}"), HasSubstr("expected a list"));
  EXPECT_THAT(section_refusal("slurm: {options: [exclusive]}"), HasSubstr("found 'exclusive'"));
  EXPECT_THAT(section_refusal("slurm: {options: [\"--x\\n#SBATCH --y\"]}"),
              HasSubstr("on one line"));
  for (const char* own :
       {"--array=1-9", "--requeue", "-o log", "--output=log", "-c4", "-J name", "--time=1", "-t 1",
        "--out=/etc/passwd", "-Qo/etc/passwd", "--'out'put=log"}) {
    EXPECT_THAT(section_refusal(std::string("slurm: {options: [\"") + own + "\"]}"),
                HasSubstr("the batch itself sets"))
        << own;
  }
  for (const char* two : {"--mail-user=x --output=/etc/passwd", "--mail-user x --output=log",
                          "--exclusive -o log", "--comment='a' b", "--mail-type=END x", " "}) {
    EXPECT_THAT(section_refusal(std::string("slurm: {options: [\"") + two + "\"]}"),
                HasSubstr("one option of sbatch in each entry"))
        << two;
  }
}

TEST(SlurmSettings, OptionsWithSpacesInTheirValuesAreTaken) {
  const auto options =
      read_section(
          "slurm: {options: [\"--comment='two --output=x'\", --mail-type END, -pgpu, -Q,"
          " \"--nodelist=a\\\\ b\"]}")
          .options;
  EXPECT_EQ(options.size(), 5U);
}

TEST(SlurmSettings, TimeLimitsAreReadAsSbatchReadsThem) {
  for (const auto& [text, seconds] :
       std::map<const char*, std::int64_t>{{"30", 1800},
                                           {"2:30", 150},
                                           {"1:00:05", 3605},
                                           {"2-3", 2 * 86400 + 3 * 3600},
                                           {"1-0:30", 86400 + 1800},
                                           {"1-01:00:02", 86400 + 3602}}) {
    EXPECT_EQ(slurm_seconds(text), seconds) << text;
  }
  for (const char* text :
       {"", "UNLIMITED", "1:2:3:4", "1-1:2:3:4", "-5", "1:", "5 min", "999999999999999-0"}) {
    EXPECT_EQ(slurm_seconds(text), std::nullopt) << text;
  }
}

TEST(SlurmSettings, ATimeLimitLeavesTimeBeforeTheCheckpoint) {
  EXPECT_THAT(section_refusal("jobs: []\nslurm: {time: 3}\n"),
              AllOf(HasSubstr(":2"), HasSubstr("'3' (180 s)"), HasSubstr("180 s before")));
  EXPECT_THAT(section_refusal("slurm: {time: \"1:0:0\", checkpoint_seconds: 3600}"),
              HasSubstr("checkpoint_seconds"));
  EXPECT_EQ(read_section("slurm: {time: 4}\n").time, "4");
  EXPECT_EQ(read_section("slurm: {time: \"3:01\"}\n").time, "3:01") << "four minutes to Slurm";
  EXPECT_EQ(read_section("slurm: {time: 0}\n").time, "0");
}

TEST(SlurmSettings, TheBatchItselfTakesASection) {
  const std::string file = testing::TempDir() + "/slurm_batch_test.yaml";
  std::ofstream(file) << "slurm: {cpus: 2}\njobs: [{name: a}]\n";
  EXPECT_EQ(read_batch(file, kStrategies).size(), 1U);
}

}  // namespace
}  // namespace transfer
