# SPDX-License-Identifier: Apache-2.0
# Installs the SDK into an empty prefix, builds the project beside it against nothing else, and asks automfm for its plugins.
# Needs BUILD (of automfm), PROJECT, WORK, GENERATOR, COMPILER, PLUGINS (which of the project's to build) and AUTOMFM.
function(step what)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${what} failed (${result}):\n${output}")
  endif()
  set(step_output "${output}" PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE ${WORK})
step("installing the SDK" ${CMAKE_COMMAND} --install ${BUILD} --component sdk --prefix ${WORK}/prefix)
file(GLOB_RECURSE installed RELATIVE ${WORK}/prefix ${WORK}/prefix/*)
foreach(needed "include/mfm/abi\\.h" "include/mfm/plugin\\.hpp" "include/mfm/neuron\\.hpp" "cmake/mfm-sdk/mfm-sdk-config\\.cmake"
        "cmake/mfm-sdk/mfm-sdk-config-version\\.cmake" "cmake/mfm-sdk/mfm-sdk-targets\\.cmake" "cmake/mfm-sdk/mfm_add_plugin\\.cmake"
        "cmake/mfm-sdk/plugin\\.map")
  if(NOT installed MATCHES "${needed}")
    message(FATAL_ERROR "the installed SDK lacks ${needed}; it has ${installed}")
  endif()
endforeach()
if(installed MATCHES "framework/|automfm/|bin/")
  message(FATAL_ERROR "the SDK component installs more than the SDK: ${installed}")
endif()

# A copy, so that nothing of the source tree can be reached by a relative path.
file(COPY ${PROJECT}/ DESTINATION ${WORK}/project)
step("configuring" ${CMAKE_COMMAND} -G ${GENERATOR} -S ${WORK}/project -B ${WORK}/build -DCMAKE_PREFIX_PATH=${WORK}/prefix
     -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_BUILD_TYPE=Release)
step("building" ${CMAKE_COMMAND} --build ${WORK}/build --target ${PLUGINS})

find_program(NM nm)
if(NM)
  step("reading the symbols" ${NM} -D --defined-only ${WORK}/build/ramp.so)
  string(REGEX MATCHALL "[^\n]+\n" symbols "${step_output}")
  if(NOT symbols MATCHES "^[0-9a-f]+ [A-Z] mfm_plugin_v1\n$")
    message(FATAL_ERROR "a plugin must export one symbol, but exports ${step_output}")
  endif()
endif()

if(AUTOMFM)
  step("listing" ${AUTOMFM} plugins --why --plugin-path ${WORK}/build)
  foreach(id ${PLUGINS})
    if(NOT step_output MATCHES "  ${id} +0\\.1\\.0  ${WORK}/build/${id}\\.so")
      message(FATAL_ERROR "automfm does not list ${id}:\n${step_output}")
    endif()
  endforeach()
  step("describing" ${AUTOMFM} describe ramp --plugin-path ${WORK}/build)
  if(NOT step_output MATCHES "ramp 0\\.1\\.0: a staircase of rates" OR NOT step_output MATCHES "nu_c = first")
    message(FATAL_ERROR "automfm does not print the plugin's page:\n${step_output}")
  endif()
endif()
