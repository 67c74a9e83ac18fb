// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <mfm/files.hpp>
#include <mfm/stimulation.hpp>

#include <fstream>

#include "curve.h"
#include "interpolate.hpp"
#include "mfm_page.h"

namespace {

/// Points of the library's data file, and the function through them.
struct Table {
    std::vector<double> t, points; // ms, Hz
    Table() {
        std::ifstream file(mfm::data_file("lab", "rates.csv"));
        for (double x = 0, y = 0; file >> x >> y;) t.push_back(x), points.push_back(y);
        if (t.empty()) throw std::runtime_error("rates.csv has no points");
    }
    [[nodiscard]] double at(double time) const { return curves::interpolate(t, points, time); }
};

/// A component with the lab's own interface alone: automfm lists it and has no other use for it.
struct Curves : Table {
    static constexpr auto id = "curves", version = "0.1.0", summary = "the curve of rates.csv", citation = "";
    static mfm_status value(void* self, double t, double* out, mfm_error* error) noexcept {
        return mfm::guarded(error, [&] { *out = mfm::OwnInterfaces<Curves>::author(self).at(t + 100.0); });
    }
    static constexpr org_example_curve_v1 curve{sizeof(org_example_curve_v1), 0, &value};
    static constexpr mfm_interface interfaces[] = {{ORG_EXAMPLE_CURVE_ID, &curve}};
};

/// A stimulation protocol that offers the lab's interface as well.
struct FromTable : Table {
    static constexpr auto id = "from_table", version = "0.1.0", summary = "the rates of a table", citation = "";
    static constexpr auto documentation = from_table_page;
    struct Settings {
        double scale;
        static constexpr auto fields() {
            return std::tuple{mfm::Field{&Settings::scale, "scale", "1", 1., 0., 1e3, "factor on all rates"}};
        }
    };
    explicit FromTable(const Settings& s) : scale(s.scale) {}
    double scale;
    [[nodiscard]] std::vector<mfm::Condition> conditions() const { return {{.label = "table", .duration = t.back()}}; }
    [[nodiscard]] double level(std::uint32_t) const { return scale * points.front(); }
    [[nodiscard]] double rate(std::uint32_t, double time) const { return scale * at(time); }

    static mfm_status value(void* self, double t, double* out, mfm_error* error) noexcept {
        return mfm::guarded(error, [&] { *out = mfm::Stimulation<FromTable>::author(self).rate(0, t); });
    }
    static constexpr org_example_curve_v1 curve{sizeof(org_example_curve_v1), 0, &value};
    static constexpr mfm_interface interfaces[] = {{ORG_EXAMPLE_CURVE_ID, &curve}};
};

} // namespace
