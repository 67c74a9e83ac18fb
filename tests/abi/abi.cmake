# SPDX-License-Identifier: Apache-2.0
# The promise of the plugin ABI: its layout, what a bad plugin gets, and plugins of other compilers, languages and versions.
set(abi_folder ${CMAKE_CURRENT_LIST_DIR})
set(abi_plugins ${CMAKE_BINARY_DIR}/tests/abi_plugins)
find_program(CLANG_C clang)

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
  attach_refuses)
foreach(name ${bad_plugins})
  string(TOUPPER ${name} macro)
  abi_plugin(${name} bad.c ${macro})
endforeach()
abi_plugin(attach_throws throws.cpp ATTACH_THROWS)
abi_plugin(create_throws throws.cpp)
abi_plugin(plain_c plain_c.c)
target_link_options(abi_plain_c PRIVATE -s) # a stripped library is as good as another
abi_plugin(from_next_year plain_c.c NEWER)
set(abi_targets ${bad_plugins} attach_throws create_throws plain_c from_next_year)
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

mfm_test(abi_plugins SOURCES ${abi_folder}/bad_plugins.cpp ${abi_folder}/good_plugins.cpp USES plugin
  PLUGINS ${abi_targets})
target_compile_definitions(test_abi_plugins PRIVATE ABI_PLUGINS="${abi_plugins}")
