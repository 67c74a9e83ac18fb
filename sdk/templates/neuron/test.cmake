# SPDX-License-Identifier: Apache-2.0
cmake_minimum_required(VERSION 3.25)
# What must be true of my_plugin.  ctest runs it after `automfm check`, with AUTOMFM, PIPELINE and OUT given.
execute_process(COMMAND ${AUTOMFM} run ${PIPELINE} --out ${OUT} COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${AUTOMFM} run ${PIPELINE} --out ${OUT}-b0 --set population.cells.parameters.b=0 COMMAND_ERROR_IS_FATAL ANY)
file(READ ${OUT}/summary.json with_adaptation)
file(READ ${OUT}-b0/summary.json without)
foreach(level RANGE 3)
  # The mean field that is derived from the model gives its network's rates.
  string(JSON error GET ${with_adaptation} populations cells stationary ${level} relative_error)
  if(error LESS -0.15 OR error GREATER 0.15)
    message(FATAL_ERROR "the mean field's rate at level ${level} is off by ${error} of the network's")
  endif()
  # Adaptation slows the cells.
  string(JSON slow GET ${with_adaptation} populations cells stationary ${level} network_rate_hz)
  string(JSON fast GET ${without} populations cells stationary ${level} network_rate_hz)
  if(NOT slow LESS fast)
    message(FATAL_ERROR "cells with adaptation fire at ${slow} Hz, but at ${fast} Hz without it")
  endif()
endforeach()
