# SPDX-License-Identifier: Apache-2.0
# Installs the SDK into an empty prefix, builds the project beside it against nothing else, and asks automfm for its plugins.
# Needs BUILD (of automfm), SOURCE, PROJECT, WORK, GENERATOR, COMPILER, NEURON (ON or OFF) and AUTOMFM.
include(${CMAKE_CURRENT_LIST_DIR}/steps.cmake)
step("installing the SDK" ${CMAKE_COMMAND} --install ${BUILD} --component sdk --prefix ${WORK}/prefix)
file(GLOB_RECURSE installed RELATIVE ${WORK}/prefix ${WORK}/prefix/*)
foreach(needed "include/mfm/abi\\.h" "include/mfm/plugin\\.hpp" "include/mfm/neuron\\.hpp" "cmake/mfm-sdk/mfm-sdk-config\\.cmake"
        "cmake/mfm-sdk/mfm-sdk-config-version\\.cmake" "cmake/mfm-sdk/mfm-sdk-targets\\.cmake" "cmake/mfm-sdk/mfm_add_plugin\\.cmake"
        "cmake/mfm-sdk/mfm_add_test\\.cmake" "cmake/mfm-sdk/plugin\\.map" "pkgconfig/mfm-sdk\\.pc")
  if(NOT installed MATCHES "${needed}")
    message(FATAL_ERROR "the installed SDK lacks ${needed}; it has ${installed}")
  endif()
endforeach()
if(installed MATCHES "framework/|automfm/|bin/|lib/")
  message(FATAL_ERROR "the SDK component installs more than the SDK: ${installed}")
endif()

# A copy, so that nothing of the source tree can be reached by a relative path.
file(COPY ${PROJECT}/ DESTINATION ${WORK}/project)
# The plugin that the README shows is one of it.
file(READ ${SOURCE}/README.md readme)
string(REGEX MATCH "```cpp\n(.*)\n```" found "${readme}")
string(REGEX REPLACE "\n```.*" "\n" code "${CMAKE_MATCH_1}")
file(WRITE ${WORK}/project/my_rates.cpp "${code}")
file(APPEND ${WORK}/project/CMakeLists.txt "mfm_add_plugin(my_rates SOURCES my_rates.cpp)\n")
step("configuring" ${CMAKE_COMMAND} -G ${GENERATOR} -S ${WORK}/project -B ${WORK}/build -DCMAKE_PREFIX_PATH=${WORK}/prefix
     -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_BUILD_TYPE=Release -DNEURON=${NEURON})
step("building" ${CMAKE_COMMAND} --build ${WORK}/build)

find_program(NM nm)
if(NM)
  file(GLOB plugins ${WORK}/build/*.so)
  foreach(plugin ${plugins})
    step("reading the symbols" ${NM} -D --defined-only ${plugin})
    string(REGEX MATCHALL "[^\n]+\n" symbols "${step_output}")
    if(NOT symbols MATCHES "^[0-9a-f]+ [A-Z] mfm_plugin_v1\n$")
      message(FATAL_ERROR "a plugin must export one symbol, but ${plugin} exports ${step_output}")
    endif()
  endforeach()
endif()

step("listing" ${AUTOMFM} plugins --why --plugin-path ${WORK}/build)
if(NEURON)
  expect("a neuron model" "  perfect_integrator +0\\.1\\.0  ${WORK}/build/perfect_integrator\\.so")
endif()
expect("the README's plugin" "  my_rates +1\\.0\\.0  ${WORK}/build/my_rates\\.so")
# One library, several components, each found by its own id.
foreach(id ramp from_table curves)
  expect("a bundle" "  ${id} +0\\.1\\.0  ${WORK}/build/lab\\.so")
endforeach()
expect("an interface of its own" "other interfaces\n  curves ")
step("describing" ${AUTOMFM} describe ramp --plugin-path ${WORK}/build)
expect("the page of a component" "ramp 0\\.1\\.0: a staircase of rates.*nu_c = first")
step("describing" ${AUTOMFM} describe from_table --plugin-path ${WORK}/build)
expect("a component with two interfaces" "mfm\\.stimulation/1\ninterface  org\\.example\\.curve/1")

# A program of the third party's own finds its interface in the library, and the curve in the library's data file.
step("reading the curve" ${WORK}/build/reader ${WORK}/build/lab.so)
expect("the interface of a third party" "from_table 15\ncurves 20\n")
file(RENAME ${WORK}/build/lab.data ${WORK}/build/lab.data.gone)
step_must_fail("reading the curve without its file" "its data file '${WORK}/build/lab\\.data/rates\\.csv' is missing; copy the folder lab\\.data"
               ${WORK}/build/reader ${WORK}/build/lab.so)
file(RENAME ${WORK}/build/lab.data.gone ${WORK}/build/lab.data)

# Installed, with its library and its data beside it, and moved.
step("installing the plugins" ${CMAKE_COMMAND} --install ${WORK}/build --component plugins --prefix ${WORK}/installed)
file(RENAME ${WORK}/installed ${WORK}/moved)
file(RENAME ${WORK}/build/curves ${WORK}/build/curves.gone) # whatever is found now is beside the plugin
step("reading the curve" ${WORK}/build/reader ${WORK}/moved/lib/automfm/plugins/lab.so)
expect("an installed plugin" "from_table 15\n")
file(RENAME ${WORK}/build/curves.gone ${WORK}/build/curves)
