mfm_test(pipeline SOURCES science/pipeline.cpp USES pipeline TIMEOUT 900 PLUGINS eglif lif adex distance_rank distinct_groups radius shared_relay
  field_overlap fixed_in_degree bernoulli sweep step sine constant softplus_conductance zerlaut ceres nlopt)
mfm_test(equal_in_degrees SOURCES science/equal_in_degrees.cpp USES pipeline PLUGINS eglif fixed_in_degree sweep softplus_conductance ceres)
mfm_test(siegert_network SOURCES science/siegert_network.cpp USES pipeline TIMEOUT 600 PLUGINS lif bernoulli sweep siegert ceres)
set(config_plugins eglif lif adex hodgkin_huxley distance_rank distinct_groups radius shared_relay field_overlap fixed_in_degree bernoulli sweep step sine
  gaussian pulse_train softplus_conductance zerlaut siegert ceres)
mfm_test(configs SOURCES science/configs.cpp USES pipeline LABELS long TIMEOUT 1800 PLUGINS ${config_plugins})
mfm_test(other_networks SOURCES science/other_networks.cpp USES pipeline LABELS long TIMEOUT 1800 PLUGINS ${config_plugins})
mfm_test(adaptive_sampling SOURCES science/adaptive_sampling.cpp USES transfer LABELS long TIMEOUT 3600 PLUGINS eglif distance_rank distinct_groups radius
  shared_relay field_overlap sweep step sine softplus_conductance ceres)
# The shipped variants of the cerebellum, at a small size, every time.
add_test(NAME configs_variants COMMAND test_configs "[variants]")
set_tests_properties(configs_variants PROPERTIES LABELS essential TIMEOUT 900)
