// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "output/library_file.hpp"

namespace mfm {

/// Between the members of a library.  On a grid: multilinear in the axes' coordinates (logarithms on a logarithmic
/// axis).  Elsewhere: the mean of the 2 (d + 1) nearest members of d axes, weighted by 1 / distance^2 (Shepard 1968),
/// in coordinates that run from 0 to 1 on every axis.  Variants that lie beside the axes have no part in it.
class Interpolation {
public:
    explicit Interpolation(const ModelLibrary&);
    /// In words, for people.
    [[nodiscard]] static std::string method(const LibraryConfig&);
    /// [columns] at values on the axes; NaN where a member that is needed has none.  Throws InputError outside of the
    /// axes: nothing is extrapolated.
    [[nodiscard]] std::vector<double> at(const std::vector<double>& values) const;
    /// The member that is nearest in those coordinates.  Throws InputError where no member lies on the axes.
    [[nodiscard]] std::size_t nearest(const std::vector<double>& values) const;
    /// [columns] Members left out one at a time.  On a grid, one is predicted from its two neighbours on every axis
    /// where it has two, and the predictions of several axes are averaged: the gaps are twice those of the library, so
    /// that its own error is less.
    [[nodiscard]] std::vector<InterpolationError> leave_one_out() const;

private:
    struct Weight {
        std::size_t member;
        double weight;
    };
    [[nodiscard]] std::vector<double> coordinates(const std::vector<double>& values) const;
    [[nodiscard]] std::vector<Weight> grid_weights(const std::vector<double>& values) const;
    [[nodiscard]] std::vector<Weight> scattered_weights(const std::vector<double>& x, std::size_t left_out) const;
    [[nodiscard]] std::vector<Weight> neighbours(std::size_t member) const;
    [[nodiscard]] double sum(const std::vector<Weight>&, std::size_t column) const;

    const ModelLibrary& library_;
    std::vector<std::size_t> on_axes_;  ///< members
    std::vector<double> x_;             ///< [on_axes x axes] coordinates
    std::vector<std::size_t> at_index_; ///< grid: member of every combination, or none
    std::vector<std::size_t> index_of_; ///< grid: combination of every member
};

} // namespace mfm
