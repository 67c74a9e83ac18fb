// SPDX-License-Identifier: Apache-2.0
#include <stdexcept>

#include "output/stage_file.hpp"
#include "output/store.hpp"

namespace mfm {

void save_mean_field(const std::filesystem::path& file, const MeanFieldResults& results, const std::string& hash) {
    Hdf5Writer out(stamp_of("mean_field", hash));
    out.write("/population_names", results.populations);
    out.attribute("/", "conditions", std::uint64_t{results.conditions.size()});
    out.group("/conditions");
    for (std::size_t i = 0; i < results.conditions.size(); ++i) {
        const auto& c = results.conditions[i];
        const std::string at = numbered("/conditions", i);
        out.group(at);
        out.attribute(at, "stimulation", c.stimulation);
        out.attribute(at, "label", c.label);
        out.attribute(at, "condition", std::uint64_t{c.condition});
        out.attribute(at, "stationary", std::uint64_t{c.stationary});
        out.attribute(at, "level_hz", c.level_hz);
        out.attribute(at, "fixed_point", static_cast<std::uint64_t>(c.fixed_point));
        out.attribute(at, "failure", c.failure);
        out.write(at + "/rate_hz", c.rate_hz, "Hz");
        out.write(at + "/mean_k_rate_hz", c.mean_k_rate_hz, "Hz");
        out.write(at + "/eigenvalue_real", c.eigenvalue_real, "1/ms");
        out.write(at + "/eigenvalue_imag", c.eigenvalue_imag, "1/ms");
        out.write(at + "/time_ms", c.time_ms, "ms");
        std::vector<double> courses;
        for (const auto& course : c.course_hz) {
            if (course.size() != c.time_ms.size())
                throw std::logic_error("a mean-field course and its times differ in length");
            courses.insert(courses.end(), course.begin(), course.end());
        }
        out.write(at + "/course_hz", courses, "Hz", {c.course_hz.size(), c.time_ms.size()});
        out.attribute(at + "/course_hz", "courses", std::uint64_t{c.course_hz.size()});
        out.write(at + "/outside_domain", c.outside_domain, "1");
        out.write(at + "/largest_F_T", c.largest_F_T, "1");
    }
    out.save(file);
}

MeanFieldResults load_mean_field(const std::filesystem::path& file, const std::string& hash) {
    const auto in = open_stage(file, "mean_field", hash);
    MeanFieldResults results;
    results.populations = in.texts("/population_names");
    results.conditions.resize(in.integer("/", "conditions"));
    for (std::size_t i = 0; i < results.conditions.size(); ++i) {
        auto& c = results.conditions[i];
        const std::string at = numbered("/conditions", i);
        c.stimulation = in.text(at, "stimulation");
        c.label = in.text(at, "label");
        c.condition = static_cast<std::uint32_t>(in.integer(at, "condition"));
        c.stationary = in.integer(at, "stationary") != 0;
        c.level_hz = in.real(at, "level_hz");
        const auto fixed_point = in.integer(at, "fixed_point");
        if (fixed_point > static_cast<std::uint64_t>(FixedPointState::NotFound))
            throw DamagedFile(file, "a fixed point is of no known kind");
        c.fixed_point = static_cast<FixedPointState>(fixed_point);
        c.failure = in.text(at, "failure");
        c.rate_hz = in.read<double>(at + "/rate_hz");
        c.mean_k_rate_hz = in.read<double>(at + "/mean_k_rate_hz");
        c.eigenvalue_real = in.read<double>(at + "/eigenvalue_real");
        c.eigenvalue_imag = in.read<double>(at + "/eigenvalue_imag");
        c.time_ms = in.read<double>(at + "/time_ms");
        c.outside_domain = in.read<double>(at + "/outside_domain");
        c.largest_F_T = in.read<double>(at + "/largest_F_T");
        const auto courses = in.read<double>(at + "/course_hz");
        c.course_hz.resize(in.integer(at + "/course_hz", "courses"));
        expect_length(file, "the courses", courses.size(), c.course_hz.size() * c.time_ms.size());
        const auto n = static_cast<std::ptrdiff_t>(c.time_ms.size());
        for (std::size_t p = 0; p < c.course_hz.size(); ++p) {
            const auto first = courses.begin() + static_cast<std::ptrdiff_t>(p) * n;
            c.course_hz[p].assign(first, first + n);
        }
    }
    return results;
}

} // namespace mfm
