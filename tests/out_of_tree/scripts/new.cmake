# SPDX-License-Identifier: Apache-2.0
# An author's first hour: installs the tool and the SDK, moves them, writes a project of each of KINDS with `automfm new`, builds it
# against what was installed, tests it, and runs its pipeline with the plugin found through MFM_PLUGIN_PATH.
# Needs BUILD (of automfm), WORK, GENERATOR, COMPILER and KINDS (separated by commas).
include(${CMAKE_CURRENT_LIST_DIR}/steps.cmake)
step("installing" ${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/first)
file(RENAME ${WORK}/first ${WORK}/prefix)
foreach(needed bin/automfm share/automfm/LICENSE share/automfm/README.md share/automfm/configs/cerebellum.toml
        share/automfm/docs/write-a-plugin.md)
  if(NOT EXISTS ${WORK}/prefix/${needed})
    message(FATAL_ERROR "an installed automfm lacks ${needed}")
  endif()
endforeach()

# The PATH is all that an author sets: it leads to the tool, and CMake to the SDK beside it.
set(ENV{PATH} "${WORK}/prefix/bin:$ENV{PATH}")
step("listing the plugins of a moved prefix" automfm plugins --why)
expect("own plugins" "  lif +[0-9.]+  ${WORK}/prefix/lib[^\n]*/automfm/plugins/lif\\.so")
expect("nothing refused" "refused: none")
string(REPLACE "," ";" kinds ${KINDS})
foreach(kind ${kinds})
  set(name my_${kind})
  set(project ${WORK}/${name})
  step("writing a project" automfm new ${kind} ${name} --dir ${project})
  step("configuring" ${CMAKE_COMMAND} -G ${GENERATOR} -S ${project} -B ${project}/build -DCMAKE_CXX_COMPILER=${COMPILER}
       -DCMAKE_CXX_FLAGS=-Wall\ -Wextra\ -Wpedantic\ -Wconversion\ -Werror)
  step("building" ${CMAKE_COMMAND} --build ${project}/build)
  step("testing" ${CMAKE_CTEST_COMMAND} --test-dir ${project}/build --output-on-failure --no-tests=error)
  expect("its test" "Test +#[0-9]+: ${name} \\.+ +Passed")

  set(ENV{MFM_PLUGIN_PATH} ${project}/build)
  step("listing" automfm plugins --why)
  expect("the plugin is found" "  ${name} +0\\.1\\.0  ${project}/build/${name}\\.so")
  step("describing" automfm describe ${name})
  expect("its page" "\n# ${name}: ")
  step("running its pipeline" automfm run ${project}/${name}.toml --out ${project}/run)
  expect("a verdict" "Verdict: (VALID|LIMITED)")
  unset(ENV{MFM_PLUGIN_PATH})

  # Installed, it is one of the tool's own.
  step("installing the plugin" ${CMAKE_COMMAND} --install ${project}/build --prefix ${WORK}/prefix)
  step("listing" automfm plugins --why)
  expect("the installed plugin is found" "  ${name} +0\\.1\\.0  ${WORK}/prefix/lib/automfm/plugins/${name}\\.so")
endforeach()
