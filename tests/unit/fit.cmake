# SPDX-License-Identifier: Apache-2.0
find_package(nlohmann_json REQUIRED)
mfm_test(dual SOURCES unit/dual.cpp)
mfm_test(stimulation SOURCES unit/stimulation.cpp USES plugin
  PLUGINS constant sweep step sine gaussian pulse_train sum_of_sines from_file)
mfm_test(transfer_bases SOURCES unit/transfer_bases.cpp USES transfer LIBRARIES nlohmann_json::nlohmann_json
  PLUGINS zerlaut softplus_conductance refractory_softplus spline siegert)
mfm_test(fit SOURCES unit/fit.cpp unit/fit_best.cpp USES transfer
  PLUGINS lif eglif zerlaut softplus_conductance refractory_softplus spline siegert ceres)
mfm_test(given_coefficients SOURCES ${CMAKE_CURRENT_LIST_DIR}/given_coefficients.cpp USES transfer
  PLUGINS adex zerlaut softplus_conductance ceres)
