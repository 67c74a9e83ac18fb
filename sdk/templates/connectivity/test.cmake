# SPDX-License-Identifier: Apache-2.0
cmake_minimum_required(VERSION 3.25)
# What must be true of my_plugin.  ctest runs it after `automfm check`, with AUTOMFM, PIPELINE and OUT given.
execute_process(COMMAND ${AUTOMFM} run ${PIPELINE} --out ${OUT} COMMAND_ERROR_IS_FATAL ANY)
# Where distance does not matter, a cell has 0.8 of all 400 sources.
execute_process(COMMAND ${AUTOMFM} run ${PIPELINE} --out ${OUT}-far --set projection.input_to_cells.rule.length=1e6
                COMMAND_ERROR_IS_FATAL ANY)
foreach(run "" -far)
  file(READ ${OUT}${run}/report.txt report)
  if(NOT report MATCHES "input_to_cells +my_plugin +[0-9]+ +([0-9.]+) ")
    message(FATAL_ERROR "the report says nothing of the rule's in-degree")
  endif()
  set(in_degree${run} ${CMAKE_MATCH_1})
endforeach()
if(in_degree-far LESS 316 OR in_degree-far GREATER 324)
  message(FATAL_ERROR "the in-degree without an effect of distance is ${in_degree-far}, and not 320")
endif()
if(NOT in_degree LESS in_degree-far)
  message(FATAL_ERROR "the in-degree is ${in_degree}, no less than the ${in_degree-far} without an effect of distance")
endif()
