mfm_test(cerebellar_rates SOURCES science/cerebellar_rates.cpp USES pipeline LABELS long TIMEOUT 1800 PLUGINS eglif distance_rank distinct_groups radius
  shared_relay field_overlap sweep step sine softplus_conductance ceres)
mfm_test(cerebellum_3d_rates SOURCES science/cerebellum_3d_rates.cpp USES pipeline LABELS long TIMEOUT 1800 PLUGINS eglif distance_rank distinct_groups radius
  shared_relay voxel_intersection field_overlap sweep step sine softplus_conductance ceres)
mfm_test(cerebellum_in_vitro SOURCES science/cerebellum_in_vitro.cpp USES pipeline LABELS long TIMEOUT 3600 PLUGINS eglif distance_rank distinct_groups radius
  shared_relay voxel_intersection field_overlap sweep step sine softplus_conductance ceres)
