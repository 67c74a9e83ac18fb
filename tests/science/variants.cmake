# SPDX-License-Identifier: Apache-2.0
mfm_test(variants SOURCES science/variants.cpp USES pipeline TIMEOUT 900 PLUGINS adex bernoulli fixed_in_degree sweep sine softplus_conductance ceres)
