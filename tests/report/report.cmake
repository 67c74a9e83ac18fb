# SPDX-License-Identifier: Apache-2.0
set(report_folder ${CMAKE_CURRENT_LIST_DIR})
mfm_test(report SOURCES ${report_folder}/report.cpp ${report_folder}/circuit_graph.cpp USES report)
if(TARGET automfm AND TARGET automfm_plugins)
  # A run's page in headless Chromium; exit code 77: skipped, with the reason.
  add_test(NAME report_browser COMMAND ${report_folder}/browser.sh $<TARGET_FILE:automfm> ${CMAKE_SOURCE_DIR}/configs/start.toml)
  set_tests_properties(report_browser PROPERTIES LABELS long TIMEOUT 900 SKIP_RETURN_CODE 77 ENVIRONMENT MFM_PLUGIN_PATH=${AUTOMFM_PLUGIN_OUTPUT})
endif()
