# Run while installing with TRANSFER_RELOCATABLE: copies the shared libraries that the program loads, and their
# licences. The variables come from Install.cmake:
#   WANTED `torch`      LibTorch's own, with the licences that its wheel bundles; with a CUDA wheel also NVIDIA's, but
#                       for those in UNUSED_CUDA_LIBRARIES
#   WANTED `libraries`  all others but glibc's, each of which must be in LICENCES; a library that PLACEHOLDERS names is
#                       taken from there
set(prefix "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}")
set(glibc "^(lib(c|m|dl|pthread|rt|resolv|util)|ld-linux.*)\\.so")

# LibTorch for CUDA and NVIDIA's libraries open others by name. NVIDIA's packages lie beside the wheel's `torch`:
# nvidia/cudnn/lib and the like; since CUDA 13 most of them share nvidia/cu13/lib.
get_filename_component(nvidia "${TORCH_FOLDER}/../nvidia" ABSOLUTE)
set(opened "")
if(EXISTS "${TORCH_FOLDER}/lib/libtorch_cuda.so")
  file(GLOB opened "${TORCH_FOLDER}/lib/libtorch_cuda_linalg.so" "${TORCH_FOLDER}/lib/libcaffe2_nvrtc.so"
    "${nvidia}/*/lib/*.so*")
  file(STRINGS "${UNUSED_CUDA_LIBRARIES}" lines REGEX "^[^#]")
  foreach(line ${lines})
    string(REGEX REPLACE " .*" "" pattern "${line}")
    file(GLOB unused "${nvidia}/*/lib/${pattern}")
    list(REMOVE_ITEM opened ${unused})
  endforeach()
endif()

file(GET_RUNTIME_DEPENDENCIES EXECUTABLES "${BUILT_PROGRAM}" LIBRARIES ${opened}
  RESOLVED_DEPENDENCIES_VAR found UNRESOLVED_DEPENDENCIES_VAR unresolved CONFLICTING_DEPENDENCIES_PREFIX conflict
  PRE_EXCLUDE_REGEXES "${glibc}")
# A library may be found by several paths; the first counts, as for the loader.
foreach(name ${conflict_FILENAMES})
  list(GET conflict_${name} 0 first)
  list(APPEND found "${first}")
endforeach()
set(paths "")
foreach(path ${found} ${opened})
  get_filename_component(path "${path}" ABSOLUTE)
  list(APPEND paths "${path}")
endforeach()
list(REMOVE_DUPLICATES paths)
list(FILTER unresolved EXCLUDE REGEX "^lib(cuda|nvidia-ml)\\.so\\.1$")  # the driver's, which is the machine's
if(unresolved)
  message(FATAL_ERROR "${BUILT_PROGRAM}, or a library that it loads, needs libraries that were not found: ${unresolved}")
endif()

# copy(PATH): under the name that the program asks for, without the symbols that only a debugger reads. NVIDIA's
# libraries stay as they are.
function(copy path)
  get_filename_component(name "${path}" NAME)
  get_filename_component(file "${path}" REALPATH)
  file(INSTALL "${file}" DESTINATION "${CMAKE_INSTALL_PREFIX}/${LIBRARY_FOLDER}" TYPE FILE RENAME "${name}")
  string(FIND "${path}" "${nvidia}/" position)
  if(NOT position EQUAL 0)
    execute_process(COMMAND strip --strip-unneeded "${prefix}/${LIBRARY_FOLDER}/${name}" COMMAND_ERROR_IS_FATAL ANY)
  endif()
endfunction()

# package_of(PATH RESULT): the Debian package that the file belongs to.
function(package_of path result)
  get_filename_component(file "${path}" REALPATH)
  string(REGEX REPLACE "^/usr" "" short "${file}")
  execute_process(COMMAND dpkg-query --search "${file}" "${short}" OUTPUT_VARIABLE found ERROR_QUIET)
  string(REGEX MATCH "^[^:]+" package "${found}")
  set(${result} "${package}" PARENT_SCOPE)
endfunction()

# check_licence(PACKAGE): stops unless LICENCES admits the package and its copyright file still says so.
function(check_licence package path)
  string(REGEX REPLACE "([+.])" "\\\\\\1" pattern "${package}")
  file(STRINGS "${LICENCES}" line REGEX "^${pattern} ")
  if(NOT line)
    message(FATAL_ERROR "${path} belongs to the Debian package '${package}', whose licence nobody has looked at. "
      "Read /usr/share/doc/${package}/copyright, then add it to ${LICENCES} and to NOTICE, or do without it.")
  endif()
  string(REGEX REPLACE "^.*   *" "" words "${line}")
  file(READ "/usr/share/doc/${package}/copyright" copyright)
  string(FIND "${copyright}" "${words}" position)
  if(position EQUAL -1)
    message(FATAL_ERROR "/usr/share/doc/${package}/copyright does not have the words '${words}' any more, by which "
      "${LICENCES} knows its licence. Read it again.")
  endif()
endfunction()

function(install_copyright package)
  get_filename_component(copyright "/usr/share/doc/${package}/copyright" REALPATH)
  file(INSTALL "${copyright}" DESTINATION "${CMAKE_INSTALL_PREFIX}/${LICENCE_FOLDER}/${package}" TYPE FILE
    RENAME copyright)
endfunction()

foreach(path ${paths})
  get_filename_component(name "${path}" NAME)
  string(FIND "${path}" "${TORCH_FOLDER}/" in_torch)
  string(FIND "${path}" "${nvidia}/" in_nvidia)
  if(in_torch EQUAL 0 OR in_nvidia EQUAL 0)
    if(WANTED STREQUAL "torch")
      copy("${path}")
    endif()
  elseif(WANTED STREQUAL "libraries")
    set(placeholder "")
    foreach(candidate ${PLACEHOLDERS})
      get_filename_component(stands_for "${candidate}" NAME)
      if(stands_for STREQUAL name)
        set(placeholder "${candidate}")
      endif()
    endforeach()
    if(placeholder)
      copy("${placeholder}")
    else()
      package_of("${path}" package)
      check_licence("${package}" "${path}")
      copy("${path}")
      install_copyright("${package}")
    endif()
  endif()
endforeach()

if(WANTED STREQUAL "torch")
  file(GLOB licences "${TORCH_FOLDER}/../torch-*.dist-info/licenses" "${TORCH_FOLDER}/LICENSE")
  foreach(licence ${licences})
    if(IS_DIRECTORY "${licence}")
      string(APPEND licence "/")
    endif()
    file(INSTALL "${licence}" DESTINATION "${CMAKE_INSTALL_PREFIX}/${LICENCE_FOLDER}/torch")
  endforeach()
  if(opened)
    file(GLOB licences RELATIVE "${nvidia}/.." "${nvidia}/../nvidia_*.dist-info")
    foreach(licence ${licences})
      file(GLOB texts "${nvidia}/../${licence}/licenses/*" "${nvidia}/../${licence}/License*")
      string(REGEX REPLACE "-.*" "" package "${licence}")
      file(INSTALL ${texts} DESTINATION "${CMAKE_INSTALL_PREFIX}/${LICENCE_FOLDER}/${package}")
    endforeach()
  endif()
  # Compiled into the program.
  foreach(package libboost-dev libcli11-dev nlohmann-json3-dev)
    if(EXISTS "/usr/share/doc/${package}/copyright")
      install_copyright(${package})
    endif()
  endforeach()
endif()
