set(neuron_plugins eglif lif adex izhikevich hodgkin_huxley cadex)
add_executable(neuron_state_hash numerics/neuron_state_hash.cpp)
target_include_directories(neuron_state_hash PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(neuron_state_hash PRIVATE automfm_simulate automfm_warnings)
target_compile_definitions(neuron_state_hash PRIVATE TEST_PLUGIN_FOLDER="${AUTOMFM_PLUGIN_OUTPUT}")
mfm_test(neurons SOURCES numerics/neurons.cpp USES simulate PLUGINS ${neuron_plugins} neuron_state_hash)
target_compile_definitions(test_neurons PRIVATE NEURON_STATE_HASH="$<TARGET_FILE:neuron_state_hash>")
find_package(SUNDIALS 6 REQUIRED COMPONENTS cvode nvecserial sunmatrixdense sunlinsoldense)
mfm_test(neurons_reference SOURCES numerics/neurons_reference.cpp USES simulate
  LIBRARIES SUNDIALS::cvode SUNDIALS::nvecserial SUNDIALS::sunmatrixdense SUNDIALS::sunlinsoldense
  PLUGINS ${neuron_plugins} distance_rank distinct_groups radius shared_relay field_overlap sweep step sine softplus_conductance ceres)
mfm_test(neurons_known SOURCES numerics/neurons_known.cpp USES simulate PLUGINS ${neuron_plugins})
mfm_test(neurons_transfer SOURCES numerics/neurons_transfer.cpp USES transfer
  PLUGINS ${neuron_plugins} softplus_conductance ceres)
mfm_test(neurons_noise SOURCES numerics/neurons_noise.cpp USES simulate PLUGINS eglif lif adex)
mfm_test(neurons_drives SOURCES numerics/neurons_drives.cpp USES simulate PLUGINS eglif lif adex)
