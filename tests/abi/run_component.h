/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUN_COMPONENT_H
#define RUN_COMPONENT_H
#include <mfm/abi.h>

#include <stdio.h>
#ifdef __cplusplus
extern "C" {
#endif
/* Makes an instance with its defaults (lists: 10, 20, 40), calls every function of every known interface with inputs that are the
 * same on every machine, and prints what came of it, bit for bit: numbers as the hexadecimal of their bits, arrays as a hash of
 * these.  The number of failures is returned. */
int run_component(const mfm_component *component, FILE *out);
#ifdef __cplusplus
}
#endif
#endif
