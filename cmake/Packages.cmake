# `make package`: a Debian package and a relocatable archive, from a build with TRANSFER_RELOCATABLE=ON.
set(CPACK_PACKAGE_NAME transfer)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_VENDOR "The transfer contributors")
set(CPACK_PACKAGE_CONTACT "The transfer contributors <transfer@example.org>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "train image classifiers from pretrained networks")
set(CPACK_PACKAGE_DESCRIPTION "Transfer learning from the command line: trains a new head on a pretrained\n\
convolutional network, or fine-tunes its layers, from a folder of images, and\n\
leaves one TorchScript file that gives class probabilities.")
set(CPACK_RESOURCE_FILE_LICENSE ${CMAKE_SOURCE_DIR}/LICENSE)
string(TOLOWER "${PROJECT_NAME}-${PROJECT_VERSION}-${CMAKE_SYSTEM_NAME}-${CMAKE_SYSTEM_PROCESSOR}"
  CPACK_PACKAGE_FILE_NAME)
set(CPACK_GENERATOR DEB TZST)
set(CPACK_STRIP_FILES ON)
set(CPACK_THREADS 0)  # compresses with all cores
set(CPACK_PROJECT_CONFIG_FILE ${CMAKE_SOURCE_DIR}/cmake/PackageContents.cmake)
set(CPACK_COMPONENTS_GROUPING ALL_COMPONENTS_IN_ONE)
set(CPACK_COMPONENTS_ALL program torch libraries debian)

set(CPACK_ARCHIVE_COMPONENT_INSTALL ON)

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE zstd)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${LibTorch_ROOT_DIR}/lib)

include(CPack)
