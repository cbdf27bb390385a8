#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace transfer {

// Numbers with their units, as messages for people show them.

/// "1 class", "2 classes": a number and what it counts, where the plural is not count_text()'s.
std::string count_of(std::size_t count, std::string_view singular, std::string_view plural);

/// A time of at least 0 seconds: "0.42 s", "12 s", "2 min 5 s", "3 h 10 min", "2 days 4 h".
std::string duration_text(double seconds);

/// A number of bytes in decimal units with two or three digits: "950 bytes", "38 kB", "1.2 GB".
std::string bytes_text(double bytes);

/// A loss or an error: "0.4123", from a million on "6.918e+25".
std::string fixed_text(double number);

/// A large number: "950", "38 k", "385 M", "1.2 G".
std::string amount_text(double amount);

}  // namespace transfer
