# SPDX-License-Identifier: Apache-2.0
# The Python package, on a circuit that is derived within seconds.
if(TARGET automfm_python AND TARGET automfm_plugins)
  add_test(NAME python COMMAND ${AUTOMFM_PYTHON_EXECUTABLE} -W error::ResourceWarning ${CMAKE_CURRENT_LIST_DIR}/test_automfm.py)
  set(label long)
  if(AUTOMFM_PYTHON)
    set(label essential)
  endif()
  set_tests_properties(python PROPERTIES LABELS ${label} TIMEOUT 900 SKIP_RETURN_CODE 77 ENVIRONMENT
    "PYTHONPATH=${CMAKE_BINARY_DIR}/python;PYTHONDONTWRITEBYTECODE=1;MPLBACKEND=Agg;XDG_DATA_HOME=${CMAKE_BINARY_DIR}/tests/no-data")
else()
  add_test(NAME python COMMAND ${CMAKE_COMMAND} -E echo "SKIPPED: the Python package needs Debian's python3-dev, python3-numpy and pybind11-dev")
  set_tests_properties(python PROPERTIES LABELS long SKIP_REGULAR_EXPRESSION "SKIPPED: ")
endif()
