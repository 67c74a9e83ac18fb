if(TARGET automfm)
  mfm_test(resume SOURCES science/resume.cpp USES support PLUGINS automfm adex bernoulli fixed_in_degree sweep)
  target_compile_definitions(test_resume PRIVATE AUTOMFM_EXECUTABLE="$<TARGET_FILE:automfm>")
endif()
