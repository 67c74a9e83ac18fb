# SPDX-License-Identifier: Apache-2.0
# `automfm check`: plugins that are right pass, and every defect gets its sentence.  The plugins that come with automfm are checked where they
# are made (mfm_add_plugin).
set(check_folder ${CMAKE_CURRENT_LIST_DIR})
set(check_plugins ${CMAKE_BINARY_DIR}/tests/check_plugins)

# One library a defect; the name of the defect is the macro that brings it in.
function(check_plugin source)
  foreach(defect ${ARGN})
    string(TOLOWER ${source}_${defect} name)
    add_library(check_plugin_${name} MODULE ${check_folder}/plugins/${source}.cpp)
    target_link_libraries(check_plugin_${name} PRIVATE mfm::sdk automfm_warnings)
    target_compile_definitions(check_plugin_${name} PRIVATE ${defect})
    set_target_properties(check_plugin_${name} PROPERTIES PREFIX "" OUTPUT_NAME ${name} CXX_VISIBILITY_PRESET hidden
      VISIBILITY_INLINES_HIDDEN ON LIBRARY_OUTPUT_DIRECTORY ${check_plugins})
    if(NOT defect STREQUAL EXPORTS_MORE)
      # The standard library's templates are symbols as well.
      target_link_options(check_plugin_${name} PRIVATE -Wl,--version-script=${CMAKE_SOURCE_DIR}/sdk/cmake/plugin.map)
    endif()
    list(APPEND targets check_plugin_${name})
  endforeach()
  set(check_targets ${check_targets} ${targets} PARENT_SCOPE)
endfunction()
check_plugin(neuron NO_DEFECT THROWS THROWS_THROUGH_NOEXCEPT ABORTS CRASHES EXITS NEVER_RETURNS WRITES_BEYOND WRITES_BEFORE READS_BEYOND
  WRITES_AN_INPUT LEAKS KEEPS_SETTINGS KEEPS_STATIC_STATE IGNORES_THE_SEED MASKS_NAN SPREADS_NAN KERNEL_OF_ITS_OWN DEPENDS_ON_THE_BATCH
  DEPENDS_ON_THE_WIDTH DEPENDS_ON_THE_PROCESS SHARES_SCRATCH PADDED_CELLS_FIRE IGNORES_THE_CAPACITY WRONG_JACOBIAN WRONG_HESSIAN
  PAGE_WITHOUT_A_SETTING EXPORTS_MORE)
check_plugin(optimizer NO_DEFECT LEAVES_THE_BOUNDS RETURNS_WORSE MISCOUNTS NEVER_REPORTS IGNORES_STOP HIDES_THE_BUDGET CONVERGES_AT_ONCE
  LIES_ABOUT_COST HIDES_FAILURE)
check_plugin(rule NO_DEFECT NEEDS_A_FILE FORGETS_THE_PLAN COUNTS_MORE GIVES_STRANGERS GIVES_NO_DELAY WRITES_THE_NEXT_ROW IGNORES_THE_STREAM
  DEPENDS_ON_THE_CALL DRAWS_IN_ORDER LIES_ON_THE_MEAN LIES_ON_THE_SPREAD)
check_plugin(transfer NO_DEFECT UNKNOWN_INPUT GUESSES_OUT_OF_BOUNDS GUESSES_HALF FORGETS_THE_LAST WRONG_BY_COEFFICIENT WRONG_BY_INPUT MASKS_NAN
  DEPENDS_ON_THE_BATCH)
check_plugin(protocol NO_DEFECT TEXT_KEPT LEAKS_IN_CREATE NO_CONDITION OFFSET_BEFORE_ONSET SAYS_STATIONARY LEVEL_IS_NAN FAILS_WITHOUT_A_REASON
  WRITES_PAST_ITS_MESSAGE COUNTS_FROM_THE_CALL GOES_NEGATIVE ANOTHER_INTERFACE)

mfm_test(check SOURCES ${check_folder}/check.cpp USES check PLUGINS ${check_targets})
target_compile_definitions(test_check PRIVATE CHECK_PLUGINS="${check_plugins}")
