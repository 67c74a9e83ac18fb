# SPDX-License-Identifier: Apache-2.0
mfm_test(synapses SOURCES numerics/synapses.cpp USES simulate PLUGINS lif eglif adex bernoulli all_to_all one_to_one fixed_in_degree)
