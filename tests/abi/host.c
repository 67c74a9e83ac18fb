/* SPDX-License-Identifier: Apache-2.0
 *
 * host LIBRARY...: a host in C, against abi.h and the C library alone, with which tests ask what a plugin computes when the
 * header or the compiler is another.  It prints what run_component says of every component, and fails when a library has no
 * table of this major version.
 */
#include "run_component.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

static void say(void *self, int32_t level, const char *component, const char *text) {
    (void)self, (void)level;
    printf("%s says: %s\n", component, text);
}
static const void *service(void *self, const char *id) { (void)self, (void)id; return NULL; }
#ifdef LATER /* built with the header of a later minor version: which of the plugin's structs have its new field? */
#define SAY(object) printf(MFM_HAS(object, added_later) ? #object " has the new field\n" : #object " has no new field\n")
#else
#define SAY(object) (void)0
#endif

int main(int argc, char **argv) {
    mfm_host host;
    memset(&host, 0, sizeof host);
    host.size = sizeof host;
    host.abi_minor = MFM_ABI_MINOR;
    host.name = "a host in C";
    host.version = "1.0.0";
    host.log = say;
    host.service = service;
    for (int i = 1; i < argc; ++i) {
        void *library = dlopen(argv[i], RTLD_NOW | RTLD_LOCAL);
        const mfm_plugin *plugin = library != NULL ? dlsym(library, "mfm_plugin_v1") : NULL;
        if (plugin == NULL || plugin->size < 48 || plugin->abi_major != MFM_ABI_MAJOR) {
            fprintf(stderr, "%s: %s\n", argv[i], library == NULL ? dlerror() : "it has no table of this version");
            return 1;
        }
        mfm_error error;
        memset(&error, 0, sizeof error);
        error.size = sizeof error;
        if (MFM_HAS(plugin, attach) && plugin->attach != NULL && plugin->attach(&host, &error) != MFM_OK) {
            fprintf(stderr, "%s: %s\n", argv[i], error.message);
            return 1;
        }
        SAY(plugin);
        for (const mfm_component *const *list = plugin->components; *list != NULL; ++list) {
            const mfm_component *component = *list;
            if (component->size < 72) return 1;
            SAY(component);
            if (component->settings[0] != NULL) SAY(component->settings[0]);
            (void)run_component(component, stdout);
        }
    }
    return 0;
}
