# SPDX-License-Identifier: Apache-2.0
cmake_minimum_required(VERSION 3.25)
# What must be true of my_plugin.  ctest runs it after `automfm check`, with AUTOMFM, PIPELINE and OUT given.
# Fitted by this method, the function is as near to the cell's rates as by the one that comes with automfm.
foreach(optimizer my_plugin ceres)
  execute_process(COMMAND ${AUTOMFM} run ${PIPELINE} --out ${OUT}-${optimizer} --set transfer.optimizer=${optimizer}
                  COMMAND_ERROR_IS_FATAL ANY)
  file(READ ${OUT}-${optimizer}/summary.json summary)
  string(JSON error GET ${summary} populations cells transfer cross_validated_error)
  string(REGEX REPLACE "^([0-9]+)[.]([0-9][0-9][0-9][0-9]).*" "\\1\\2" ${optimizer} ${error}) # in units of 1e-4: whole numbers
endforeach()
math(EXPR most "${ceres} + 100")
if(my_plugin GREATER most)
  message(FATAL_ERROR "the error of the fit is ${my_plugin}e-4 of the tolerance, but ${ceres}e-4 with ceres")
endif()
