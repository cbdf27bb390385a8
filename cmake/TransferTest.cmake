# The environment every test sees.
set(TRANSFER_TEST_ENVIRONMENT
  "TRANSFER_BINARY=${CMAKE_BINARY_DIR}/transfer"
  "TRANSFER_FIXTURES=${CMAKE_BINARY_DIR}/fixtures"
  "TRANSFER_GOLDEN=${CMAKE_BINARY_DIR}/golden"
  "TRANSFER_HAS_MPI=${TRANSFER_HAS_MPI}"
  "TRANSFER_TEST_TIMEOUT_FACTOR=${TRANSFER_TEST_TIMEOUT_FACTOR}"
  "PYTHONDONTWRITEBYTECODE=1"
  # Several tests share the cores: threads that wait for each other leave them to the others.
  "OMP_WAIT_POLICY=passive"
  ${TRANSFER_SANITIZER_ENVIRONMENT})
math(EXPR TRANSFER_UNIT_TEST_TIMEOUT "240 * ${TRANSFER_TEST_TIMEOUT_FACTOR}")
math(EXPR TRANSFER_CLI_TEST_TIMEOUT "400 * ${TRANSFER_TEST_TIMEOUT_FACTOR}")

# All unit tests, and what `make test-sanitizers` needs.
add_custom_target(unit_tests)
add_custom_target(sanitized_tests DEPENDS unit_tests transfer)

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
    ENVIRONMENT "${TRANSFER_TEST_ENVIRONMENT}" TIMEOUT ${TRANSFER_UNIT_TEST_TIMEOUT} FIXTURES_REQUIRED models
    LABELS sanitizers)
endfunction()

# Black-box tests that run with sanitizers too, beside the unit tests: those that read what others wrote, and those in
# which threads work together. All of them would take an hour.
set(TRANSFER_SANITIZED_TESTS cli.train cli.replicas)
if(NOT TRANSFER_SANITIZE STREQUAL "thread")
  list(APPEND TRANSFER_SANITIZED_TESTS cli.awkward_input cli.contradictions cli.foreign_input
    cli.hostile_images cli.model_files cli.refusals cli.sample_values cli.targets)
endif()

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
      ENVIRONMENT "${TRANSFER_TEST_ENVIRONMENT}" TIMEOUT ${TRANSFER_CLI_TEST_TIMEOUT} FIXTURES_REQUIRED models)
    if(${folder}.${name} IN_LIST TRANSFER_SANITIZED_TESTS)
      set_tests_properties(${folder}.${name} PROPERTIES LABELS sanitizers)
    endif()
    if(folder STREQUAL "mpi")  # several processes at once
      set_tests_properties(${folder}.${name} PROPERTIES PROCESSORS 2)
    endif()
  endforeach()
endfunction()
