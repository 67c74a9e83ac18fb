# SPDX-License-Identifier: Apache-2.0
# docs/write-a-plugin.md does what it says, and its figure is the one that comes out.
# Needs BUILD (of automfm), SOURCE, WORK and PYTHON.
include(${CMAKE_CURRENT_LIST_DIR}/steps.cmake)
step("the page" ${PYTHON} -B ${SOURCE}/tests/docs/commands.py --long ${SOURCE} ${BUILD} ${WORK} docs/write-a-plugin.md)
find_program(GNUPLOT gnuplot)
if(GNUPLOT)
  step("the figure" ${CMAKE_COMMAND} -E compare_files ${WORK}/docs_write-a-plugin.md/automfm/my_cell/first/figures/transfer_cells.svg
       ${SOURCE}/docs/figures/my_cell_transfer.svg)
endif()
