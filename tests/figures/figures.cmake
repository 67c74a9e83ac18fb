# SPDX-License-Identifier: Apache-2.0
# ninja -C build neuron_figures: draws the figure of every neuron plugin's page, plugins/neurons/NAME/ID.svg (needs gnuplot).
add_executable(draw_neurons EXCLUDE_FROM_ALL figures/neurons.cpp)
target_include_directories(draw_neurons PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(draw_neurons PRIVATE automfm_output automfm_warnings)
target_compile_definitions(draw_neurons PRIVATE TEST_PLUGIN_FOLDER="${AUTOMFM_PLUGIN_OUTPUT}")
add_custom_target(neuron_figures
  COMMAND draw_neurons ${CMAKE_SOURCE_DIR}/plugins/neurons ${CMAKE_CURRENT_BINARY_DIR}/figures
  DEPENDS draw_neurons automfm_plugins VERBATIM)
