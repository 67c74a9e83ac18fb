# SPDX-License-Identifier: Apache-2.0
set(cortical_plugins adex bernoulli constant softplus_conductance ceres)
mfm_test(cortical_network SOURCES science/cortical_network.cpp USES simulate PLUGINS ${cortical_plugins})
mfm_test(cortical_network_seeds SOURCES science/cortical_network_seeds.cpp USES simulate LABELS long TIMEOUT 900
  PLUGINS ${cortical_plugins})
