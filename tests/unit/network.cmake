# SPDX-License-Identifier: Apache-2.0
mfm_test(connectivity_rules SOURCES ${CMAKE_CURRENT_LIST_DIR}/connectivity_rules.cpp USES network
  PLUGINS fixed_in_degree bernoulli fixed_total all_to_all one_to_one radius nearest distance_rank distinct_groups
          shared_relay field_overlap)
mfm_test(network SOURCES ${CMAKE_CURRENT_LIST_DIR}/network.cpp USES network
  PLUGINS fixed_in_degree bernoulli fixed_total all_to_all radius nearest distance_rank distinct_groups shared_relay
          field_overlap lif)
mfm_test(swc SOURCES ${CMAKE_CURRENT_LIST_DIR}/swc.cpp)
mfm_test(voxel_intersection SOURCES ${CMAKE_CURRENT_LIST_DIR}/voxel_intersection.cpp USES network PLUGINS voxel_intersection)
