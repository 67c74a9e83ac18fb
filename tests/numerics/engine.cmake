mfm_test(engine SOURCES numerics/engine.cpp USES simulate PLUGINS eglif lif adex)
