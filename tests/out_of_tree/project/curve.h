/* SPDX-License-Identifier: Apache-2.0
 * An interface of this lab's own: a function of time.  Its id begins with a domain name of its author, so that it is nobody else's. */
#ifndef ORG_EXAMPLE_CURVE_H
#define ORG_EXAMPLE_CURVE_H
#include <mfm/abi.h>
#define ORG_EXAMPLE_CURVE_ID "org.example.curve/1"
typedef struct org_example_curve_v1 {
    uint32_t size, reserved;
    mfm_status (*value)(void *self, double t, double *value, mfm_error *) MFM_NOEXCEPT; /* at t ms */
} org_example_curve_v1;
#endif
