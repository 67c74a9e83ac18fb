# SPDX-License-Identifier: Apache-2.0
cmake_minimum_required(VERSION 3.25)
# What must be true of my_plugin.  ctest runs it after `automfm check`, with AUTOMFM, PIPELINE and OUT given.
execute_process(COMMAND ${AUTOMFM} run ${PIPELINE} --out ${OUT} COMMAND_ERROR_IS_FATAL ANY)
file(READ ${OUT}/summary.json summary)
# Fitted to a cell's rates, the function gives those at points that the fit has not seen.
string(JSON error GET ${summary} populations cells transfer heldout_median_relative_error)
if(NOT error LESS 0.1)
  message(FATAL_ERROR "the median error at points held out of the fit is ${error}")
endif()
