mfm_test(pipeline SOURCES science/pipeline.cpp USES pipeline TIMEOUT 900 PLUGINS eglif lif adex distance_rank distinct_groups radius shared_relay
  field_overlap fixed_in_degree bernoulli sweep step sine constant softplus_conductance zerlaut ceres nlopt)
mfm_test(equal_in_degrees SOURCES science/equal_in_degrees.cpp USES pipeline PLUGINS eglif fixed_in_degree sweep softplus_conductance ceres)
