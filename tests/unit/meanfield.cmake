# SPDX-License-Identifier: Apache-2.0
mfm_test(meanfield_equations SOURCES unit/meanfield_equations.cpp USES meanfield)
