# SPDX-License-Identifier: Apache-2.0
# docs/write-a-plugin.md does what it says, with what is installed, and its figure is the one that comes out.
# Needs BUILD (of automfm), SOURCE and WORK.
include(${CMAKE_CURRENT_LIST_DIR}/steps.cmake)
step("installing" ${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/first)
file(RENAME ${WORK}/first ${WORK}/prefix)
set(ENV{PATH} "${WORK}/prefix/bin:$ENV{PATH}")
unset(ENV{XDG_DATA_HOME}) # a HOME of its own
step("the page" bash ${CMAKE_CURRENT_LIST_DIR}/page.sh ${SOURCE}/docs/write-a-plugin.md ${WORK}/page)
find_program(GNUPLOT gnuplot)
if(GNUPLOT)
  step("the figure" ${CMAKE_COMMAND} -E compare_files ${WORK}/page/my_cell/first/figures/transfer_cells.svg
       ${SOURCE}/docs/figures/my_cell_transfer.svg)
endif()
