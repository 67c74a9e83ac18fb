# The engine, the neurons and whole pipelines with AddressSanitizer and UBSan, in a build of their own.
if(NOT CMAKE_CXX_FLAGS MATCHES "fsanitize")
  add_test(NAME sanitizers COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/sanitizers/run.sh ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR}/sanitizers)
  set_tests_properties(sanitizers PROPERTIES LABELS long TIMEOUT 3600)
endif()
