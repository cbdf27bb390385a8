#include "app/batch/slurm/slurm_script.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "core/atomic_file.h"
#include "tests/datasets/temporary_folder.h"

namespace transfer {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

SlurmArray example_array() {
  SlurmArray array;
  array.settings.program = "/opt/my apps/it's transfer";
  array.settings.cpus = 4;
  array.name = "study-1a2b3c4d";
  array.jobs = {{1, "bees"}, {2, "steel-seed=1"}, {3, "steel-seed=2"}, {7, "o,k"}};
  array.batch_file = "my runs/100%/batch/study-1a2b3c4d.yaml";
  array.out = "my runs/100%";
  array.working_folder = "/home/o'hara/images of bees";
  return array;
}

TEST(SlurmScript, IndexesAreRanges) {
  EXPECT_EQ(array_indexes({{1, ""}}), "1");
  EXPECT_EQ(array_indexes({{1, ""}, {2, ""}, {3, ""}, {5, ""}, {7, ""}, {8, ""}}), "1-3,5,7-8");
}

TEST(SlurmScript, WhatIsAskedOfSlurm) {
  SlurmArray array = example_array();
  EXPECT_THAT(array_script(array),
              AllOf(StartsWith("#!/bin/bash\n"), HasSubstr("#SBATCH --array=1-3,7\n"),
                    HasSubstr("#SBATCH --job-name=study-1a2b3c4d\n"),
                    HasSubstr("#SBATCH --cpus-per-task=4\n"), HasSubstr("#SBATCH --requeue\n"),
                    HasSubstr("#SBATCH --signal=B:TERM@120\n"),
                    HasSubstr("#SBATCH --output='/home/o'\\''hara/images of bees/my "
                              "runs/100%%/batch/slurm-%A_%a.log'\n"),
                    Not(HasSubstr("--partition")), Not(HasSubstr("--mem"))));
  SlurmSettings& s = array.settings;
  s.partition = "gpu";
  s.account = "o'hara's group";
  s.time = "2:00:00";
  s.gres = "gpu:1";
  s.memory = "8G";
  s.jobs = 2;
  s.checkpoint_seconds = 30;
  s.options = {"--constraint=avx512", "--exclusive"};
  EXPECT_THAT(array_script(array),
              AllOf(HasSubstr("#SBATCH --array=1-3,7%2\n"), HasSubstr("#SBATCH --partition=gpu\n"),
                    HasSubstr("#SBATCH --account='o'\\''hara'\\''s group'\n"),
                    HasSubstr("#SBATCH --time=2:00:00\n"), HasSubstr("#SBATCH --gres=gpu:1\n"),
                    HasSubstr("#SBATCH --mem=8G\n"), HasSubstr("#SBATCH --signal=B:TERM@30\n"),
                    HasSubstr("#SBATCH --constraint=avx512\n#SBATCH --exclusive\n")));
}

TEST(SlurmScript, AContainerStandsInFrontOfTheProgram) {
  SlurmArray array = example_array();
  array.settings.container = "my image.sif";
  array.settings.container_command = {"apptainer", "exec", "--nv"};
  array.settings.program = kProgramInImage;
  array.device = "cuda";
  EXPECT_THAT(array_script(array),
              HasSubstr("apptainer exec --nv 'my image.sif' /opt/transfer/bin/transfer batch 'my "
                        "runs/100%/batch/study-1a2b3c4d.yaml' --output 'my runs/100%' --threads 4 "
                        "--device cuda --job \"$SLURM_ARRAY_TASK_ID\" < /dev/null"));
}

/// Runs the script as Slurm would, with programs of the test in place of transfer and of Slurm's.
class SlurmTaskScript : public testing::Test {
 protected:
  SlurmTaskScript() {
    array_ = example_array();
    array_.working_folder = folder_.path() / "it's a folder";
    array_.settings.program = (folder_.path() / "a 'program'").string();
    std::filesystem::create_directories(array_.working_folder / array_.out / "batch");
    std::filesystem::create_directories(folder_.path() / "bin");
    program("bin/squeue", "[ -z \"$SQUEUE_PARTITION\" ] && rm " + silent_once() +
                              " 2> /dev/null && exit 1; echo ${STATE-RUNNING}");
    program("bin/scontrol", "echo \"$@\" >> " + requeued() + "; exit ${SCONTROL-0}");
  }

  /// While this file exists, squeue fails once, except where SQUEUE_PARTITION is set.
  std::string silent_once() const { return (folder_.path() / "silent").string(); }
  std::string requeued() const { return (folder_.path() / "requeued").string(); }

