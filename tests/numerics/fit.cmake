# SPDX-License-Identifier: Apache-2.0
mfm_test(optimizers SOURCES numerics/optimizers.cpp USES plugin PLUGINS ceres nlopt)
mfm_test(moments SOURCES numerics/moments.cpp USES simulate remap PLUGINS eglif adex lif)
mfm_test(operating_points SOURCES numerics/operating_points.cpp USES transfer PLUGINS lif fixed_in_degree sweep)
mfm_test(siegert SOURCES numerics/siegert.cpp USES simulate transfer PLUGINS lif siegert)
mfm_test(surrogate SOURCES unit/surrogate.cpp USES transfer)
mfm_test(adaptive SOURCES numerics/adaptive.cpp USES transfer PLUGINS lif softplus_conductance spline siegert)
