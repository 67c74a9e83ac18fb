# SPDX-License-Identifier: Apache-2.0
# The Debian packages, as they are, and used on a pristine machine; that needs a tool which is not part of this repository.
find_program(DPKG_DEB dpkg-deb)
find_program(DPKG_SHLIBDEPS dpkg-shlibdeps)
if(TARGET automfm AND DPKG_DEB AND DPKG_SHLIBDEPS)
  add_test(NAME packages COMMAND ${CMAKE_COMMAND} -DBUILD=${CMAKE_BINARY_DIR} -DWORK=${CMAKE_BINARY_DIR}/tests/packages-made
    -DMACHINE=${CMAKE_SOURCE_DIR}/../shared/tools/fresh-machine -DVERSION=${PROJECT_VERSION} -P ${CMAKE_CURRENT_LIST_DIR}/scripts/run.cmake)
  set_tests_properties(packages PROPERTIES LABELS long TIMEOUT 3600 SKIP_REGULAR_EXPRESSION "SKIPPED: ")
endif()
