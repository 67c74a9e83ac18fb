# SPDX-License-Identifier: Apache-2.0
# cmake -DAUTOMFM_BENCHMARKS=ON, then build and run bench_meanfield.
if(AUTOMFM_BENCHMARKS)
  add_executable(bench_meanfield bench/meanfield.cpp)
  target_include_directories(bench_meanfield PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(bench_meanfield PRIVATE automfm_meanfield automfm_warnings)
endif()
