# SPDX-License-Identifier: Apache-2.0
mfm_test(meanfield_averaging SOURCES numerics/meanfield_averaging.cpp USES meanfield)
mfm_test(meanfield_fixed_points SOURCES numerics/meanfield_fixed_points.cpp USES meanfield)
mfm_test(meanfield_integrate SOURCES numerics/meanfield_integrate.cpp USES meanfield)
mfm_test(meanfield_evolution SOURCES numerics/meanfield_evolution.cpp USES meanfield)
mfm_test(meanfield_master_equation SOURCES numerics/meanfield_master_equation.cpp USES meanfield)
mfm_test(meanfield_fluctuations SOURCES numerics/meanfield_fluctuations.cpp USES meanfield)
mfm_test(calibration SOURCES numerics/calibration.cpp USES meanfield)
mfm_test(error_budget SOURCES numerics/error_budget.cpp USES validate)
