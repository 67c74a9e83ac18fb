# SPDX-License-Identifier: Apache-2.0
mfm_test(optimizers SOURCES numerics/optimizers.cpp USES plugin PLUGINS ceres nlopt)
