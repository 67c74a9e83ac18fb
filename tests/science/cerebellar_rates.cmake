mfm_test(cerebellar_rates SOURCES science/cerebellar_rates.cpp USES pipeline LABELS long TIMEOUT 1800 PLUGINS eglif distance_rank distinct_groups radius
  shared_relay field_overlap sweep step sine softplus_conductance ceres)
