# SPDX-License-Identifier: Apache-2.0
# The promise of the plugin ABI: its layout, what a bad plugin gets, and plugins of other compilers, languages and versions.
set(abi_folder ${CMAKE_CURRENT_LIST_DIR})
set(abi_plugins ${CMAKE_BINARY_DIR}/tests/abi_plugins)
find_program(CLANG_C clang)
set(abi_header ${CMAKE_SOURCE_DIR}/sdk/include/mfm/abi.h)

add_executable(test_abi_layout ${abi_folder}/layout_v1.c)
target_link_libraries(test_abi_layout PRIVATE mfm::sdk automfm_warnings)
add_test(NAME abi_layout COMMAND test_abi_layout)
set_tests_properties(abi_layout PROPERTIES LABELS essential)
foreach(compiler gcc clang)
  find_program(ABI_${compiler} ${compiler})
  if(ABI_${compiler})
    foreach(standard c99 c11)
      add_test(NAME abi_layout_${compiler}_${standard} COMMAND ${ABI_${compiler}} -std=${standard} -fsyntax-only -Wno-c11-extensions
        -I${CMAKE_SOURCE_DIR}/sdk/include ${abi_folder}/layout_v1.c)
      set_tests_properties(abi_layout_${compiler}_${standard} PROPERTIES LABELS essential)
    endforeach()
    # No hole in a struct that one side could leave to chance.
    add_test(NAME abi_padding_${compiler} COMMAND ${ABI_${compiler}} -x c -fsyntax-only -Wpadded -Werror=padded ${abi_header})
    set_tests_properties(abi_padding_${compiler} PROPERTIES LABELS essential)
  endif()
endforeach()

# Every plugin in a folder of its own, so that a registry sees one at a time.
function(abi_plugin name source)
  add_library(abi_${name} MODULE ${abi_folder}/plugins/${source})
  target_link_libraries(abi_${name} PRIVATE mfm::sdk automfm_warnings)
  target_compile_definitions(abi_${name} PRIVATE ${ARGN})
  set_target_properties(abi_${name} PROPERTIES PREFIX "" OUTPUT_NAME ${name} C_VISIBILITY_PRESET hidden
    LIBRARY_OUTPUT_DIRECTORY ${abi_plugins}/${name})
endfunction()

set(bad_plugins no_symbol other_major function_symbol short_symbol short_head wrong_major short_table no_component undefined_symbol
  setting_without_unit setting_with_unknown_unit setting_without_name setting_without_meaning setting_of_unknown_kind short_setting
  default_out_of_bounds default_on_open_bound bounds_upside_down no_choice two_settings_of_one_name table_without_function
  short_interface interface_without_table short_component no_id strange_id no_version no_settings_list no_create no_destroy
  attach_refuses no_summary no_citation no_interfaces half_a_number path_of_a_number reserved_table reserved_component
  reserved_setting unknown_flag reserved_interface)
foreach(name ${bad_plugins})
  string(TOUPPER ${name} macro)
  abi_plugin(${name} bad.c ${macro})
endforeach()
abi_plugin(attach_throws throws.cpp ATTACH_THROWS)
abi_plugin(create_throws throws.cpp)
abi_plugin(waits waits.c)
abi_plugin(plain_c plain_c.c)
target_link_options(abi_plain_c PRIVATE -s) # a stripped library is as good as another
abi_plugin(from_next_year plain_c.c NEWER)
abi_plugin(reserved_from_next_year bad.c RESERVED_TABLE RESERVED_COMPONENT RESERVED_SETTING UNKNOWN_FLAG NEXT_YEAR)
set(abi_targets ${bad_plugins} waits attach_throws create_throws plain_c from_next_year reserved_from_next_year)
list(TRANSFORM abi_targets PREPEND abi_)

if(CLANG_C)
  add_custom_command(OUTPUT ${abi_plugins}/clang/plain_c.so
    COMMAND ${CMAKE_COMMAND} -E make_directory ${abi_plugins}/clang
    COMMAND ${CLANG_C} -std=c11 -O2 -fPIC -shared -fvisibility=hidden -I${CMAKE_SOURCE_DIR}/sdk/include
            ${abi_folder}/plugins/plain_c.c -o ${abi_plugins}/clang/plain_c.so
    DEPENDS ${abi_folder}/plugins/plain_c.c ${CMAKE_SOURCE_DIR}/sdk/include/mfm/abi.h VERBATIM)
  add_custom_target(abi_plain_c_clang DEPENDS ${abi_plugins}/clang/plain_c.so)
  list(APPEND abi_targets abi_plain_c_clang)
