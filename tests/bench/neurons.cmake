# SPDX-License-Identifier: Apache-2.0
if(AUTOMFM_BENCHMARKS)
  find_package(benchmark REQUIRED)
  add_executable(bench_neurons bench/neurons.cpp)
  target_include_directories(bench_neurons PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(bench_neurons PRIVATE automfm_simulate benchmark::benchmark automfm_warnings)
  target_compile_definitions(bench_neurons PRIVATE TEST_PLUGIN_FOLDER="${AUTOMFM_PLUGIN_OUTPUT}")
  add_dependencies(bench_neurons eglif adex lif)
endif()
