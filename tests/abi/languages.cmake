# SPDX-License-Identifier: Apache-2.0
# The boundary is C: plugins in C, in Rust and in Fortran, as docs/plugin-in-c-and-rust.md shows them.  Each is built by its own compiler with the command
# of that page, checked, and run in a pipeline; where there is no such compiler, its tests are skipped.
set(languages ${CMAKE_CURRENT_LIST_DIR}/languages)
set(language_plugins ${CMAKE_BINARY_DIR}/tests/language_plugins)
set(exports -Wl,--version-script=${CMAKE_SOURCE_DIR}/sdk/cmake/plugin.map -Wl,--no-undefined)

file(MAKE_DIRECTORY ${language_plugins})
# language_plugin(NAME COMMAND ... DEPENDS sources): NAME.so in language_plugins.
function(language_plugin name)
  add_custom_command(OUTPUT ${language_plugins}/${name}.so ${ARGN} ${CMAKE_SOURCE_DIR}/sdk/include/mfm/abi.h VERBATIM)
  add_custom_target(language_${name} ALL DEPENDS ${language_plugins}/${name}.so)
endfunction()
# language_tests(NAME LANGUAGE COMPILER LABEL label IDS plugins SETTINGS changes of the pipeline)
function(language_tests name language compiler)
  cmake_parse_arguments(arg "" "LABEL" "IDS;SETTINGS" ${ARGN})
  if(NOT TARGET automfm)
    return()
  endif()
  if(NOT compiler)
    add_test(NAME abi_${language} COMMAND ${CMAKE_COMMAND} -E echo "skipped: there is no compiler of ${language} here")
    set_tests_properties(abi_${language} PROPERTIES LABELS essential SKIP_REGULAR_EXPRESSION "^skipped")
    return()
  endif()
  add_test(NAME abi_${language}_runs COMMAND ${CMAKE_COMMAND} -DAUTOMFM=$<TARGET_FILE:automfm> -DPIPELINE=${languages}/pipeline.toml
    -DPLUGIN_PATH=${language_plugins} -DWORK=${CMAKE_BINARY_DIR}/tests/abi_${language} "-DSETTINGS=${arg_SETTINGS}" "-DPLUGINS=${arg_IDS}" -P ${languages}/run.cmake)
  set_tests_properties(abi_${language}_runs PROPERTIES LABELS ${arg_LABEL} TIMEOUT 600)
  if(EXISTS ${CMAKE_SOURCE_DIR}/framework/check)
    add_test(NAME abi_${language}_check COMMAND automfm check ${language_plugins}/${name}.so)
    set_tests_properties(abi_${language}_check PROPERTIES LABELS long TIMEOUT 600)
  endif()
endfunction()

language_plugin(qif_c COMMAND ${CMAKE_C_COMPILER} -std=c11 -O2 -fPIC -shared -ffp-contract=off -Wall -Wextra
  -I${CMAKE_SOURCE_DIR}/sdk/include ${languages}/c/qif_c.c ${exports} -lm -o ${language_plugins}/qif_c.so
  DEPENDS ${languages}/c/qif_c.c)
language_tests(qif_c c ${CMAKE_C_COMPILER} LABEL essential IDS qif_c triangle_c SETTINGS transfer.optimizer=ceres)

find_program(RUSTC rustc)
if(RUSTC)
  language_plugin(leaky_rust COMMAND ${RUSTC} --crate-type cdylib --edition 2021 -O ${languages}/rust/leaky_rust.rs -o ${language_plugins}/leaky_rust.so
    DEPENDS ${languages}/rust/leaky_rust.rs)
endif()
language_tests(leaky_rust rust "${RUSTC}" LABEL long IDS leaky_rust triangle_c SETTINGS transfer.optimizer=ceres population.cells.neuron=leaky_rust)

find_program(GFORTRAN gfortran)
if(GFORTRAN)
  language_plugin(levenberg_fortran
    COMMAND ${GFORTRAN} -std=f2018 -O2 -fPIC -ffp-contract=off -Wall -J ${language_plugins} -c ${languages}/fortran/levenberg.f90 -o ${language_plugins}/levenberg.o
    COMMAND ${CMAKE_C_COMPILER} -std=c11 -O2 -fPIC -I${CMAKE_SOURCE_DIR}/sdk/include -c ${languages}/fortran/table.c -o ${language_plugins}/table.o
    COMMAND ${GFORTRAN} -shared ${language_plugins}/levenberg.o ${language_plugins}/table.o ${exports} -o ${language_plugins}/levenberg_fortran.so
    DEPENDS ${languages}/fortran/levenberg.f90 ${languages}/fortran/table.c)
endif()
language_tests(levenberg_fortran fortran "${GFORTRAN}" LABEL long IDS levenberg_fortran qif_c)