endif()

# The header of a later minor version: every struct but mfm_interface has a field more.
set(later_include ${CMAKE_BINARY_DIR}/tests/abi_later)
file(READ ${abi_header} later)
string(REGEX REPLACE "} (mfm_[a-z0-9_]+);" " uint64_t added_later; } \\1;" later "${later}")
string(REPLACE "uint64_t added_later; } mfm_interface" "} mfm_interface" later "${later}")
string(REGEX REPLACE "(#define MFM_ABI_MINOR) ([0-9]+)u" "\\1 (\\2u + 1u)" later "${later}")
file(CONFIGURE OUTPUT ${later_include}/mfm/abi.h CONTENT "${later}" @ONLY)
set_property(DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${abi_header})

# The plugins of frozen/ once more, built with it; and one that asks for the new fields.
foreach(source neuron.cpp kinds.cpp plain.c)
  cmake_path(GET source STEM name)
  add_library(abi_later_${name} MODULE ${abi_folder}/frozen/1.0/${source})
  target_compile_definitions(abi_later_${name} PRIVATE COMPILER="later")
  target_compile_options(abi_later_${name} PRIVATE -ffp-contract=off -fno-math-errno -fno-trapping-math $<$<COMPILE_LANGUAGE:CXX>:-Wno-psabi>)
  target_compile_features(abi_later_${name} PRIVATE cxx_std_20)
  set_target_properties(abi_later_${name} PROPERTIES PREFIX "" OUTPUT_NAME ${name}_later LIBRARY_OUTPUT_DIRECTORY ${abi_plugins}/later)
  list(APPEND later_plugins abi_later_${name})
