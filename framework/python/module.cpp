// SPDX-License-Identifier: Apache-2.0
// What the package automfm is made of: functions and classes that take whole lists and arrays of two dimensions.
// People use the package (automfm/__init__.py), not these.
#include "python/bindings.hpp"

PYBIND11_MODULE(_core, module) {
    mfm::bind_errors();
    mfm::bind_run(module);
    mfm::bind_plugins(module);
    mfm::bind_model(module);
}
