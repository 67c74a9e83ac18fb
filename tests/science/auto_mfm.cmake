# SPDX-License-Identifier: Apache-2.0
find_package(nlohmann_json REQUIRED)
find_package(Boost 1.74 REQUIRED)
mfm_test(auto_mfm SOURCES science/auto_mfm.cpp USES transfer meanfield LIBRARIES nlohmann_json::nlohmann_json Boost::headers
  PLUGINS eglif zerlaut ceres nlopt)
