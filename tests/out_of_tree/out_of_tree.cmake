# SPDX-License-Identifier: Apache-2.0
# What a third party does: install the SDK, build plugins against it, load them; with this build's compiler, and with clang.
set(out_of_tree_folder ${CMAKE_CURRENT_LIST_DIR})
function(out_of_tree_test name compiler plugins label)
  if(TARGET automfm)
    set(automfm $<TARGET_FILE:automfm>)
  endif()
  add_test(NAME ${name} COMMAND ${CMAKE_COMMAND} -DBUILD=${CMAKE_BINARY_DIR} -DPROJECT=${out_of_tree_folder}/project
    -DWORK=${CMAKE_BINARY_DIR}/tests/${name} -DGENERATOR=${CMAKE_GENERATOR} -DCOMPILER=${compiler} -DAUTOMFM=${automfm} "-DPLUGINS=${plugins}"
    -P ${out_of_tree_folder}/scripts/run.cmake)
  set_tests_properties(${name} PROPERTIES LABELS "${label}" TIMEOUT 300)
endfunction()
out_of_tree_test(out_of_tree ${CMAKE_CXX_COMPILER} ramp essential)
out_of_tree_test(out_of_tree_neuron ${CMAKE_CXX_COMPILER} "ramp;perfect_integrator" long)
find_program(CLANG_CXX clang++)
if(CLANG_CXX AND NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  out_of_tree_test(out_of_tree_clang ${CLANG_CXX} "ramp;perfect_integrator" long)
endif()
