# SPDX-License-Identifier: Apache-2.0
# Makes the Debian packages, looks at what they say of themselves, and uses them on a pristine machine.
# Needs BUILD (of automfm), WORK, VERSION and MACHINE (runs shell commands on a pristine Debian with a clone of a repository).
include(${CMAKE_CURRENT_LIST_DIR}/../../out_of_tree/scripts/steps.cmake)
find_program(DPKG_DEB dpkg-deb REQUIRED)
step("packing" ${CMAKE_CPACK_COMMAND} --config ${BUILD}/CPackConfig.cmake -B ${WORK}/debs)
file(GLOB debs ${WORK}/debs/*.deb)
list(TRANSFORM debs REPLACE ".*/" "" OUTPUT_VARIABLE names)
step("asking for the architecture" dpkg --print-architecture)
string(STRIP "${step_output}" architecture)
foreach(needed automfm_${VERSION}_${architecture}.deb mfm-sdk-dev_${VERSION}_all.deb automfm-plugin-ceres_${VERSION}_${architecture}.deb)
  if(NOT needed IN_LIST names)
    message(FATAL_ERROR "there is no package ${needed}; there are ${names}")
  endif()
endforeach()

step("reading the tool's package" ${DPKG_DEB} -f ${WORK}/debs/automfm_${VERSION}_${architecture}.deb)
expect("what the tool needs" "Depends: [^\n]*libc6")
expect("who made it" "Maintainer: automfm developers ")
expect("its section" "Section: science\n")
expect("what is optional" "Recommends: [^\n]*automfm-plugin-ceres")
if(step_output MATCHES "Depends: [^\n]*(ceres|nlopt|pagmo)")
  message(FATAL_ERROR "the tool must not need the library of an optional plugin:\n${step_output}")
endif()
step("reading the plugin's package" ${DPKG_DEB} -f ${WORK}/debs/automfm-plugin-ceres_${VERSION}_${architecture}.deb Depends)
expect("what the plugin needs" "libceres")
foreach(deb ${debs})
  step("listing ${deb}" ${DPKG_DEB} -c ${deb})
  expect("a licence in ${deb}" "/usr/share/doc/[a-z0-9-]+/copyright\n")
  if(step_output MATCHES "${BUILD}|\\./usr/local|/tests/")
    message(FATAL_ERROR "${deb} has files of the build:\n${step_output}")
  endif()
endforeach()

find_program(LINTIAN lintian)
if(LINTIAN)
  # There is no bug to close outside of Debian; and what flags a plugin is compiled with is what mfm-sdk.pc is for.
  step("lintian" ${LINTIAN} --allow-root --fail-on error,warning
       --suppress-tags initial-upload-closes-no-bugs,pkg-config-bad-directive ${debs})
else()
  message("lintian is not installed; the packages are not looked at by it")
endif()

find_program(GIT git)
if(NOT EXISTS ${MACHINE} OR NOT GIT)
  message("SKIPPED: the packages are made and look right, but were not used: there is no ${MACHINE}")
  return()
endif()
# The machine clones a repository: one of the packages alone.
file(MAKE_DIRECTORY ${WORK}/repository)
file(COPY ${debs} DESTINATION ${WORK}/repository)
foreach(command "init -q" "add -A" "-c user.name=test -c user.email=test@example.org commit -q -m packages")
  separate_arguments(arguments UNIX_COMMAND ${command})
  step("git ${command}" ${GIT} -C ${WORK}/repository ${arguments})
endforeach()
step("a pristine machine" ${CMAKE_COMMAND} -E chdir ${WORK}/repository ${MACHINE}
  "apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends ./*.deb g++ cmake ninja-build pkgconf"
  "automfm --version && automfm plugins --why"
  "cd ~ && automfm new neuron my_model && cd my_model && cmake -G Ninja -B build && cmake --build build"
  "cd ~/my_model && ctest --test-dir build --output-on-failure --no-tests=error"
  "cd ~/my_model && automfm run my_model.toml --plugin-path build"
  "mkdir -p ~/.local/share/automfm/plugins && cp ~/my_model/build/my_model.so ~/.local/share/automfm/plugins/ && automfm describe my_model"
  "test ! -e /usr/lib/python3/dist-packages/automfm || python3 -c 'import automfm'"
  "ls $(pkg-config --variable=plugindir mfm-sdk)/lif.so"
  "apt-get -q -y remove 'automfm*' mfm-sdk-dev && test ! -e /usr/bin/automfm && test ! -e /usr/lib/automfm && test ! -e /usr/include/mfm && test ! -e /usr/share/automfm")
expect("version" "automfm ${VERSION}\n")
expect("nothing refused" "refused: none")
expect("a verdict" "Verdict: (VALID|LIMITED)")
