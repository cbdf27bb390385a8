#pragma once

#include <string>

#include "app/check/data_check.h"

namespace transfer {

/// A page with thumbnails on which a person marks what to drop or relabel, and that saves these
/// marks as a CSV file for `transfer check --apply`. Self-contained and below 5 MB: of very many
/// findings it shows the worst of each fault, and says how many it leaves out.
std::string check_page(const DataCheck& check);

}  // namespace transfer
