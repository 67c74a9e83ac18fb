// SPDX-License-Identifier: Apache-2.0
// What the writers of the model's equations (plain text, LaTeX, MathML) share.
#pragma once
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "meanfield/dynamics.hpp"

namespace mfm {

/// A number as people write it: six digits at most, no trailing zeros.
[[nodiscard]] std::string equation_number(double);
[[nodiscard]] bool is_synaptic(const MeanFieldModel&);
/// The filter that pathway i into p reads, counted from 1.
[[nodiscard]] std::size_t filter_number(const Dynamics&, std::size_t p, std::size_t i);
/// The populations that reach p, ascending, each once; in the order of their indices.
[[nodiscard]] std::vector<std::size_t> sources_of(const MeanFieldModel&, std::size_t p);

/// How the second order's parts are written.
struct Notation {
    std::string half, square;
    std::function<std::string(double)> number;
    std::function<std::string(std::size_t)> nu, F;
    std::function<std::string(std::size_t, std::size_t)> C, slope;               ///< C_ab, dF_a / dnu_b
    std::function<std::string(std::size_t, std::size_t, std::size_t)> curvature; ///< d2F_a / dnu_b dnu_c
};

/// What the covariances add to a rate: terms of 1/2 sum C_bc d2F_a / dnu_b dnu_c.
[[nodiscard]] std::vector<std::string> correction_terms(const MeanFieldModel&, const MasterEquation&, const Notation&,
                                                        std::size_t a);
/// The right hand side of T C_ab' but for -2 C_ab.
[[nodiscard]] std::vector<std::string> covariance_terms(const MeanFieldModel&, const MasterEquation&, const Notation&,
                                                        std::size_t a, std::size_t b);

} // namespace mfm
