# SPDX-License-Identifier: Apache-2.0
mfm_test(tune SOURCES unit/tune.cpp USES tune LABELS long PLUGINS ceres nlopt siegert lif sweep fixed_in_degree)
