# embed_text(TARGET FUNCTION HEADER FILE...): compiles text files into TARGET. FUNCTION, which HEADER declares as
# `std::string_view FUNCTION(std::string_view name)` in the namespace `transfer`, gives the text of the file of that name without
# its folder, and throws std::out_of_range for another name. A changed file is embedded anew when the target is built.
function(embed_text target function header)
  set(source "${CMAKE_CURRENT_BINARY_DIR}/generated/${function}.cpp")
  list(JOIN ARGN "|" files)  # a semicolon would divide the argument
  add_custom_command(OUTPUT "${source}"
    COMMAND ${CMAKE_COMMAND} "-DSOURCE=${source}" "-DFUNCTION=${function}" "-DHEADER=${header}" "-DFILES=${files}"
      -P "${CMAKE_SOURCE_DIR}/cmake/EmbedTextScript.cmake"
    DEPENDS ${ARGN} "${CMAKE_SOURCE_DIR}/cmake/EmbedTextScript.cmake" VERBATIM)
  target_sources(${target} PRIVATE "${source}")
  set_property(SOURCE "${source}" PROPERTY SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()
