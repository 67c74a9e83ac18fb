# SPDX-License-Identifier: Apache-2.0
mfm_test(drives SOURCES numerics/drives.cpp USES transfer PLUGINS lif fixed_in_degree)
