# Run while installing: has the built program print its manual page and the shells' completions, and installs them.
# BUILT_PROGRAM, WORK_FOLDER, DATA_FOLDER and MANUAL_FOLDER come from Install.cmake.
file(MAKE_DIRECTORY "${WORK_FOLDER}")

# print(FORMAT FILE)
function(print format file)
  execute_process(COMMAND "${BUILT_PROGRAM}" completion ${format} OUTPUT_FILE "${WORK_FOLDER}/${file}"
    RESULT_VARIABLE status ERROR_VARIABLE message)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${BUILT_PROGRAM} completion ${format} failed: ${message}")
  endif()
endfunction()

function(place file folder)
  if(NOT IS_ABSOLUTE "${folder}")
    string(PREPEND folder "${CMAKE_INSTALL_PREFIX}/")
  endif()
  file(INSTALL "${WORK_FOLDER}/${file}" DESTINATION "${folder}" TYPE FILE ${ARGN})
endfunction()

print(man transfer.1)
execute_process(COMMAND gzip -9 --no-name --force "${WORK_FOLDER}/transfer.1" COMMAND_ERROR_IS_FATAL ANY)
place(transfer.1.gz "${MANUAL_FOLDER}")

print(bash transfer.bash)
place(transfer.bash "${DATA_FOLDER}/bash-completion/completions" RENAME transfer)
# Debian's zsh looks for a package's completions in a folder of its own.
set(zsh_folder site-functions)
if(CMAKE_INSTALL_PREFIX MATCHES "/usr$" AND EXISTS /etc/debian_version)
  set(zsh_folder vendor-completions)
endif()
print(zsh _transfer)
place(_transfer "${DATA_FOLDER}/zsh/${zsh_folder}")
print(fish transfer.fish)
place(transfer.fish "${DATA_FOLDER}/fish/vendor_completions.d")
