# SPDX-License-Identifier: Apache-2.0
mfm_test(output_store SOURCES unit/output_store.cpp USES output)
