# The environment every test sees.
set(TRANSFER_TEST_ENVIRONMENT
  "TRANSFER_BINARY=${CMAKE_BINARY_DIR}/transfer"
  "TRANSFER_FIXTURES=${CMAKE_BINARY_DIR}/fixtures"
  "TRANSFER_GOLDEN=${CMAKE_BINARY_DIR}/golden"
  "TRANSFER_HAS_MPI=${TRANSFER_HAS_MPI}"
  "PYTHONDONTWRITEBYTECODE=1"
  ${TRANSFER_SANITIZER_ENVIRONMENT})
math(EXPR TRANSFER_UNIT_TEST_TIMEOUT "240 * ${TRANSFER_TEST_TIMEOUT_FACTOR}")

# All unit tests.
add_custom_target(unit_tests)

# transfer_unit_tests(ROOM LIBRARIES...): one GoogleTest executable of tests/ROOM/*.cpp. It runs as
# one CTest case, since starting LibTorch for each single test would cost more than the tests.
function(transfer_unit_tests room)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/tests/${room}/*.cpp")
  if(NOT sources)
    return()
  endif()
  add_executable(test_${room} ${sources})
  target_link_libraries(test_${room} PRIVATE ${ARGN} GTest::gmock GTest::gtest_main)
  add_dependencies(unit_tests test_${room})
  add_test(NAME unit.${room} COMMAND test_${room} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(unit.${room} PROPERTIES
    ENVIRONMENT "${TRANSFER_TEST_ENVIRONMENT}" TIMEOUT ${TRANSFER_UNIT_TEST_TIMEOUT} FIXTURES_REQUIRED models)
endfunction()

# transfer_python_tests(): every tests/*/test_*.py is one CTest case, run by the .venv's Python.
function(transfer_python_tests)
  file(GLOB scripts CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/tests/*/test_*.py")
  foreach(script ${scripts})
    get_filename_component(folder ${script} DIRECTORY)
    get_filename_component(folder ${folder} NAME)
    get_filename_component(name ${script} NAME_WE)
    string(REPLACE "test_" "" name ${name})
    add_test(NAME ${folder}.${name} COMMAND ${TRANSFER_PYTHON} -m unittest -v ${script}
             WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    set_tests_properties(${folder}.${name} PROPERTIES
      ENVIRONMENT "${TRANSFER_TEST_ENVIRONMENT}" TIMEOUT 400 FIXTURES_REQUIRED models)
    if(folder STREQUAL "mpi")  # several processes at once
      set_tests_properties(${folder}.${name} PROPERTIES PROCESSORS 2)
    endif()
  endforeach()
endfunction()
