// SPDX-License-Identifier: Apache-2.0
// A program that knows nothing of automfm but the ABI: loads a plugin library, and asks every component with the lab's
// own interface for its curve at 50 ms.
#include "curve.h"

#include <cstdio>
#include <cstring>

#include <dlfcn.h>

int main(int argc, char** argv) {
    void* library = argc == 2 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : nullptr;
    const auto* plugin = library != nullptr ? static_cast<const mfm_plugin*>(dlsym(library, "mfm_plugin_v1")) : nullptr;
    if (plugin == nullptr) return std::fprintf(stderr, "no plugin: %s\n", dlerror()), 1;
    for (auto component = plugin->components; *component != nullptr; ++component) {
        for (auto interface = (*component)->interfaces; interface->id != nullptr; ++interface) {
            if (std::strcmp(interface->id, ORG_EXAMPLE_CURVE_ID) != 0) continue;
            const auto* curve = static_cast<const org_example_curve_v1*>(interface->table);
            // Its settings are one real or none: 1 will do.
            mfm_value one{sizeof(mfm_value), MFM_REAL, 1.0, 0, nullptr, nullptr, 0};
            const mfm_value* const settings[] = {&one, nullptr};
            mfm_error error{sizeof(mfm_error), {}};
            void* self = nullptr;
            double value = 0;
            if ((*component)->create(settings, &self, &error) != MFM_OK ||
                curve->value(self, 50.0, &value, &error) != MFM_OK)
                return std::fprintf(stderr, "%s\n", error.message), 1;
            std::printf("%s %g\n", (*component)->id, value);
            (*component)->destroy(self);
        }
    }
    return 0;
}
