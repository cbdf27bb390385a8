# Finds LibTorch (2.6 or later) without asking for a CUDA toolkit, and makes the imported target
# LibTorch::LibTorch. Looked in, first match wins:
#   TORCH_DIR (CMake variable or environment): the `torch` folder of a wheel, an unpacked LibTorch
#   .venv of the source tree, made by `make setup`
#   the system's prefixes
#
# The include folders go in with -idirafter: the wheel bundles headers of another fmt, and with
# -I or -isystem those would win over the system's.

set(_torch_roots "")
foreach(_given "${TORCH_DIR}" "$ENV{TORCH_DIR}")
  if(_given)
    list(APPEND _torch_roots "${_given}" "${_given}/torch" "${_given}/libtorch" "${_given}/../../..")
  endif()
endforeach()
set(_torch_was_chosen ${_torch_roots})
if(NOT _torch_was_chosen)
  file(GLOB _venv_roots "${CMAKE_CURRENT_SOURCE_DIR}/.venv/lib/python3*/site-packages/torch")
  list(APPEND _torch_roots ${_venv_roots} ${CMAKE_PREFIX_PATH} /usr/local /usr /opt/libtorch)
endif()

set(LibTorch_ROOT_DIR "")
foreach(_root ${_torch_roots})
  if(EXISTS "${_root}/include/torch/csrc/api/include/torch/torch.h" OR
     EXISTS "${_root}/include/torch/torch.h")
    if(EXISTS "${_root}/lib/libtorch_cpu.so")
      get_filename_component(LibTorch_ROOT_DIR "${_root}" REALPATH)
      break()
    endif()
  endif()
endforeach()

set(LibTorch_VERSION "")
if(LibTorch_ROOT_DIR)
  if(EXISTS "${LibTorch_ROOT_DIR}/version.py")
    file(STRINGS "${LibTorch_ROOT_DIR}/version.py" _line REGEX "^__version__")
  elseif(EXISTS "${LibTorch_ROOT_DIR}/build-version")
    file(STRINGS "${LibTorch_ROOT_DIR}/build-version" _line LIMIT_COUNT 1)
  else()
    file(STRINGS "${LibTorch_ROOT_DIR}/include/torch/csrc/api/include/torch/version.h" _line
         REGEX "define TORCH_VERSION \"")
  endif()
  string(REGEX MATCH "[0-9]+\\.[0-9]+\\.[0-9]+" LibTorch_VERSION "${_line}")
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibTorch
  REQUIRED_VARS LibTorch_ROOT_DIR VERSION_VAR LibTorch_VERSION
  REASON_FAILURE_MESSAGE "LibTorch was not found. Run `make setup`, which installs it into .venv, \
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
  list(JOIN _libraries " " _link_line)

  add_library(LibTorch::LibTorch INTERFACE IMPORTED)
  target_compile_options(LibTorch::LibTorch INTERFACE
    "SHELL:-idirafter ${LibTorch_ROOT_DIR}/include"
    "SHELL:-idirafter ${LibTorch_ROOT_DIR}/include/torch/csrc/api/include")
  # libtorch_cuda registers itself when loaded and no symbol of it is called by name.
  target_link_options(LibTorch::LibTorch INTERFACE
    "LINKER:--allow-shlib-undefined" "LINKER:-rpath,${_lib}")
  target_link_libraries(LibTorch::LibTorch INTERFACE
    "-Wl,--no-as-needed ${_link_line} -Wl,--as-needed")
endif()
