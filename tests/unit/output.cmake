# SPDX-License-Identifier: Apache-2.0
mfm_test(validate SOURCES unit/validate_metrics.cpp unit/validate_verdict.cpp unit/validate_rhythm.cpp unit/validate_scores.cpp unit/validate_spectrum.cpp USES validate)
mfm_test(output_store SOURCES unit/output_store.cpp USES output)
mfm_test(output_files SOURCES unit/output_files.cpp USES output)
mfm_test(output_golden SOURCES golden/output_golden.cpp USES output)
mfm_test(output_compare SOURCES golden/compare_golden.cpp USES output)
