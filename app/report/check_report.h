#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "app/check/data_check.h"

namespace transfer {

/// What a fault is called, for people: "label errors".
const char* title_of(Fault fault);

/// What a fault means and what to do about it, in a sentence.
const char* advice_on(Fault fault);

/// What is known of one finding beside its image and its score: the other image, the class that
/// fits better, or why the image cannot be read. Empty where there is nothing.
std::string explain(const Finding& finding, const DataCheck& check);

/// What holds for the data as a whole: sizes, shortcuts, what the reader warned of, and notes. A
/// sentence or more each.
std::vector<std::string> check_summary(const DataCheck& check);

/// The check as one JSON object, with all findings.
nlohmann::ordered_json check_object(const DataCheck& check);

/// The same for people: tables, and of each fault the worst images.
std::string check_text(const DataCheck& check);

}  // namespace transfer
