mfm_test(cortical_network SOURCES science/cortical_network.cpp USES simulate PLUGINS adex bernoulli constant softplus_conductance ceres)
