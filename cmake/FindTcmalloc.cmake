# Makes the imported target Tcmalloc::minimal, the malloc() of gperftools without its profilers.

find_library(Tcmalloc_LIBRARY tcmalloc_minimal)
mark_as_advanced(Tcmalloc_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Tcmalloc
  REQUIRED_VARS Tcmalloc_LIBRARY
  REASON_FAILURE_MESSAGE "gperftools was not found. Run `make setup`, or apt-get install libgoogle-perftools-dev")

if(Tcmalloc_FOUND AND NOT TARGET Tcmalloc::minimal)
  # Nothing names it: it takes malloc()'s place by being loaded.
  add_library(Tcmalloc::minimal INTERFACE IMPORTED)
  target_link_options(Tcmalloc::minimal INTERFACE
    "LINKER:--push-state,--no-as-needed" "${Tcmalloc_LIBRARY}" "LINKER:--pop-state")
endif()
