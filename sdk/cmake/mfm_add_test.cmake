# SPDX-License-Identifier: Apache-2.0
# mfm_add_test(NAME script.cmake)
#   A test of the plugin NAME for ctest: runs the script with AUTOMFM (the tool), PIPELINE (NAME.toml beside the list file) and OUT
#   (a folder for what a run leaves behind), in a place where the tool finds the plugin.  A script that ends with an error has failed.
#   The tool is the one that was installed beside the SDK, or on the PATH; -DMFM_AUTOMFM=FILE names another.
function(mfm_add_test name script)
  if(NOT MFM_AUTOMFM)
    message(STATUS "no test of ${name}: there is no automfm beside this SDK or on the PATH; -DMFM_AUTOMFM=FILE names one")
    return()
  endif()
  get_filename_component(script ${script} ABSOLUTE)
  add_test(NAME ${name} COMMAND ${CMAKE_COMMAND} -DAUTOMFM=${MFM_AUTOMFM} -DPIPELINE=${CMAKE_CURRENT_SOURCE_DIR}/${name}.toml
    -DOUT=${CMAKE_CURRENT_BINARY_DIR}/runs/${name} -P ${script})
  set_tests_properties(${name} PROPERTIES ENVIRONMENT "MFM_PLUGIN_PATH=$<TARGET_FILE_DIR:${name}>")
endfunction()
