# SPDX-License-Identifier: Apache-2.0
# What broke a reader once, and files changed at random, a few thousand: in every build.
mfm_test(fuzz_replay SOURCES fuzz/replay.cpp USES config PLUGINS eglif adex bernoulli fixed_in_degree sweep step constant
  softplus_conductance ceres)

option(AUTOMFM_FUZZERS "Build the fuzzers; needs clang" OFF)
if(AUTOMFM_FUZZERS) # in the build that run.sh makes
  foreach(target pipeline swc)
    add_executable(fuzz_${target} fuzz/${target}.cpp)
    target_include_directories(fuzz_${target} PRIVATE ${CMAKE_SOURCE_DIR}/framework ${CMAKE_CURRENT_SOURCE_DIR})
    target_link_libraries(fuzz_${target} PRIVATE automfm_config automfm_warnings)
    target_link_options(fuzz_${target} PRIVATE -fsanitize=fuzzer)
  endforeach()
elseif(NOT CMAKE_CXX_FLAGS MATCHES "fsanitize")
  # libFuzzer with AddressSanitizer and UBSan for a minute each, in a build of their own; skipped where clang has none.
  foreach(target pipeline swc)
    add_test(NAME fuzz_${target} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/run.sh ${target} 60 ${CMAKE_SOURCE_DIR}
      ${CMAKE_BINARY_DIR}/fuzz ${AUTOMFM_PLUGIN_OUTPUT})
    set_tests_properties(fuzz_${target} PROPERTIES LABELS long TIMEOUT 1800 SKIP_RETURN_CODE 77 RESOURCE_LOCK fuzz_build)
  endforeach()
endif()