endforeach()
add_library(abi_later MODULE ${abi_folder}/plugins/later.c)
set_target_properties(abi_later PROPERTIES PREFIX "" OUTPUT_NAME later LIBRARY_OUTPUT_DIRECTORY ${abi_plugins}/asks)
foreach(target ${later_plugins} abi_later)
  target_include_directories(${target} BEFORE PRIVATE ${later_include} ${CMAKE_SOURCE_DIR}/sdk/include)
  set_target_properties(${target} PROPERTIES C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  target_link_options(${target} PRIVATE -Wl,--version-script=${CMAKE_SOURCE_DIR}/sdk/cmake/plugin.map)
endforeach()

# Hosts in C, of today and of a later minor version.
add_library(abi_run STATIC ${abi_folder}/run_component.c)
target_link_libraries(abi_run PRIVATE mfm::sdk automfm_warnings)
target_compile_options(abi_run PRIVATE -ffp-contract=off)
add_executable(abi_host ${abi_folder}/host.c)
target_link_libraries(abi_host PRIVATE mfm::sdk abi_run ${CMAKE_DL_LIBS} automfm_warnings)
add_executable(abi_host_later ${abi_folder}/host.c ${abi_folder}/run_component.c)
target_compile_definitions(abi_host_later PRIVATE LATER)
target_compile_options(abi_host_later PRIVATE -ffp-contract=off)
target_include_directories(abi_host_later BEFORE PRIVATE ${later_include})
target_link_libraries(abi_host_later PRIVATE ${CMAKE_DL_LIBS})

mfm_test(abi_plugins SOURCES ${abi_folder}/bad_plugins.cpp ${abi_folder}/good_plugins.cpp ${abi_folder}/frozen_plugins.cpp USES plugin
  LIBRARIES abi_run PLUGINS ${abi_targets} ${later_plugins} abi_later abi_host abi_host_later)
target_compile_definitions(test_abi_plugins PRIVATE ABI_PLUGINS="${abi_plugins}")

# This repository's own host, built with the later header.
find_package(Boost 1.74 REQUIRED COMPONENTS filesystem system)
file(GLOB host_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/framework/plugin/*.cpp)
if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
  mfm_test(abi_frozen_later_registry SOURCES ${abi_folder}/frozen_plugins.cpp ${abi_folder}/run_component.c ${host_sources}
    USES support LIBRARIES Boost::headers Boost::filesystem Boost::system ${CMAKE_DL_LIBS} LABELS long)
  target_compile_definitions(test_abi_frozen_later_registry PRIVATE LATER)
  target_compile_options(test_abi_frozen_later_registry PRIVATE -ffp-contract=off -Wno-missing-field-initializers)
  target_include_directories(test_abi_frozen_later_registry BEFORE PRIVATE ${later_include})
endif()

function(abi_test name label)
  add_test(NAME ${name} COMMAND ${ARGN})
  set_tests_properties(${name} PROPERTIES LABELS ${label} TIMEOUT 300)
endfunction()
set(frozen ${abi_folder}/frozen/1.0)
file(GLOB frozen_plugins ${frozen}/*.so)
list(TRANSFORM later_plugins REPLACE "abi_later_(.*)" "${abi_plugins}/later/\\1_later.so" OUTPUT_VARIABLE later_files)
abi_test(abi_later_plugins essential ${abi_folder}/same_bits $<TARGET_FILE:abi_host> ${later_files})
abi_test(abi_later_host essential ${abi_folder}/same_bits $<TARGET_FILE:abi_host_later> ${later_files})
abi_test(abi_asks_this_host essential ${abi_folder}/asks $<TARGET_FILE:abi_host> ${abi_plugins}/asks/later.so no)
abi_test(abi_asks_later_host essential ${abi_folder}/asks $<TARGET_FILE:abi_host_later> ${abi_plugins}/asks/later.so yes)
abi_test(abi_break long ${abi_folder}/break ${CMAKE_SOURCE_DIR}/sdk/include ${CMAKE_BINARY_DIR}/tests/abi_break ${CMAKE_C_COMPILER})
# The other compiler of the two builds host and plugins as well: all four combinations must make the same bits.
set(other_compiler clang clang++)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  set(other_compiler gcc g++)
endif()
list(GET other_compiler 1 other_cxx)
find_program(ABI_OTHER_${other_cxx} ${other_cxx})
if(ABI_OTHER_${other_cxx})
  abi_test(abi_compilers long ${abi_folder}/compilers ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR} ${CMAKE_BINARY_DIR}/tests/abi_compilers ${other_compiler})
  set_tests_properties(abi_compilers PROPERTIES TIMEOUT 3600 PROCESSORS 2)
else()
  abi_test(abi_compilers long ${CMAKE_COMMAND} -E echo "skipped: there is no ${other_cxx} here")
  set_tests_properties(abi_compilers PROPERTIES SKIP_REGULAR_EXPRESSION "^skipped")
endif()
if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
  abi_test(abi_frozen_files essential ${CMAKE_COMMAND} -E chdir ${frozen} sha256sum --check --quiet SHA256SUMS)
  abi_test(abi_frozen_later_host essential ${abi_folder}/same_bits $<TARGET_FILE:abi_host_later> ${frozen_plugins})
  if(ABI_OTHER_${other_cxx})
    list(GET other_compiler 0 other_cc)
    set(other_host ${CMAKE_BINARY_DIR}/tests/abi_host_${other_cc})
    abi_test(abi_frozen_other_host essential sh -c "${other_cc} -std=c11 -O1 -ffp-contract=off -I${CMAKE_SOURCE_DIR}/sdk/include ${abi_folder}/run_component.c \
      ${abi_folder}/host.c -ldl -o ${other_host} && ${abi_folder}/same_bits ${other_host} ${frozen}/*.so")
  endif()
  foreach(lanes 2 8 16)
    abi_test(abi_frozen_lanes_${lanes} essential ${abi_folder}/same_bits $<TARGET_FILE:abi_host> ${frozen_plugins})
    set_tests_properties(abi_frozen_lanes_${lanes} PROPERTIES ENVIRONMENT MFM_LANES=${lanes})
  endforeach()
else()
  abi_test(abi_frozen essential ${CMAKE_COMMAND} -E echo "skipped: the plugins of tests/abi/frozen are for x86-64, and this is ${CMAKE_SYSTEM_PROCESSOR}")
  set_tests_properties(abi_frozen PROPERTIES SKIP_REGULAR_EXPRESSION "^skipped")
endif()
