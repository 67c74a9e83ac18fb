// SPDX-License-Identifier: Apache-2.0
#include "python/bindings.hpp"
#include "support/diagnostics.hpp"

namespace mfm {
namespace {

namespace py = pybind11;

py::object made(const char* type, const std::string& sentence) {
    return py::module_::import("automfm._errors").attr(type)(sentence);
}
void raise(const py::object& exception) {
    PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(exception.ptr())), exception.ptr());
}

} // namespace

void bind_errors() {
    py::register_exception_translator([](std::exception_ptr failure) {
        try {
            std::rethrow_exception(failure);
        } catch (const InputError& error) {
            const py::object exception = made("InputError", error.what());
            if (error.where.line > 0) {
                exception.attr("file") = error.where.file;
                exception.attr("line") = error.where.line;
                exception.attr("column") = error.where.column;
            }
            raise(exception);
        } catch (const PluginError& error) {
            raise(made("PluginError", error.what()));
        } catch (const Interrupted& error) {
            raise(made("Interrupted", error.what()));
        } catch (const Error& error) {
            raise(made("Error", error.what()));
        }
    });
}

} // namespace mfm
