# SPDX-License-Identifier: Apache-2.0
mfm_test(cerebellar_network SOURCES ${CMAKE_CURRENT_LIST_DIR}/cerebellar_network.cpp USES network
  PLUGINS eglif distance_rank distinct_groups radius shared_relay field_overlap sweep step sine softplus_conductance ceres)
