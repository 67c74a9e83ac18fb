# SPDX-License-Identifier: Apache-2.0
if(TARGET automfm AND TARGET ceres)
  mfm_test(progress SOURCES science/progress.cpp USES support LIBRARIES nlohmann_json::nlohmann_json
    PLUGINS automfm lif fixed_in_degree sweep softplus_conductance ceres)
  target_compile_definitions(test_progress PRIVATE AUTOMFM_EXECUTABLE="$<TARGET_FILE:automfm>")
endif()
