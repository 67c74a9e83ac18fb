// SPDX-License-Identifier: Apache-2.0
#include "simulate/sources.hpp"

#include <mfm/random.hpp>

#include <algorithm>
#include <limits>
#include <stdexcept>

namespace mfm {

PoissonSources::PoissonSources(std::uint64_t n, double dt, std::uint64_t seed, std::uint64_t stream,
                               SourceCourses courses)
    : dt_(dt), seed_(seed), stream_(stream), next_(n), drawn_(n, 1) {
    if (courses.parts.size() >= std::numeric_limits<std::uint16_t>::max())
        throw std::length_error("a Poisson population has more than 65534 parts with courses of their own");
    courses_.push_back(std::move(courses.base));
    if (!courses.parts.empty()) course_of_.assign(n, 0);
    for (SourceCourse& part : courses.parts) {
        for (const std::uint32_t cell : part.cells) course_of_.at(cell) = static_cast<std::uint16_t>(courses_.size());
        courses_.push_back(std::move(part.rate));
    }
    passed_.assign(courses_.size(), 0.0);
    integral_.resize(courses_.size());
    for (std::uint64_t c = 0; c < n; ++c) next_[c] = RandomSequence(seed, stream, c).exponential();
}

void PoissonSources::begin_block(std::uint64_t first_step, std::uint32_t n_steps) {
    for (std::size_t k = 0; k < courses_.size(); ++k) {
        std::vector<double>& at = integral_[k];
        at.assign(n_steps, 0.0);
        if (courses_[k]) courses_[k](first_step, at);
        for (double& rate : at) rate = passed_[k] += std::max(0.0, rate) * 1e-3 * dt_;
    }
}

void PoissonSources::advance(std::uint64_t first, std::uint64_t n, std::vector<std::uint32_t>& step,
                             std::vector<std::uint32_t>& cell) {
    for (std::uint64_t c = first; c < first + n; ++c) {
        const std::vector<double>& integral = integral_[course_of_.empty() ? 0 : course_of_[c]];
        for (std::uint32_t t = 0; integral.back() > next_[c];) {
            while (integral[t] <= next_[c]) ++t;
            step.push_back(t);
            cell.push_back(static_cast<std::uint32_t>(c));
            RandomSequence random(seed_, stream_, c);
            random.seek(drawn_[c]++);
            next_[c] += random.exponential();
        }
    }
}

void PoissonSources::save(StateWriter& out) const {
    out.put("sources/next", next_);
    out.put("sources/drawn", drawn_);
    out.put("sources/passed", passed_);
}
void PoissonSources::restore(StateReader& in) {
    in.get("sources/next", std::span<double>(next_));
    in.get("sources/drawn", std::span<std::uint32_t>(drawn_));
    in.get("sources/passed", std::span<double>(passed_));
}

} // namespace mfm
