# SPDX-License-Identifier: Apache-2.0
if(AUTOMFM_BENCHMARKS)
  find_package(benchmark REQUIRED)
  add_executable(bench_delivery bench/delivery.cpp)
  target_link_libraries(bench_delivery PRIVATE automfm_simulate benchmark::benchmark automfm_warnings)
  target_compile_definitions(bench_delivery PRIVATE BENCH_FOLDER="${CMAKE_CURRENT_SOURCE_DIR}/bench"
    BENCH_PLUGIN_FOLDER="${AUTOMFM_PLUGIN_OUTPUT}")
  add_dependencies(bench_delivery lif bernoulli)
endif()
