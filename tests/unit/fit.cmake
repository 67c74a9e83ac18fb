# SPDX-License-Identifier: Apache-2.0
mfm_test(dual SOURCES unit/dual.cpp)
mfm_test(stimulation SOURCES unit/stimulation.cpp USES plugin
  PLUGINS constant sweep step sine gaussian pulse_train sum_of_sines from_file)
