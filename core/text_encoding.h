#pragma once

#include <string>
#include <string_view>

namespace transfer {

/// A text file's contents as UTF-8.
struct DecodedText {
  std::string text;
  /// What the file was written in, such as "UTF-16"; empty where it was UTF-8.
  std::string encoding;
};

/// The bytes of a text file as UTF-8. A byte order mark tells UTF-16 from UTF-8; what is not valid
/// UTF-8 is read as Latin-1, with Windows-1252's letters in 0x80 to 0x9F. Throws DataError naming
/// `name` for UTF-32, broken UTF-16 and NUL bytes.
DecodedText decode_text(std::string_view bytes, const std::string& name);

/// The bytes that decode_text() would read as this text in Latin-1; empty where a letter has none.
std::string latin1_bytes(std::string_view utf8);

}  // namespace transfer
