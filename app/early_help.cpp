// Answers `transfer` and `transfer --help` before the libraries are initialised. LibTorch registers
// thousands of operators then, which takes 0.2 s; the answer takes a twentieth of it. The text is
// written by app/help_writer.cpp when the program is built, and is that of `transfer help`.
//
// No other code of this program, or of the C++ library, may be used here.

#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace {

#include "early_help_text.inc"

/// One of several processes leaves it to those that know which of them speaks.
bool is_one_of_several() {
  return std::getenv("OMPI_COMM_WORLD_SIZE") != nullptr || std::getenv("PMIX_RANK") != nullptr ||
         std::getenv("SLURM_PROCID") != nullptr;
}

void answer(int argc, char** argv, char** /*environment*/) {
  const bool asks_for_help =
      argc == 2 && (std::strcmp(argv[1], "--help") == 0 || std::strcmp(argv[1], "-h") == 0);
  if ((argc != 1 && !asks_for_help) || is_one_of_several()) return;
  const char* text = argc == 1 ? kFirstSteps : kHelp;
  const std::size_t size = argc == 1 ? sizeof(kFirstSteps) - 1 : sizeof(kHelp) - 1;
  const ssize_t written = ::write(STDOUT_FILENO, text, size);
  if (written <= 0) return;  // `main` says why
  std::size_t done = static_cast<std::size_t>(written);
  while (done < size) {
    const ssize_t more = ::write(STDOUT_FILENO, text + done, size - done);
    if (more <= 0) ::_exit(6);  // as ExitCode::kOutput
    done += static_cast<std::size_t>(more);
  }
  ::_exit(0);
}

/// The loader calls these before any library's own initialisation.
__attribute__((section(".preinit_array"), used)) void (*const early_answer)(int, char**,
                                                                            char**) = &answer;

}  // namespace
