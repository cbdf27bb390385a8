#include "app/batch/launcher.h"

#include "app/report/provenance.h"

namespace transfer {

std::string Launcher::parting_words() const {
  return "The same command resumes from here: " + command_of_process();
}

}  // namespace transfer
