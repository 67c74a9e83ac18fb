# SPDX-License-Identifier: Apache-2.0
mfm_test(cerebellar_network SOURCES ${CMAKE_CURRENT_LIST_DIR}/cerebellar_network.cpp USES network
  PLUGINS eglif distance_rank distinct_groups radius shared_relay field_overlap sweep step sine softplus_conductance ceres)
mfm_test(cerebellum_3d SOURCES ${CMAKE_CURRENT_LIST_DIR}/cerebellum_3d.cpp USES network
  PLUGINS eglif distance_rank distinct_groups radius shared_relay voxel_intersection field_overlap sweep step sine softplus_conductance ceres)
