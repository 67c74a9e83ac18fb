mfm_test(engine SOURCES numerics/engine.cpp numerics/engine_plasticity.cpp numerics/engine_distributions.cpp numerics/engine_checkpoint.cpp USES simulate PLUGINS eglif lif adex)
