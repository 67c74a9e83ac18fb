# SPDX-License-Identifier: Apache-2.0
# The plugin host and the pipeline file.  The plugins of these tests are in a library of their own.
set(host_folder ${CMAKE_CURRENT_LIST_DIR}/host)
set(host_plugins ${CMAKE_BINARY_DIR}/tests/host_plugins)
add_library(host_test_plugins MODULE ${host_folder}/plugins.cpp)
target_link_libraries(host_test_plugins PRIVATE mfm::sdk automfm_warnings)
set_target_properties(host_test_plugins PROPERTIES PREFIX "" LIBRARY_OUTPUT_DIRECTORY ${host_plugins})

mfm_test(host_support SOURCES ${host_folder}/units.cpp ${host_folder}/support.cpp ${host_folder}/progress.cpp USES support LIBRARIES nlohmann_json::nlohmann_json)
mfm_test(host_config SOURCES ${host_folder}/config_values.cpp ${host_folder}/config_files.cpp ${host_folder}/config_errors.cpp ${host_folder}/config_plasticity.cpp ${host_folder}/config_differences.cpp ${host_folder}/config_variants.cpp
  USES config PLUGINS host_test_plugins)
target_compile_definitions(test_host_config PRIVATE HOST_TEST_PLUGINS="${host_plugins}")
mfm_test(host_layering SOURCES ${host_folder}/layering.cpp)
if(TARGET automfm)
  mfm_test(host_command_line SOURCES ${host_folder}/command_line.cpp USES config LIBRARIES nlohmann_json::nlohmann_json PLUGINS host_test_plugins automfm)
  target_compile_definitions(test_host_command_line PRIVATE HOST_TEST_PLUGINS="${host_plugins}" AUTOMFM_EXECUTABLE="$<TARGET_FILE:automfm>")
endif()
if(TARGET automfm_plugins)
  mfm_test(host_documentation SOURCES ${host_folder}/documentation.cpp USES config PLUGINS automfm_plugins host_test_plugins)
  target_compile_definitions(test_host_documentation PRIVATE HOST_TEST_PLUGINS="${host_plugins}")
  mfm_test(host_schema SOURCES ${host_folder}/schema.cpp USES config PLUGINS automfm_plugins host_test_plugins)
  target_compile_definitions(test_host_schema PRIVATE HOST_TEST_PLUGINS="${host_plugins}")
  # As an editor would: by Debian's python3-jsonschema, where it is installed.
  find_program(PYTHON3 python3 PATHS /usr/bin NO_DEFAULT_PATH)
  if(PYTHON3 AND TARGET automfm)
    add_test(NAME host_schema_editor COMMAND ${PYTHON3} ${host_folder}/schema.py $<TARGET_FILE:automfm> ${CMAKE_SOURCE_DIR}/configs)
    set_tests_properties(host_schema_editor PROPERTIES LABELS essential TIMEOUT 120 SKIP_RETURN_CODE 77)
  endif()
endif()
