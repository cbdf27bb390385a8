# Writes SOURCE for embed_text() from FILES, which are separated by |.
string(REPLACE "|" ";" files "${FILES}")
set(entries "")
foreach(file IN LISTS files)
  file(READ "${file}" text)
  cmake_path(GET file FILENAME name)
  string(FIND "${text}" ")embedded\"" end)
  if(NOT end EQUAL -1)
    message(FATAL_ERROR "${file}: contains the text that ends an embedded file")
  endif()
  string(APPEND entries "  if (name == \"${name}\") return R\"embedded(${text})embedded\";\n")
endforeach()
file(WRITE "${SOURCE}.new" "#include \"${HEADER}\"\n\n#include <stdexcept>\n#include <string>\n\nnamespace transfer {\n\n"
  "std::string_view ${FUNCTION}(std::string_view name) {\n${entries}"
  "  throw std::out_of_range(\"no embedded file \" + std::string(name));\n}\n\n}  // namespace transfer\n")
file(RENAME "${SOURCE}.new" "${SOURCE}")
