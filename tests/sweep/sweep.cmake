# SPDX-License-Identifier: Apache-2.0
set(sweep_folder ${CMAKE_CURRENT_LIST_DIR})
mfm_test(library_axes SOURCES ${sweep_folder}/library_axes.cpp USES sweep)
if(TARGET automfm AND TARGET automfm_plugins)
  mfm_test(sweep SOURCES ${sweep_folder}/sweep.cpp USES sweep PLUGINS automfm lif fixed_in_degree siegert ceres)
  mfm_test(sweep_derived SOURCES ${sweep_folder}/sweep_derived.cpp USES sweep LABELS long PLUGINS automfm lif fixed_in_degree siegert ceres)
  foreach(test sweep sweep_derived)
    target_compile_definitions(test_${test} PRIVATE AUTOMFM_EXECUTABLE="$<TARGET_FILE:automfm>")
  endforeach()
  # One-node SLURM and Snakemake, as far as they are there; exit code 77: skipped, with the reason.
  add_test(NAME sweep_slurm COMMAND ${sweep_folder}/slurm.sh $<TARGET_FILE:automfm> ${CMAKE_SOURCE_DIR}/configs/sweep_small.toml
    --set "library.axis.outside.step=\"50 Hz\"")
  # All 21 members, in a corner of the tissue.
  add_test(NAME sweep_slurm_library COMMAND ${sweep_folder}/slurm.sh $<TARGET_FILE:automfm>
    ${CMAKE_SOURCE_DIR}/configs/cerebellum_mf_grc_library.toml --set "space.size=[\"100 um\", \"80 um\", \"295 um\"]"
    --set population.golgi_cell.placement.count=10 --set transfer.points=12 --set transfer.wide_points=4 --set transfer.heldout_points=2
    --set transfer.seconds=5 --set transfer.starts=1 --set "stimulation.sweep.rate=[\"4 Hz\", \"80 Hz\"]"
    --set "stimulation.sweep.duration=\"400 ms\"" --set stimulation.step.trials=1 --set stimulation.sine.trials=1
    --set stimulation.burst_10_ms.trials=1 --set stimulation.burst_30_ms.trials=1 --set stimulation.burst_100_ms.trials=1)
  set_tests_properties(sweep_slurm sweep_slurm_library PROPERTIES LABELS long TIMEOUT 2400 SKIP_RETURN_CODE 77 RUN_SERIAL TRUE
    ENVIRONMENT MFM_PLUGIN_PATH=${AUTOMFM_PLUGIN_OUTPUT})
  mfm_test(mf_grc_library SOURCES ${sweep_folder}/mf_grc_library.cpp USES sweep LABELS long TIMEOUT 1800 PLUGINS automfm automfm_plugins)
  target_compile_definitions(test_mf_grc_library PRIVATE AUTOMFM_EXECUTABLE="$<TARGET_FILE:automfm>")
endif()
