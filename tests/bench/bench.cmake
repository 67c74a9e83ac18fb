# SPDX-License-Identifier: Apache-2.0
# cmake -DAUTOMFM_BENCHMARKS=ON, build the target `benchmarks`, then tests/bench/run.
if(AUTOMFM_BENCHMARKS)
  find_package(benchmark 1.7 REQUIRED)
  find_package(CLI11 REQUIRED)
  add_custom_target(benchmarks DEPENDS automfm automfm_plugins)
  # automfm_bench(NAME LIBRARIES ...): bench_NAME from bench/NAME.cpp.
  function(automfm_bench name)
    cmake_parse_arguments(arg "" "" "LIBRARIES" ${ARGN})
    add_executable(bench_${name} bench/${name}.cpp)
    target_include_directories(bench_${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
    target_link_libraries(bench_${name} PRIVATE ${arg_LIBRARIES} automfm_warnings)
    target_compile_definitions(bench_${name} PRIVATE TEST_PLUGIN_FOLDER="${AUTOMFM_PLUGIN_OUTPUT}"
      BENCH_FOLDER="${CMAKE_CURRENT_SOURCE_DIR}/bench")
    add_dependencies(benchmarks bench_${name})
  endfunction()
  automfm_bench(neurons LIBRARIES automfm_simulate benchmark::benchmark)
  # The neurons' sources once more, in the host: with the options of a plugin, but for being position-independent.
  automfm_bench(boundary LIBRARIES automfm_plugin benchmark::benchmark)
  file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/boundary/mfm_page.h CONTENT "#pragma once\ninline constexpr char mfm_page[] = \"\";\n")
  target_include_directories(bench_boundary PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/boundary ${CMAKE_SOURCE_DIR}/plugins)
  target_compile_options(bench_boundary PRIVATE -ffp-contract=off -fno-math-errno -fno-trapping-math -Wno-psabi)
  automfm_bench(delivery LIBRARIES automfm_simulate benchmark::benchmark)
  automfm_bench(networks LIBRARIES automfm_simulate CLI11::CLI11)
  automfm_bench(meanfield LIBRARIES automfm_meanfield)
  automfm_bench(derived LIBRARIES automfm_pipeline)
endif()