  void program(const std::string& name, const std::string& body) {
    const auto file = folder_.path() / name;
    std::ofstream(file) << "#!/bin/bash\n" << body << "\n";
    std::filesystem::permissions(file, std::filesystem::perms::owner_all);
  }

  /// Exit status of task 2; `environment` such as `STATE=CANCELLED`.
  int run(const std::string& environment = "") {
    const auto script = folder_.path() / "script";
    std::ofstream(script) << array_script(array_);
    const std::string command = "cd / && PATH=" + (folder_.path() / "bin").string() +
                                ":$PATH SLURM_ARRAY_TASK_ID=2 SLURM_ARRAY_JOB_ID=77 " +
                                environment + " bash " + script.string() + " > " +
                                (folder_.path() / "printed").string() + " 2>&1";
    const int status = std::system(command.c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  std::string own_file(const std::string& name) const {
    return read_file(array_.working_folder / array_.out / "batch" / name);
  }
  bool has(const std::string& name) const {
    return std::filesystem::exists(array_.working_folder / array_.out / "batch" / name);
  }

  TemporaryFolder folder_;
  SlurmArray array_;
};

TEST_F(SlurmTaskScript, RunsItsJobAndLeavesItsExitStatus) {
  program("a 'program'", "pwd; printf '%s|' \"$@\"; exit ${STATUS-0}");
  EXPECT_EQ(run(), 0);
  EXPECT_EQ(own_file("steel-seed=1.exit"), "77 0 RUNNING\n");
  EXPECT_EQ(own_file("steel-seed=1.log"),
            array_.working_folder.string() +
                "\nbatch|my runs/100%/batch/study-1a2b3c4d.yaml|--output|my "
                "runs/100%|--threads|4|--job|2|");
  EXPECT_EQ(run("STATUS=7"), 7);
  EXPECT_EQ(own_file("steel-seed=1.exit"), "77 7 RUNNING\n");
  EXPECT_FALSE(std::filesystem::exists(requeued()));
}

TEST_F(SlurmTaskScript, AStoppedJobIsRequeuedWhereSlurmDoesNotEndItItself) {
  program("a 'program'", "exit 143");
  EXPECT_EQ(run(), 143);
  EXPECT_EQ(read_file(requeued()), "requeue 77_2\n");
  EXPECT_FALSE(has("steel-seed=1.exit")) << "it has not ended yet";
  std::filesystem::remove(requeued());
  EXPECT_EQ(run("STATE=COMPLETING"), 143);
  EXPECT_EQ(own_file("steel-seed=1.exit"), "77 143 COMPLETING\n");
  EXPECT_EQ(run("SLURM_RESTART_COUNT=10"), 143);
  EXPECT_EQ(own_file("steel-seed=1.exit"), "77 143 REQUEUES_SPENT\n");
  EXPECT_FALSE(std::filesystem::exists(requeued()));
  std::ofstream(silent_once()) << "";
  EXPECT_EQ(run("SQUEUE_PARTITION=other"), 143);
  EXPECT_FALSE(std::filesystem::exists(silent_once())) << "SQUEUE_ variables are not passed on";
  EXPECT_EQ(read_file(requeued()), "requeue 77_2\n") << "squeue is asked again";
  EXPECT_EQ(run("SCONTROL=1"), 143);
  EXPECT_EQ(own_file("steel-seed=1.exit"), "77 143 RUNNING\n") << "requeueing was refused";
}

TEST_F(SlurmTaskScript, PassesTheSignalOnAndWaitsForTheCheckpoint) {
  // The job signals the script, as Slurm does near the time limit, and then waits for the signal.
  program("a 'program'",
          "trap 'sleep 0.3; echo checkpoint; exit 143' TERM; kill -TERM $PPID\n"
          "for _ in $(seq 100); do sleep 0.1; done");
  EXPECT_EQ(run(), 143);
  EXPECT_EQ(own_file("steel-seed=1.log"), "checkpoint\n");
  EXPECT_EQ(read_file(requeued()), "requeue 77_2\n");
}

TEST_F(SlurmTaskScript, PassesNothingOnWhereSlurmSignalsAllProcesses) {
  program("a 'program'", "trap 'echo told; exit 143' TERM; kill -TERM $PPID; sleep 1; exit 5");
  EXPECT_EQ(run("STATE=COMPLETING"), 5);
  EXPECT_EQ(own_file("steel-seed=1.log"), "");
}

}  // namespace
}  // namespace transfer
