# SPDX-License-Identifier: Apache-2.0
cmake_minimum_required(VERSION 3.25)
# What must be true of my_plugin.  ctest runs it after `automfm check`, with AUTOMFM, PIPELINE and OUT given.
execute_process(COMMAND ${AUTOMFM} run ${PIPELINE} --out ${OUT} COMMAND_ERROR_IS_FATAL ANY)
file(READ ${OUT}/summary.json summary)
# The stationary conditions are the ends of the ramp.
foreach(level 0 1)
  string(JSON rate GET ${summary} populations cells stationary ${level} stimulus_hz)
  list(APPEND rates ${rate})
endforeach()
if(NOT rates MATCHES "^10(\\.0*)?;20(\\.0*)?$")
  message(FATAL_ERROR "the stationary rates are ${rates}, and not 10;20")
endif()
# The ramp itself: low before it, high after it, and between them in between.
file(STRINGS ${OUT}/courses/ramp.csv rows REGEX "^[^a-z]")
foreach(row ${rows})
  string(REGEX MATCH "^([0-9.]+),([0-9.]+)," columns "${row}") # ms, Hz
  set(t ${CMAKE_MATCH_1})
  set(rate ${CMAKE_MATCH_2})
  if((t LESS 1000 AND NOT rate EQUAL 10) OR (t GREATER 1200 AND NOT rate EQUAL 20) OR rate LESS 10 OR rate GREATER 20)
    message(FATAL_ERROR "the rate is ${rate} Hz at ${t} ms")
  endif()
endforeach()
