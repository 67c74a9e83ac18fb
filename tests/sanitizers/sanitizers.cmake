# SPDX-License-Identifier: Apache-2.0
# Memory and undefined behaviour (AddressSanitizer, UBSan), and threads (ThreadSanitizer), each in a build of its own.
if(NOT CMAKE_CXX_FLAGS MATCHES "fsanitize")
  # sanitized(NAME PRESET LABEL TEST...)
  function(sanitized name preset label)
    add_test(NAME ${name} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/sanitizers/run.sh ${CMAKE_SOURCE_DIR}
      ${CMAKE_BINARY_DIR}/sanitizers/${preset} ${preset} ${ARGN})
    set_tests_properties(${name} PROPERTIES LABELS ${label} TIMEOUT 3600 RESOURCE_LOCK ${preset} PROCESSORS 2)
  endfunction()
  sanitized(sanitizer_threads tsan long engine)
  sanitized(sanitizer_memory asan-ubsan long engine neurons pipeline)
endif()
