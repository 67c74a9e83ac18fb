# SPDX-License-Identifier: Apache-2.0
# mfm_add_plugin(NAME SOURCES a.cpp ... [LIBRARIES targets ...] [PAGE page.md] [CHECK arguments ... | NO_CHECK])
#   A plugin library NAME.so that exports the one symbol of the ABI.  Numbers are the same with every compiler and vector
#   width: a * b + c is contracted only where fma says so, and no optimisation changes a value.
#   The page (README.md beside the list file, when there is one) can be included as "mfm_page.h": constant mfm_page.
#   Where testing is on and automfm is found, `automfm check` runs on it as the test check_NAME, with the arguments of CHECK
#   (as in CHECK --set file=${CMAKE_CURRENT_SOURCE_DIR}/rates.txt); NO_CHECK leaves it out.
function(mfm_add_plugin name)
  cmake_parse_arguments(arg "NO_CHECK" "PAGE" "SOURCES;LIBRARIES;CHECK" ${ARGN})
  if(NOT arg_SOURCES)
    message(FATAL_ERROR "mfm_add_plugin(${name}): name the sources, as in SOURCES ${name}.cpp")
  endif()
  add_library(${name} MODULE ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE mfm::sdk ${arg_LIBRARIES})
  if(NOT arg_PAGE AND EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/README.md)
    set(arg_PAGE README.md)
  endif()
  if(arg_PAGE)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${arg_PAGE})
    file(READ ${arg_PAGE} page)
    file(CONFIGURE OUTPUT ${name}-page/mfm_page.h CONTENT
      "inline constexpr char mfm_page[] = R\"mfm_page(@page@)mfm_page\";\n" @ONLY)
    target_include_directories(${name} PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/${name}-page)
  endif()
  target_compile_features(${name} PRIVATE cxx_std_20)
  target_compile_options(${name} PRIVATE -ffp-contract=off -fno-math-errno -fno-trapping-math -fvisibility=hidden -fvisibility-inlines-hidden
    $<$<CXX_COMPILER_ID:GNU>:-Wno-psabi> $<$<CXX_COMPILER_ID:Clang>:-Wno-psabi>)
  set_target_properties(${name} PROPERTIES PREFIX "" POSITION_INDEPENDENT_CODE ON
    LINK_DEPENDS ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/plugin.map)
  target_link_options(${name} PRIVATE -Wl,--version-script=${CMAKE_CURRENT_FUNCTION_LIST_DIR}/plugin.map -Wl,--no-undefined)
  if(AUTOMFM_PLUGIN_OUTPUT) # inside automfm's own build
    target_link_libraries(${name} PRIVATE automfm_warnings)
    set_target_properties(${name} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${AUTOMFM_PLUGIN_OUTPUT})
    if(NOT TARGET automfm_plugins)
      add_custom_target(automfm_plugins)
    endif()
    add_dependencies(automfm_plugins ${name})
    install(TARGETS ${name} LIBRARY DESTINATION ${AUTOMFM_PLUGIN_INSTALL} COMPONENT automfm)
  endif()
  mfm_add_check(${name} "${arg_NO_CHECK}" ${arg_CHECK})
endfunction()

# The test check_NAME of a plugin, with automfm as the build's own target or as find_program finds it.
function(mfm_add_check name left_out)
  if(left_out OR NOT CMAKE_TESTING_ENABLED)
    return()
  endif()
  if(TARGET automfm)
    set(command $<TARGET_FILE:automfm>)
  else()
    find_program(AUTOMFM automfm HINTS ${PACKAGE_PREFIX_DIR}/bin)
    set(command ${AUTOMFM})
  endif()
  if(NOT command)
    message(STATUS "automfm is not found, so ${name} is not checked; set AUTOMFM to the program")
    return()
  endif()
  add_test(NAME check_${name} COMMAND ${command} check $<TARGET_FILE:${name}> ${ARGN})
  set_tests_properties(check_${name} PROPERTIES LABELS "essential;check" TIMEOUT 300)
endfunction()
