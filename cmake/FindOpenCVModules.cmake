# Makes the imported target OpenCV::Modules of the two modules that the program uses. imgcodecs is not
# one of them: it brings GDAL and poppler, which is under the GPL. Debian's small -dev packages have no
# OpenCVConfig.cmake, so where that is missing the headers and libraries are looked for by name.

find_package(OpenCV CONFIG QUIET COMPONENTS core imgproc)
if(OpenCV_FOUND)
  set(OpenCVModules_INCLUDE_DIR ${OpenCV_INCLUDE_DIRS})
  set(OpenCVModules_LIBRARIES ${OpenCV_LIBS})
else()
  find_path(OpenCVModules_INCLUDE_DIR opencv2/imgproc.hpp PATH_SUFFIXES opencv4)
  foreach(_module core imgproc)
    find_library(OpenCVModules_${_module} opencv_${_module})
    if(OpenCVModules_${_module})
      list(APPEND OpenCVModules_LIBRARIES ${OpenCVModules_${_module}})
    endif()
  endforeach()
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(OpenCVModules
  REQUIRED_VARS OpenCVModules_LIBRARIES OpenCVModules_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "OpenCV was not found. Run `make setup`, or apt-get install \
libopencv-core-dev libopencv-imgproc-dev")

if(OpenCVModules_FOUND AND NOT TARGET OpenCV::Modules)
  add_library(OpenCV::Modules INTERFACE IMPORTED)
  target_include_directories(OpenCV::Modules SYSTEM INTERFACE ${OpenCVModules_INCLUDE_DIR})
  target_link_libraries(OpenCV::Modules INTERFACE ${OpenCVModules_LIBRARIES})
endif()
