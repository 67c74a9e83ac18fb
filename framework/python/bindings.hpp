// SPDX-License-Identifier: Apache-2.0
// The parts of the module automfm._core, each in a file of its own.
#pragma once
#include <algorithm>
#include <span>
#include <type_traits>
#include <vector>

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

namespace mfm {

using Array = pybind11::array_t<double, pybind11::array::c_style | pybind11::array::forcecast>;

/// Failures of the framework as the exceptions of automfm._errors.
void bind_errors();
void bind_run(pybind11::module_&);
void bind_plugins(pybind11::module_&);
void bind_model(pybind11::module_&);

/// An array of this shape with a copy of the values.
template <class Values> auto as_array(const Values& values, std::vector<pybind11::ssize_t> shape) {
    using Value = typename Values::value_type;
    using Element = std::conditional_t<std::is_same_v<Value, char>, bool, Value>;
    pybind11::array_t<Element> out(std::move(shape));
    std::copy(values.begin(), values.end(), out.mutable_data());
    return out;
}
inline std::span<const double> values_of(const Array& array) {
    return {array.data(), static_cast<std::size_t>(array.size())};
}

} // namespace mfm
