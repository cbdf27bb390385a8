# Finds LibTorch (2.6 or later) without asking for a CUDA toolkit, and makes the imported target
# LibTorch::LibTorch. Looked in, first match wins:
#   TORCH_DIR (CMake variable or environment): the `torch` folder of a wheel, an unpacked LibTorch
#   .venv of the source tree, made by `make setup`
#   the system's prefixes
#
# The include folders go in with -idirafter: the wheel bundles headers of another fmt, and with
# -I or -isystem those would win over the system's.

# Remembered, so that a later run of CMake by ninja, without the environment, finds the same one.
if(NOT TORCH_DIR AND NOT "$ENV{TORCH_DIR}" STREQUAL "")
  get_filename_component(_given "$ENV{TORCH_DIR}" ABSOLUTE)
  set(TORCH_DIR "${_given}" CACHE PATH "A wheel's torch folder or an unpacked LibTorch" FORCE)
endif()

set(_torch_roots "")
set(_torch_reason "LibTorch was not found.")
if(TORCH_DIR)
  set(_torch_roots "${TORCH_DIR}" "${TORCH_DIR}/torch" "${TORCH_DIR}/libtorch" "${TORCH_DIR}/../../..")
  set(_torch_reason "TORCH_DIR=${TORCH_DIR} holds no LibTorch.")
else()
  file(GLOB _venv_roots "${CMAKE_CURRENT_SOURCE_DIR}/.venv/lib/python3*/site-packages/torch")
  list(APPEND _torch_roots ${_venv_roots} ${CMAKE_PREFIX_PATH} /usr/local /usr /opt/libtorch)
endif()

set(LibTorch_ROOT_DIR "")
foreach(_root ${_torch_roots})
  if(EXISTS "${_root}/include/torch/csrc/api/include/torch/torch.h" OR
     EXISTS "${_root}/include/torch/torch.h")
    if(EXISTS "${_root}/lib/libtorch_cpu.so")
      get_filename_component(LibTorch_ROOT_DIR "${_root}" REALPATH)
      set(_torch_reason "${LibTorch_ROOT_DIR} is too old.")
      break()
    endif()
  endif()
endforeach()

# A wheel says its version in version.py, an unpacked LibTorch in build-version, an installed one only in a
# header, which has moved between versions.
set(LibTorch_VERSION "")
foreach(_file version.py build-version)
  if(NOT LibTorch_VERSION AND EXISTS "${LibTorch_ROOT_DIR}/${_file}")
    file(READ "${LibTorch_ROOT_DIR}/${_file}" _text)
    string(REGEX MATCH "[0-9]+\\.[0-9]+\\.[0-9]+" LibTorch_VERSION "${_text}")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${LibTorch_ROOT_DIR}/${_file}")
  endif()
endforeach()
foreach(_file torch/headeronly/version.h torch/csrc/api/include/torch/version.h)
  if(NOT LibTorch_VERSION AND EXISTS "${LibTorch_ROOT_DIR}/include/${_file}")
    file(STRINGS "${LibTorch_ROOT_DIR}/include/${_file}" _lines REGEX "define TORCH_VERSION_(MAJOR|MINOR|PATCH) [0-9]+")
    string(REGEX REPLACE "[^0-9;]" "" _lines "${_lines}")
    list(JOIN _lines "." LibTorch_VERSION)
  endif()
endforeach()

# Names that take a std::string carry the ABI.
set(LibTorch_CXX11_ABI FALSE)
if(LibTorch_ROOT_DIR)
  file(STRINGS "${LibTorch_ROOT_DIR}/lib/libc10.so" _abi LIMIT_COUNT 1 REGEX "cxx11")
  if(_abi)
    set(LibTorch_CXX11_ABI TRUE)
  endif()
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibTorch
  REQUIRED_VARS LibTorch_ROOT_DIR VERSION_VAR LibTorch_VERSION
  REASON_FAILURE_MESSAGE "${_torch_reason} Run `make setup`, which installs it into .venv, \
or `python3 -m pip install torch==2.13.0` into .venv, or give its folder with -DTORCH_DIR=FOLDER \
(the `torch` folder of an installed wheel, or an unpacked LibTorch).")

if(LibTorch_FOUND AND NOT TARGET LibTorch::LibTorch)
  set(_lib "${LibTorch_ROOT_DIR}/lib")
  set(_libraries "${_lib}/libtorch.so" "${_lib}/libtorch_cpu.so")
  foreach(_name torch_cuda c10_cuda)
    if(EXISTS "${_lib}/lib${_name}.so")
      list(APPEND _libraries "${_lib}/lib${_name}.so")
    endif()
  endforeach()
  list(APPEND _libraries "${_lib}/libc10.so")

  add_library(LibTorch::LibTorch INTERFACE IMPORTED)
  target_compile_options(LibTorch::LibTorch INTERFACE
    "SHELL:-idirafter \"${LibTorch_ROOT_DIR}/include\""
    "SHELL:-idirafter \"${LibTorch_ROOT_DIR}/include/torch/csrc/api/include\"")
  # LibTorch is built with NDEBUG, and its headers must be read the same way: without NDEBUG at::RecordFunction has
  # one member more, so in a Debug build its inline functions read memory beside what LibTorch has written.
  target_compile_definitions(LibTorch::LibTorch INTERFACE NDEBUG)
  # --no-as-needed: libtorch_cuda registers itself when loaded and no symbol of it is called by name.
  # --allow-shlib-undefined: what libtorch_cuda needs is found beside the wheel at run time, not here.
  target_link_options(LibTorch::LibTorch INTERFACE LINKER:--no-as-needed LINKER:--allow-shlib-undefined)
  # By full paths, from which CMake makes the RPATH. libstdc++ goes first: the libtorch.so of PyPI's CUDA wheel exports
  # a std::filesystem::remove_all of its own, which jumps to address 0.
  target_link_libraries(LibTorch::LibTorch INTERFACE -lstdc++ ${_libraries})
endif()
