# build_commit(VARIABLE): the Git commit of the sources as 12 digits, with -dirty where tracked files differ from it;
# "unknown" where the sources are no Git checkout. A new commit makes CMake configure again.
function(build_commit variable)
  set(commit "unknown")
  find_package(Git QUIET)
  if(GIT_FOUND AND EXISTS "${CMAKE_SOURCE_DIR}/.git")
    set(git ${GIT_EXECUTABLE} -c "safe.directory=${CMAKE_SOURCE_DIR}" -C ${CMAKE_SOURCE_DIR})
    execute_process(COMMAND ${git} describe --always --abbrev=12 --exclude=* --dirty
      OUTPUT_VARIABLE described OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE failed ERROR_QUIET)
    if(NOT failed)
      set(commit "${described}")
    endif()
    execute_process(COMMAND ${git} rev-parse --git-path logs/HEAD
      OUTPUT_VARIABLE log OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE failed ERROR_QUIET)
    cmake_path(ABSOLUTE_PATH log BASE_DIRECTORY ${CMAKE_SOURCE_DIR})
    if(NOT failed AND EXISTS "${log}")
      set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${log}")
    endif()
  endif()
  set(${variable} "${commit}" PARENT_SCOPE)
endfunction()
