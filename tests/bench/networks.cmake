# SPDX-License-Identifier: Apache-2.0
if(AUTOMFM_BENCHMARKS)
  find_package(CLI11 REQUIRED)
  add_executable(bench_networks bench/networks.cpp)
  target_link_libraries(bench_networks PRIVATE automfm_simulate CLI11::CLI11 automfm_warnings)
  target_compile_definitions(bench_networks PRIVATE BENCH_PLUGIN_FOLDER="${AUTOMFM_PLUGIN_OUTPUT}")
  add_dependencies(bench_networks automfm_plugins)
endif()
