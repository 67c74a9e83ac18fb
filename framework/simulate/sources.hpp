// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "support/state_file.hpp"

namespace mfm {

/// Rates of Poisson sources: fills rate_hz for as many steps from `first_step`.  Called from any thread.
using Course = std::function<void(std::uint64_t first_step, std::span<double> rate_hz)>;

/// A course of some cells of a Poisson population.
struct SourceCourse {
    Course rate;
    std::vector<std::uint32_t> cells;
};

/// What the cells of a Poisson population do: they follow `base` (empty: silent), except for those that a part names;
/// a cell that several parts name follows the last of them.
struct SourceCourses {
    Course base;
    std::vector<SourceCourse> parts;
};

/// Independent Poisson sources of one population.  A cell fires when the integral of its rate passes the sum of its
/// exponential variates (Brown et al. 2002, doi:10.1162/08997660252741149, eq. 2.10), so any course will do, and the
/// variates of a cell are the same whatever course it follows.
class PoissonSources {
public:
    PoissonSources(std::uint64_t n, double dt, std::uint64_t seed, std::uint64_t stream, SourceCourses);

    [[nodiscard]] std::uint64_t cells() const { return next_.size(); }
    /// Asks the courses for the steps that come next; advance() is then called for every cell once.
    void begin_block(std::uint64_t first_step, std::uint32_t n_steps);
    /// Appends the spikes of cells [first, first + n) in the block, ordered by cell and then by step, counted from
    /// the block's first; cells several times where they fire several times in a step.  [batch]
    void advance(std::uint64_t first, std::uint64_t n, std::vector<std::uint32_t>& step,
                 std::vector<std::uint32_t>& cell);
    void save(StateWriter&) const;
    void restore(StateReader&);

private:
    double dt_;
    std::uint64_t seed_, stream_;
    std::vector<Course> courses_;
    std::vector<std::uint16_t> course_of_;      // [cells], or empty: all follow the first
    std::vector<double> next_;                  // [cells] integral of the rate at which the cell fires next
    std::vector<std::uint32_t> drawn_;          // [cells] variates used so far
    std::vector<double> passed_;                // [courses] integral of the rate up to the block
    std::vector<std::vector<double>> integral_; // [courses][steps] of the block, at the end of each step
};

} // namespace mfm
