# What `cmake --install` puts where, by the FHS:
#   bin/transfer, share/transfer/{presets,models,python}, share/doc/transfer, the manual page, the shells' completions
# and with TRANSFER_RELOCATABLE=ON the shared libraries that the program loads:
#   lib/transfer, with their licences in share/doc/transfer/third-party
#
# Components: `program`; `torch` (LibTorch's libraries); `libraries` (all others but glibc's); `debian` (what only a
# Debian package has).
option(TRANSFER_RELOCATABLE "Install the shared libraries too, and build no path of this machine into the program" OFF)
include(GNUInstallDirs)
set(TRANSFER_DOC ${CMAKE_INSTALL_DATADIR}/doc/transfer)

install(TARGETS transfer RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT program)
install(DIRECTORY presets DESTINATION ${CMAKE_INSTALL_DATADIR}/transfer COMPONENT program)
install(DIRECTORY models/pretrained/ DESTINATION ${CMAKE_INSTALL_DATADIR}/transfer/models COMPONENT program OPTIONAL
  FILES_MATCHING PATTERN "*.pt" PATTERN "*.golden.pt" EXCLUDE)
install(DIRECTORY models/export DESTINATION ${CMAKE_INSTALL_DATADIR}/transfer/python/models COMPONENT program
  FILES_MATCHING PATTERN "*.py" PATTERN "__pycache__" EXCLUDE)
install(FILES LICENSE NOTICE DESTINATION ${TRANSFER_DOC} COMPONENT program)
install(FILES README.md CHANGELOG.md CONTRIBUTING.md SECURITY.md CITATION.cff DESTINATION ${TRANSFER_DOC}
  COMPONENT program OPTIONAL)
install(DIRECTORY docs examples DESTINATION ${TRANSFER_DOC} COMPONENT program OPTIONAL
  FILES_MATCHING PATTERN "*.md" PATTERN "*.yaml" PATTERN "*.schema.json")
install(FILES NOTICE DESTINATION ${TRANSFER_DOC} COMPONENT debian EXCLUDE_FROM_ALL RENAME copyright)

# transfer_install_script(NAME COMPONENT [VARIABLE VALUE]...): runs cmake/NAME.cmake while installing.
function(transfer_install_script name component)
  set(assignments "")
  while(ARGN)
    list(POP_FRONT ARGN variable value)
    string(APPEND assignments "set(${variable} [==[${value}]==])\n")
  endwhile()
  install(CODE "${assignments}" COMPONENT ${component})
  install(SCRIPT ${CMAKE_SOURCE_DIR}/cmake/${name}.cmake COMPONENT ${component})
endfunction()

transfer_install_script(InstallManual program
  BUILT_PROGRAM "$<TARGET_FILE:transfer>"
  WORK_FOLDER "${CMAKE_BINARY_DIR}/manual"
  DATA_FOLDER "${CMAKE_INSTALL_DATADIR}"
  MANUAL_FOLDER "${CMAKE_INSTALL_MANDIR}/man1")

if(TRANSFER_RELOCATABLE)
  # For __FILE__ in messages.
  target_compile_options(transfer_flags INTERFACE
    "-ffile-prefix-map=${LibTorch_ROOT_DIR}=torch" "-ffile-prefix-map=${CMAKE_SOURCE_DIR}/=")
  # The build folder has the shape of an installation, so that the program finds presets, backbones and the exporter there too.
  set_target_properties(transfer PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
  set(share ${CMAKE_BINARY_DIR}/share/transfer)
  file(MAKE_DIRECTORY ${share})
  file(CREATE_LINK ${CMAKE_SOURCE_DIR}/presets ${share}/presets SYMBOLIC)
  file(CREATE_LINK ${CMAKE_SOURCE_DIR}/models/pretrained ${share}/models SYMBOLIC)
  file(MAKE_DIRECTORY ${share}/python/models)
  file(CREATE_LINK ${CMAKE_SOURCE_DIR}/models/export ${share}/python/models/export SYMBOLIC)
  # As RPATH rather than RUNPATH, which would not reach the libraries that a library loads.
  set_target_properties(transfer PROPERTIES INSTALL_RPATH "$ORIGIN/../lib/transfer")
  target_link_options(transfer PRIVATE LINKER:--disable-new-dtags)
  add_library(jbig SHARED cmake/jbig_placeholder.cpp)
  set_target_properties(jbig PROPERTIES SOVERSION 0)
  foreach(component torch libraries)
    transfer_install_script(InstallLibraries ${component}
      WANTED ${component}
      BUILT_PROGRAM "$<TARGET_FILE:transfer>"
      TORCH_FOLDER "${LibTorch_ROOT_DIR}"
      PLACEHOLDERS "$<TARGET_SONAME_FILE:jbig>"
      UNUSED_CUDA_LIBRARIES "${CMAKE_SOURCE_DIR}/cmake/unused-cuda-libraries.txt"
      LICENCES "${CMAKE_SOURCE_DIR}/cmake/bundled-licences.txt"
      LIBRARY_FOLDER "lib/transfer"
      LICENCE_FOLDER "${TRANSFER_DOC}/third-party")
  endforeach()
else()
  # From the build folder, the program finds presets and backbones in the source tree.
  set_property(SOURCE core/install_paths.cpp APPEND PROPERTY
    COMPILE_DEFINITIONS TRANSFER_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  set_target_properties(transfer PROPERTIES
    INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR};${LibTorch_ROOT_DIR}/lib")
endif()
