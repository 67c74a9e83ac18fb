# SPDX-License-Identifier: Apache-2.0
mfm_test(partial_stimulation SOURCES ${CMAKE_CURRENT_LIST_DIR}/partial_stimulation.cpp USES simulate transfer PLUGINS constant step)
