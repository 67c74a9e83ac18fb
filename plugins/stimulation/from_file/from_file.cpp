// SPDX-License-Identifier: Apache-2.0
#include <mfm/stimulation.hpp>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <optional>
#include <string_view>

#include "mfm_page.h"

namespace {

struct FromFile {
    static constexpr auto id = "from_file", version = "1.0.0", summary = "a rate read from a table of times and rates",
                          citation = "";
    static constexpr auto documentation = mfm_page;

    struct Settings {
        std::string file;
        static constexpr auto fields() {
            return std::tuple{
                mfm::Field{&Settings::file, "file", nullptr, "table of times (ms) and rates (Hz), a pair a line"}
                    .path()
                    .required()};
        }
    };
    explicit FromFile(const Settings& s) : file_(s.file) { read(); }
    [[nodiscard]] std::vector<mfm::Condition> conditions() const {
        const std::string name = "course of " + file_.substr(file_.find_last_of('/') + 1);
        mfm::Condition out{.label = name, .stationary = true, .duration = time_.back()};
        for (std::size_t i = 0; i < rate_.size(); ++i) {
            if (rate_[i] == rate_[0]) continue;
            // The rate leaves its first value after the last point that has it, and regains it at the next one.
            if (out.stationary) out.onset = time_[i - 1];
            out.offset = time_[std::min(i + 1, time_.size() - 1)];
            out.stationary = false;
        }
        if (rate_.back() != rate_.front()) out.offset = out.onset; // it never comes back
        if (out.stationary) out.duration = 0;
        return {out};
    }
    [[nodiscard]] double level(std::uint32_t) const { return rate_.front(); }
    [[nodiscard]] double rate(std::uint32_t, double t) const {
        if (t <= time_.front()) return rate_.front();
        if (t >= time_.back()) return rate_.back();
        const auto after = std::upper_bound(time_.begin(), time_.end(), t);
        const auto i = static_cast<std::size_t>(after - time_.begin());
        const double w = (t - time_[i - 1]) / (time_[i] - time_[i - 1]);
        return (1 - w) * rate_[i - 1] + w * rate_[i];
    }

private:
    std::string file_;
    std::vector<double> time_, rate_;

    [[noreturn]] void refuse(std::size_t line, const std::string& what) const {
        throw mfm::Infeasible(file_ + ":" + std::to_string(line) + ": " + what);
    }
    /// One number at the start of `text`, which is moved past it and a separator; nothing when there is none.
    static std::optional<double> number(std::string_view& text) {
        const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
        while (!text.empty() && blank(text.front())) text.remove_prefix(1);
        if (text.starts_with('+')) text.remove_prefix(1);
        double value = 0;
        const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (fault != std::errc{}) return std::nullopt;
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        while (!text.empty() && blank(text.front())) text.remove_prefix(1);
        if (!text.empty() && (text.front() == ',' || text.front() == ';')) text.remove_prefix(1);
        while (!text.empty() && blank(text.front())) text.remove_prefix(1);
        return value;
    }
    void read() {
        std::ifstream in(file_);
        if (!in)
            throw mfm::Infeasible("cannot read '" + file_ + "': " + std::strerror(errno) +
                                  "; give a file with lines of time (ms) and rate (Hz)");
        std::string line;
        bool heading_allowed = true;
        for (std::size_t n = 1; std::getline(in, line); ++n) {
            std::string_view rest = line;
            rest = rest.substr(0, rest.find('#'));
            if (rest.find_first_not_of(" \t\r") == std::string_view::npos) continue;
            const bool heading = heading_allowed;
            heading_allowed = false;
            const auto time = number(rest);
            if (!time && heading) continue; // names of the columns
            const auto rate = time ? number(rest) : std::nullopt;
            if (!time || !rate) refuse(n, "expected a time in ms and a rate in Hz, found '" + line + "'");
            if (!rest.empty()) refuse(n, "expected two numbers, a time and a rate, found more: '" + line + "'");
            if (!std::isfinite(*time) || !std::isfinite(*rate))
                refuse(n, "a time or rate is not a finite number: '" + line + "'");
            if (*rate < 0) refuse(n, "the rate is negative: " + mfm::label_number(*rate) + " Hz");
            if (!time_.empty() && *time <= time_.back())
                refuse(n, "times must increase: " + mfm::label_number(*time) + " ms follows " +
                              mfm::label_number(time_.back()) + " ms");
            time_.push_back(*time);
            rate_.push_back(*rate);
        }
        if (time_.empty()) throw mfm::Infeasible("'" + file_ + "' has no line with a time (ms) and a rate (Hz)");
    }
};

} // namespace

MFM_PLUGIN("automfm", mfm::Stimulation<FromFile>);
