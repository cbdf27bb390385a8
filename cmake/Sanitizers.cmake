# transfer_sanitize(TARGET): compiles and links everything that uses TARGET with the sanitizers that
# TRANSFER_SANITIZE names. TRANSFER_SANITIZER_ENVIRONMENT holds their options, for the tests; the suppressions
# and the reason for each are in cmake/sanitizers/.
set(TRANSFER_SANITIZER_ENVIRONMENT "")
set(TRANSFER_TEST_TIMEOUT_FACTOR 1)

function(transfer_sanitize target)
  if(TRANSFER_SANITIZE STREQUAL "OFF")
    return()
  endif()
  set(suppressions "${CMAKE_SOURCE_DIR}/cmake/sanitizers")
  if(TRANSFER_SANITIZE STREQUAL "address")
    # Not vptr: it refers to the type information of classes for which LibTorch exports none.
    set(flags -fsanitize=address,undefined -fno-sanitize=vptr)
    if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
      list(APPEND flags -fno-sanitize=function)  # likewise, for functions that are called by address
    endif()
    # allocator_may_return_null: tests ask for more memory than there is and expect std::bad_alloc.
    set(environment
      "ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1:allocator_may_return_null=1"
      "LSAN_OPTIONS=suppressions=${suppressions}/lsan.supp:print_suppressions=0"
      "UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1")
  elseif(TRANSFER_SANITIZE STREQUAL "thread")
    set(flags -fsanitize=thread)
    set(options "allocator_may_return_null=1:second_deadlock_stack=1:halt_on_error=0")
    set(environment "TSAN_OPTIONS=suppressions=${suppressions}/tsan.supp:${options}")
  else()
    message(FATAL_ERROR "TRANSFER_SANITIZE=${TRANSFER_SANITIZE} is not known. It takes address (AddressSanitizer "
      "with UndefinedBehaviorSanitizer), thread (ThreadSanitizer) or OFF.")
  endif()
  target_compile_options(${target} INTERFACE ${flags} -fno-omit-frame-pointer)
  target_link_options(${target} INTERFACE ${flags})
  set(TRANSFER_SANITIZER_ENVIRONMENT ${environment} PARENT_SCOPE)
  set(TRANSFER_TEST_TIMEOUT_FACTOR 5 PARENT_SCOPE)  # instrumented code is several times slower
endfunction()

# transfer_measure_coverage(TARGET): compiles everything that uses TARGET so that libFuzzer sees which code an input
# reaches. TRANSFER_HAS_LIBFUZZER says whether the compiler has libFuzzer.
function(transfer_measure_coverage target)
  include(CheckCXXSourceCompiles)
  set(CMAKE_REQUIRED_FLAGS -fsanitize=fuzzer)
  check_cxx_source_compiles(
    "extern \"C\" int LLVMFuzzerTestOneInput(const unsigned char*, unsigned long) { return 0; }"
    TRANSFER_HAS_LIBFUZZER)
  if(TRANSFER_HAS_LIBFUZZER)
    target_compile_options(${target} INTERFACE -fsanitize=fuzzer-no-link)
  else()
    message(STATUS "libFuzzer: none, so seeds are changed without looking at coverage (clang brings it)")
  endif()
endfunction()
