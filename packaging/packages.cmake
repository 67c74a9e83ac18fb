# SPDX-License-Identifier: Apache-2.0
# What is installed beside programs, plugins and headers, and the Debian packages that cpack makes of it all:
#   automfm           the tool, its plugins, the pipelines and the documentation
#   automfm-plugin-X  a plugin that needs somebody's library, with that library's licence; automfm only recommends it
#   python3-automfm   the Python package, where AUTOMFM_PYTHON is on
#   mfm-sdk-dev       what a plugin is built with; the same for every processor
install(FILES README.md LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/automfm COMPONENT automfm)
install(DIRECTORY configs docs DESTINATION ${CMAKE_INSTALL_DATADIR}/automfm COMPONENT automfm)

get_property(plugin_components GLOBAL PROPERTY automfm_plugin_components)
list(SORT plugin_components)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME automfm)
# CMake's default, which is not put before the packages' own descriptions.
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "automfm built using CMake")
set(CPACK_PACKAGE_VENDOR "automfm developers")
set(CPACK_PACKAGE_CONTACT "automfm developers <automfm@example.org>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL automfm sdk ${plugin_components})
if(AUTOMFM_PYTHON)
  list(APPEND CPACK_COMPONENTS_ALL python)
endif()
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
execute_process(COMMAND dpkg --print-architecture OUTPUT_VARIABLE debian_architecture OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)

find_program(GZIP gzip)
# install_compressed(FILE DESTINATION NAME COMPONENT): as the policy wants it, and without the time it was done at.
function(install_compressed file destination name component)
  install(CODE "execute_process(COMMAND ${GZIP} -9n -c ${file} OUTPUT_FILE ${CMAKE_BINARY_DIR}/${name}-${component}.gz COMMAND_ERROR_IS_FATAL ANY)"
          COMPONENT ${component})
  install(FILES ${CMAKE_BINARY_DIR}/${name}-${component}.gz DESTINATION ${destination} RENAME ${name}.gz COMPONENT ${component})
endfunction()

# debian_package(COMPONENT NAME SUMMARY TEXT): what all packages have.
macro(debian_package component name summary text)
  string(TOUPPER ${component} key)
  set(CPACK_DEBIAN_${key}_PACKAGE_NAME ${name})
  set(CPACK_DEBIAN_${key}_DESCRIPTION "${summary}\n${text}")
  install(FILES packaging/copyright DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${name} COMPONENT ${component})
  set(package ${name})
  configure_file(packaging/changelog.in ${CMAKE_BINARY_DIR}/changelog-${name} @ONLY)
  if(GZIP)
    install_compressed(${CMAKE_BINARY_DIR}/changelog-${name} ${CMAKE_INSTALL_DATADIR}/doc/${name} changelog ${component})
  endif()
endmacro()

debian_package(automfm automfm "mean-field models of brain circuits from their spiking networks"
"automfm turns a network of spiking neurons into a mean-field model of the
same circuit: it builds and simulates the network, measures and fits the
transfer function of every population, writes and solves the mean-field
equations, and says how far they are from the network. Neuron models,
connectivity rules, stimuli, transfer functions and optimizers are plugins.")
set(CPACK_DEBIAN_AUTOMFM_PACKAGE_SHLIBDEPS ON)
list(TRANSFORM plugin_components PREPEND automfm- OUTPUT_VARIABLE recommended)
list(TRANSFORM recommended REPLACE _ -)
list(JOIN recommended ", " recommended)
set(CPACK_DEBIAN_AUTOMFM_PACKAGE_RECOMMENDS "${recommended}, gnuplot-nox | gnuplot")
set(CPACK_DEBIAN_AUTOMFM_PACKAGE_SUGGESTS mfm-sdk-dev)
if(GZIP)
  install_compressed(${CMAKE_BINARY_DIR}/automfm.1 ${CMAKE_INSTALL_DATADIR}/man/man1 automfm.1 automfm)
endif()

foreach(component ${plugin_components})
  string(REGEX REPLACE "^plugin-" "" id ${component})
  string(TOUPPER ${component} key)
  string(REPLACE _ - package automfm-${component})
  debian_package(${component} ${package} "plugin of automfm: ${id}"
"A plugin of automfm that needs a library of others.
\`automfm describe ${id}\` prints its page.")
  set(CPACK_DEBIAN_${key}_PACKAGE_SHLIBDEPS ON)
  set(CPACK_DEBIAN_${key}_PACKAGE_ENHANCES automfm)
  set(CPACK_DEBIAN_${key}_PACKAGE_SECTION science)
endforeach()

debian_package(sdk mfm-sdk-dev "headers and CMake package for plugins of automfm"
"What a neuron model, connectivity rule, stimulus, transfer function or
optimizer for automfm is built with: C and C++ headers, a CMake package and
a pkg-config file. A plugin that was built once works in every automfm of
the same major version of its interface.")
set(CPACK_DEBIAN_SDK_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_SDK_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_SDK_PACKAGE_RECOMMENDS "automfm, cmake, g++ | clang")
set(CPACK_DEBIAN_SDK_PACKAGE_SUGGESTS pkgconf)

if(AUTOMFM_PYTHON)
  debian_package(python python3-automfm "mean-field models of brain circuits: Python package"
"Runs automfm's pipelines from Python, reads what they leave behind, and
gives a derived model's transfer functions and its mean field on numpy
arrays: one circuit, or many side by side as the nodes of a larger model,
advanced step by step.")
  # The module is one of this version of Python.
  math(EXPR next_minor "${AUTOMFM_PYTHON_MINOR} + 1")
  set(CPACK_DEBIAN_PYTHON_PACKAGE_DEPENDS "automfm (= ${PROJECT_VERSION}), python3-numpy, python3 (>= 3.${AUTOMFM_PYTHON_MINOR}~), python3 (<< 3.${next_minor}~)")
  set(CPACK_DEBIAN_PYTHON_PACKAGE_SUGGESTS "python3-h5py, python3-matplotlib")
  set(CPACK_DEBIAN_PYTHON_PACKAGE_SHLIBDEPS ON)
  set(CPACK_DEBIAN_PYTHON_PACKAGE_SECTION python)
endif()
include(CPack)
