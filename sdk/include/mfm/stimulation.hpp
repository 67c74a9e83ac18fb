// SPDX-License-Identifier: Apache-2.0
// The authoring layer of stimulation protocols.  An author writes a struct P with
//   id, version, summary, citation                        static constexpr strings
//   Settings with fields(), and a constructor from it     throws mfm::Infeasible when the settings make no protocol
//   std::vector<mfm::Condition> conditions() const        what is applied, one after the other
//   double level(std::uint32_t condition) const           Hz: the stationary rate, or the baseline
//   double rate(std::uint32_t condition, double t) const  Hz at t ms after the start; not needed when all conditions
//   are stationary
// and exports it with MFM_PLUGIN("My Lab", mfm::Stimulation<P>).
#pragma once
#include <mfm/plugin.hpp>

#include <cmath>
#include <sstream>

namespace mfm {

/// One condition of a protocol: how it is called and when what happens (ms).
struct Condition {
    std::string label;            ///< "rate = 40 Hz"; at most 87 bytes reach the host
    bool stationary = false;      ///< the rate does not change in time
    double duration = 0;          ///< what the protocol needs; 0: as long as asked
    double onset = 0, offset = 0; ///< when the stimulus leaves and regains its baseline; equal when it never does
    double frequency_hz = 0;      ///< of its main oscillation, or 0
};

/// A number for a label: "40", "0.25".
[[nodiscard]] inline std::string label_number(double value) {
    std::ostringstream text;
    text << value;
    return text.str();
}
/// "rate = 40 Hz"
[[nodiscard]] inline std::string rate_label(double rate_hz) {
    return "rate = " + label_number(rate_hz) + " Hz";
}

template <class P> class Stimulation {
    struct Instance {
        P protocol;
        std::vector<Condition> conditions;
        explicit Instance(P made) : protocol(std::move(made)), conditions(protocol.conditions()) {
            if (conditions.empty()) throw Infeasible("the protocol has no condition; give at least one rate");
            for (std::uint32_t c = 0; c < conditions.size(); ++c) (void)checked(protocol.level(c), c);
        }
        [[nodiscard]] const Condition& condition(std::uint32_t c) const {
            if (c >= conditions.size())
                throw std::out_of_range("there is no condition " + std::to_string(c) + "; the protocol has " +
                                        std::to_string(conditions.size()));
            return conditions[c];
        }
        [[nodiscard]] double checked(double rate, std::uint32_t c) const {
            if (!std::isfinite(rate) || rate < 0.0)
                throw Infeasible("condition '" + conditions[c].label + "' has a rate of " + label_number(rate) +
                                 " Hz; a rate is a number that is not negative");
            return rate;
        }
    };
    static const Instance& of(const void* self) { return *static_cast<const Instance*>(self); }

    static mfm_status create(const mfm_value* const* values, void** self, mfm_error* error) noexcept {
        return guarded(error, [&] {
            using Settings = typename SettingsOf<P>::type;
            *self = new Instance(P(Schema<Settings>::read(values)));
        });
    }
    static void destroy(void* self) noexcept { delete static_cast<Instance*>(self); }

    static mfm_status count(void* self, std::uint32_t* n, mfm_error*) noexcept {
        *n = static_cast<std::uint32_t>(of(self).conditions.size());
        return MFM_OK;
    }
    static mfm_status describe(void* self, std::uint32_t c, mfm_condition* out, mfm_error* error) noexcept {
        return guarded(error, [&] {
            const Condition& from = of(self).condition(c);
            out->flags = from.stationary ? MFM_STATIONARY : 0u;
            out->duration = from.duration;
            out->onset = from.onset;
            out->offset = from.offset;
            out->frequency_hz = from.frequency_hz;
            std::snprintf(out->label, sizeof out->label, "%s", from.label.c_str());
        });
    }
    static mfm_status level(void* self, std::uint32_t c, double* rate_hz, mfm_error* error) noexcept {
        return guarded(error, [&] {
            (void)of(self).condition(c);
            *rate_hz = of(self).protocol.level(c);
        });
    }
    static mfm_status course(void* self, std::uint32_t c, double t0, double dt, std::uint64_t n, double* rate_hz,
                             mfm_error* error) noexcept {
        return guarded(error, [&] {
            const Instance& it = of(self);
            const bool stationary = it.condition(c).stationary;
            for (std::uint64_t i = 0; i < n; ++i) {
                double rate = 0;
                if constexpr (requires { it.protocol.rate(c, t0); })
                    rate = stationary ? it.protocol.level(c) : it.protocol.rate(c, t0 + static_cast<double>(i) * dt);
                else
                    rate = it.protocol.level(c);
                rate_hz[i] = it.checked(rate, c);
            }
        });
    }
    static constexpr mfm_stimulation_v1 table{sizeof(mfm_stimulation_v1), 0, &count, &describe, &level, &course};
    static constexpr auto interfaces =
        with_own_interfaces<P>(std::array<mfm_interface, 1>{{{MFM_STIMULATION_ID, &table}}});

public:
    /// The author's object behind the `self` that functions of interfaces get.
    static const P& author(const void* self) { return of(self).protocol; }
    static constexpr mfm_component component{sizeof(mfm_component),
                                             0,
                                             P::id,
                                             P::version,
                                             P::summary,
                                             P::citation,
                                             Schema<typename SettingsOf<P>::type>::list.data(),
                                             &create,
                                             &destroy,
                                             interfaces.data(),
                                             documentation_of<P>()};
};

} // namespace mfm
