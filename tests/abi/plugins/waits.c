/* SPDX-License-Identifier: Apache-2.0
 *
 * A plugin whose create does not come back before a file exists.
 */
#define _DEFAULT_SOURCE
#include <mfm/abi.h>

#include <unistd.h>

static mfm_status create(const mfm_value *const *values, void **self, mfm_error *error) {
    (void)error;
    *self = NULL;
    while (access(values[0]->text, F_OK) != 0) usleep(1000);
    return MFM_OK;
}
static void destroy(void *self) { (void)self; }

static const mfm_field until = {sizeof(mfm_field), MFM_TEXT, 0, 0, "until", "1", "the file to wait for", 0, 0, 0, NULL, NULL};
static const mfm_field *const settings[] = {&until, NULL};
static const mfm_interface interfaces[] = {{NULL, NULL}};
static const mfm_component component = {sizeof(mfm_component), 0, "waits", "1.0.0", "waits", "", settings, create, destroy, interfaces, NULL};
static const mfm_component *const components[] = {&component, NULL};
const mfm_plugin mfm_plugin_v1 = {sizeof(mfm_plugin), MFM_ABI_MAJOR, MFM_ABI_MINOR, 0, "tests", "-", "-", components, NULL};
