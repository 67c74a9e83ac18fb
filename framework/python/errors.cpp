// SPDX-License-Identifier: Apache-2.0
#include "python/bindings.hpp"
#include "support/diagnostics.hpp"

namespace mfm {
namespace {

namespace py = pybind11;

void raise(const char* type, const std::string& sentence) {
    const py::object exception = py::module_::import("automfm._errors").attr(type)(sentence);
    PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(exception.ptr())), exception.ptr());
}

} // namespace

void bind_errors() {
    py::register_exception_translator([](std::exception_ptr failure) {
        try {
            std::rethrow_exception(failure);
        } catch (const InputError& error) {
            raise("InputError", error.what());
        } catch (const PluginError& error) {
            raise("PluginError", error.what());
        } catch (const Interrupted& error) {
            raise("Interrupted", error.what());
        } catch (const Error& error) {
            raise("Error", error.what());
        }
    });
}

} // namespace mfm
