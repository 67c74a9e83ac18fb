// SPDX-License-Identifier: Apache-2.0
#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstring>
#include <fstream>

#include "output/store.hpp"
#include "output_fixture.hpp"
#include "support/files.hpp"

using Catch::Matchers::Contains;

namespace {

bool same_bits(const std::vector<double>& a, const std::vector<double>& b) {
    return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0);
}
bool same_bits(double a, double b) {
    return std::memcmp(&a, &b, sizeof a) == 0;
}

/// The sentence of the error that f throws.
template <class F> std::string sentence(F&& f) {
    try {
        f();
    } catch (const mfm::Error& e) {
        CHECK(e.code == mfm::ExitCode::BadInput);
        return e.what();
    }
    return "(no error)";
}

} // namespace

TEST_CASE("a network comes back from its file bit by bit") {
    const fixture::Folder folder;
    const auto file = folder / "network.h5";
    const auto a = fixture::network();
    mfm::save_network(file, a, "abc");
    const auto b = mfm::load_network(file, "abc");
    CHECK(b.hash == a.hash);
    CHECK(b.lower == a.lower);
    CHECK(b.upper == a.upper);
    REQUIRE(b.populations.size() == 2);
    for (std::size_t i = 0; i < 2; ++i) {
        CHECK(b.populations[i].name == a.populations[i].name);
        CHECK(b.populations[i].n == a.populations[i].n);
        for (std::size_t k = 0; k < 3; ++k)
            CHECK(same_bits(b.populations[i].position[k], a.populations[i].position[k]));
    }
    REQUIRE(b.projections.size() == 2);
    for (std::size_t i = 0; i < 2; ++i) {
        const auto &p = a.projections[i], &q = b.projections[i];
        CHECK(q.name == p.name);
        CHECK(q.source == p.source);
        CHECK(q.target == p.target);
        CHECK(q.port == p.port);
        CHECK(q.row == p.row);
        CHECK(q.to == p.to);
        CHECK(q.contacts == p.contacts);
        CHECK(same_bits(q.weight, p.weight));
        CHECK(same_bits(q.weights, p.weights));
        CHECK(same_bits(q.delay, p.delay));
        CHECK(same_bits(q.delays, p.delays));
    }
}

TEST_CASE("a spike record comes back from its file bit by bit") {
    const fixture::Folder folder;
    const auto file = folder / "spikes.h5";
    auto a = fixture::record();
    a.conditions[1].stimulated_cells = 32;
    const std::vector<std::string> names{"mossy/fibres %1", "golgi_cell"};
    mfm::save_spike_record(file, a, names, "abc");
    const auto b = mfm::load_spike_record(file, "abc");
    REQUIRE(b.conditions.size() == a.conditions.size());
    for (std::size_t i = 0; i < a.conditions.size(); ++i) {
        const auto &c = a.conditions[i], &d = b.conditions[i];
        CHECK(d.stimulation == c.stimulation);
        CHECK(d.label == c.label);
        CHECK(d.condition == c.condition);
        CHECK(d.stationary == c.stationary);
        CHECK(d.trials == c.trials);
        CHECK(d.target == c.target);
        CHECK(d.stimulated_cells == c.stimulated_cells);
        CHECK(d.target_cells == c.target_cells);
        CHECK(same_bits({d.level_hz, d.duration, d.transient, d.course_bin, d.onset, d.offset, d.frequency_hz},
                        {c.level_hz, c.duration, c.transient, c.course_bin, c.onset, c.offset, c.frequency_hz}));
        CHECK(same_bits(d.stimulus_hz, c.stimulus_hz));
        CHECK(same_bits(d.count_covariance, c.count_covariance));
        REQUIRE(d.population.size() == c.population.size());
        for (std::size_t p = 0; p < c.population.size(); ++p) {
            const auto &x = c.population[p], &y = d.population[p];
            CHECK(same_bits({x.rate_hz, x.rate_se_hz, x.rate_firing_hz, x.rate_sd_hz, x.rate_sd_firing_hz,
                             x.firing_fraction, x.fano, x.correlation, x.cv_isi},
                            {y.rate_hz, y.rate_se_hz, y.rate_firing_hz, y.rate_sd_hz, y.rate_sd_firing_hz,
                             y.firing_fraction, y.fano, y.correlation, y.cv_isi}));
            CHECK(same_bits(x.cell_rate_hz, y.cell_rate_hz));
            CHECK(same_bits(x.course_hz, y.course_hz));
            CHECK(same_bits(x.course_se_hz, y.course_se_hz));
            CHECK(same_bits(x.spike_time, y.spike_time));
            CHECK(x.spike_cell == y.spike_cell);
            CHECK(x.raster_cells == y.raster_cells);
            CHECK(x.raster_cell == y.raster_cell);
            CHECK(same_bits(x.raster_time, y.raster_time));
        }
    }
}

TEST_CASE("a reduction comes back from its file bit by bit, with the formula of every derived number") {
    const fixture::Folder folder;
    const auto file = folder / "reduction.h5";
    const auto a = fixture::reduction();
    mfm::save_reduction(file, a, "abc");
    const auto b = mfm::load_reduction(file, "abc");
    REQUIRE(b.populations.size() == 3);
    for (std::size_t i = 0; i < 3; ++i) {
        CHECK(b.populations[i].name == a.populations[i].name);
        CHECK(b.populations[i].drive == a.populations[i].drive);
        CHECK(same_bits(b.populations[i].rate_hz, a.populations[i].rate_hz));
        CHECK(b.populations[i].network_index == a.populations[i].network_index);
        CHECK(b.populations[i].n == a.populations[i].n);
        CHECK(b.populations[i].external == a.populations[i].external);
    }
    REQUIRE(b.pathways.size() == 2);
    for (std::size_t i = 0; i < 2; ++i) {
        const auto &p = a.pathways[i], &q = b.pathways[i];
        CHECK(q.name == p.name);
        CHECK((q.source == p.source && q.target == p.target && q.port == p.port));
        CHECK((q.receptor.size == p.receptor.size && q.receptor.shape == p.receptor.shape &&
               q.receptor.flags == p.receptor.flags));
        CHECK(same_bits(
            {q.receptor.tau, q.receptor.tau_rise, q.receptor.E_rev, q.K, q.K_sd, q.Q, q.delay, q.source_fraction},
            {p.receptor.tau, p.receptor.tau_rise, p.receptor.E_rev, p.K, p.K_sd, p.Q, p.delay, p.source_fraction}));
        CHECK(q.in_degree == p.in_degree);
        REQUIRE(q.derived.size() == p.derived.size());
        for (std::size_t d = 0; d < p.derived.size(); ++d) {
            CHECK(q.derived[d].name == p.derived[d].name);
            CHECK(q.derived[d].unit == p.derived[d].unit);
            CHECK(q.derived[d].formula == p.derived[d].formula);
            CHECK(same_bits(q.derived[d].value, p.derived[d].value));
            CHECK(q.derived[d].alternatives == p.derived[d].alternatives);
        }
    }
}

TEST_CASE("transfer tables come back from their file bit by bit") {
    const fixture::Folder folder;
    const auto file = folder / "transfer.h5";
    const auto a = fixture::tables();
    mfm::save_transfer_tables(file, a, "abc");
    const auto b = mfm::load_transfer_tables(file, "abc");
    REQUIRE(b.size() == a.size());
    for (std::size_t t = 0; t < a.size(); ++t) {
        CHECK(b[t].population == a[t].population);
        const auto &r = a[t].sampling, &s = b[t].sampling;
        CHECK((s.end == r.end && s.points == r.points && s.measurements == r.measurements));
        CHECK(same_bits({s.seconds, s.expected_error, s.left_out_error, s.left_out_hz, s.left_out_rate_hz,
                         s.left_out_G_e, s.left_out_G_i},
                        {r.seconds, r.expected_error, r.left_out_error, r.left_out_hz, r.left_out_rate_hz,
                         r.left_out_G_e, r.left_out_G_i}));
        REQUIRE(s.shares.size() == r.shares.size());
        for (std::size_t i = 0; i < r.shares.size(); ++i) {
            const auto &p = r.shares[i], &q = s.shares[i];
            CHECK(q.pathway == p.pathway);
            CHECK(same_bits({q.G_e, q.G_i, q.share, q.rate_hz, q.other_hz, q.se_hz, q.tolerance_hz},
                            {p.G_e, p.G_i, p.share, p.rate_hz, p.other_hz, p.se_hz, p.tolerance_hz}));
        }
        REQUIRE(b[t].points.size() == a[t].points.size());
        for (std::size_t i = 0; i < a[t].points.size(); ++i) {
            const auto &p = a[t].points[i], &q = b[t].points[i];
            CHECK(same_bits(q.nu, p.nu));
            CHECK(q.use == p.use);
            CHECK(same_bits({q.G_e, q.G_i, q.I, q.rate_hz, q.se_hz, q.cv_isi, q.mean_adaptation, q.seconds},
                            {p.G_e, p.G_i, p.I, p.rate_hz, p.se_hz, p.cv_isi, p.mean_adaptation, p.seconds}));
        }
        CHECK(b[t].cell == a[t].cell);
        REQUIRE(b[t].measured.size() == a[t].measured.size());
        for (std::size_t k = 0; k < a[t].measured.size(); ++k) {
            CHECK(b[t].measured[k].swap == a[t].measured[k].swap);
            CHECK(b[t].measured[k].condition == a[t].measured[k].condition);
            CHECK(same_bits(b[t].measured[k].rate_hz, a[t].measured[k].rate_hz));
        }
    }
}

TEST_CASE("fits of transfer functions come back from their file bit by bit") {
    const fixture::Folder folder;
    const auto file = folder / "fits.h5";
    const auto a = fixture::fits();
    mfm::save_transfer_fits(file, a, "abc");
    const auto b = mfm::load_transfer_fits(file, "abc");
    REQUIRE(b.size() == a.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
        const auto &f = a[i], &g = b[i];
        CHECK((g.population == f.population && g.basis == f.basis && g.message == f.message));
        CHECK((g.inputs == f.inputs && g.coefficients == f.coefficients && g.units == f.units));
        CHECK((g.input_units == f.input_units && g.candidate == f.candidate && g.given == f.given));
        REQUIRE(g.adaptation.has_value() == f.adaptation.has_value());
        if (f.adaptation)
            CHECK(same_bits({g.adaptation->per_hz, g.adaptation->per_mV, g.adaptation->offset},
                            {f.adaptation->per_hz, f.adaptation->per_mV, f.adaptation->offset}));
        REQUIRE(g.compared.size() == f.compared.size());
        for (std::size_t k = 0; k < f.compared.size(); ++k) {
            const auto &s = f.compared[k], &t = g.compared[k];
            CHECK((t.basis == s.basis && t.reason == s.reason && t.coefficients == s.coefficients));
            CHECK(t.undefined_points == s.undefined_points);
            CHECK(t.cross_validated_error == s.cross_validated_error);
            CHECK(t.cross_validated_rmse_hz == s.cross_validated_rmse_hz);
            CHECK(t.heldout_rmse_hz == s.heldout_rmse_hz);
            CHECK(t.heldout_median_relative_error == s.heldout_median_relative_error);
        }
        CHECK(same_bits(g.value, f.value));
        CHECK(same_bits(g.covariance, f.covariance));
        CHECK(same_bits(g.lower, f.lower));
        CHECK(same_bits(g.upper, f.upper));
        CHECK(same_bits({g.G_e_lower, g.G_e_upper, g.G_i_lower, g.G_i_upper, g.cost, g.rmse_hz, g.largest_rate_hz},
                        {f.G_e_lower, f.G_e_upper, f.G_i_lower, f.G_i_upper, f.cost, f.rmse_hz, f.largest_rate_hz}));
        CHECK(g.cross_validated_error == f.cross_validated_error);
        CHECK(g.cross_validated_rmse_hz == f.cross_validated_rmse_hz);
        CHECK(g.heldout_rmse_hz == f.heldout_rmse_hz);
        CHECK(g.heldout_median_relative_error == f.heldout_median_relative_error);
        CHECK((g.points == f.points && g.heldout_points == f.heldout_points && g.relative_points == f.relative_points));
        CHECK((g.undefined_points == f.undefined_points && g.heldout_undefined == f.heldout_undefined));
        CHECK((g.outcome == f.outcome && g.iterations == f.iterations && g.evaluations == f.evaluations));
        CHECK((g.starts == f.starts && g.agreeing_starts == f.agreeing_starts));
        REQUIRE(g.fitted_hz.size() == f.fitted_hz.size());
        for (std::size_t k = 0; k < f.fitted_hz.size(); ++k) {
            REQUIRE(g.fitted_hz[k].has_value() == f.fitted_hz[k].has_value());
            if (f.fitted_hz[k]) CHECK(same_bits(*g.fitted_hz[k], *f.fitted_hz[k]));
        }
        CHECK(same_bits({g.current.dI, g.current.rmse_hz}, {f.current.dI, f.current.rmse_hz}));
        CHECK(same_bits(g.current.plus, f.current.plus));
        CHECK(same_bits(g.current.minus, f.current.minus));
        CHECK(g.current.points == f.current.points);
    }
}

TEST_CASE("mean-field results come back from their file bit by bit") {
    const fixture::Folder folder;
    const auto file = folder / "mean_field.h5";
    const auto a = fixture::mean_field();
    mfm::save_mean_field(file, a, "abc");
    const auto b = mfm::load_mean_field(file, "abc");
    CHECK(b.populations == a.populations);
    REQUIRE(b.conditions.size() == a.conditions.size());
    for (std::size_t i = 0; i < a.conditions.size(); ++i) {
        const auto &c = a.conditions[i], &d = b.conditions[i];
        CHECK((d.stimulation == c.stimulation && d.label == c.label && d.condition == c.condition &&
               d.stationary == c.stationary));
        CHECK(same_bits(d.level_hz, c.level_hz));
        CHECK(d.fixed_point == c.fixed_point);
        CHECK(d.failure == c.failure);
        CHECK(same_bits(d.rate_hz, c.rate_hz));
        CHECK(same_bits(d.mean_k_rate_hz, c.mean_k_rate_hz));
        CHECK(same_bits(d.uncalibrated_rate_hz, c.uncalibrated_rate_hz));
        CHECK(same_bits(d.eigenvalue_real, c.eigenvalue_real));
        CHECK(same_bits(d.eigenvalue_imag, c.eigenvalue_imag));
        CHECK(same_bits(d.time_ms, c.time_ms));
        CHECK(same_bits(d.outside_domain, c.outside_domain));
        CHECK(d.outside_inputs == c.outside_inputs);
        CHECK(same_bits(d.largest_F_T, c.largest_F_T));
        CHECK(same_bits(d.first_order_hz, c.first_order_hz));
        CHECK(same_bits(d.covariance, c.covariance));
        CHECK(same_bits({d.covariance_loss, d.lowest_eigenvalue}, {c.covariance_loss, c.lowest_eigenvalue}));
        const auto same_rows = [](const auto& x, const auto& y) {
            return std::equal(x.begin(), x.end(), y.begin(), y.end(),
                              [](const auto& row, const auto& other) { return same_bits(row, other); });
        };
        CHECK(same_rows(d.course_hz, c.course_hz));
        CHECK(same_rows(d.course_sd_hz, c.course_sd_hz));
        CHECK(same_rows(d.response_gain, c.response_gain));
        CHECK(same_rows(d.response_phase_deg, c.response_phase_deg));
        for (const auto part : {&mfm::MeanFieldCondition::linear, &mfm::MeanFieldCondition::noisy}) {
            CHECK(same_bits((d.*part).mean_hz, (c.*part).mean_hz));
            CHECK(same_bits((d.*part).covariance, (c.*part).covariance));
            CHECK(same_rows((d.*part).power, (c.*part).power));
        }
        REQUIRE(d.points.size() == c.points.size());
        for (std::size_t p = 0; p < c.points.size(); ++p) {
            CHECK(same_bits(d.points[p].rate_hz, c.points[p].rate_hz));
            CHECK(d.points[p].stable == c.points[p].stable);
            CHECK(same_bits({d.points[p].growth_rate, d.points[p].oscillation_hz},
                            {c.points[p].growth_rate, c.points[p].oscillation_hz}));
        }
    }
    CHECK(same_bits({b.bin_ms, b.T_ms}, {a.bin_ms, a.T_ms}));
    CHECK(same_bits(b.frequency_hz, a.frequency_hz));
}

TEST_CASE("the same values give the same file, whenever they are written") {
    const fixture::Folder folder;
    mfm::save_network(folder / "a.h5", fixture::network(), "abc");
    mfm::save_network(folder / "b.h5", fixture::network(), "abc");
    CHECK(mfm::read_file(folder / "a.h5") == mfm::read_file(folder / "b.h5"));
}

TEST_CASE("every dataset carries its unit") {
    const fixture::Folder folder;
    mfm::save_network(folder / "network.h5", fixture::network(), "abc");
    mfm::save_spike_record(folder / "spikes.h5", fixture::record(), std::vector<std::string>{"a", "b"}, "abc");
    mfm::save_reduction(folder / "reduction.h5", fixture::reduction(), "abc");
    mfm::save_transfer_tables(folder / "transfer.h5", fixture::tables(), "abc");
    mfm::save_transfer_fits(folder / "fits.h5", fixture::fits(), "abc");
    mfm::save_mean_field(folder / "mean_field.h5", fixture::mean_field(), "abc");
    for (const char* name : {"network.h5", "spikes.h5", "reduction.h5", "transfer.h5", "fits.h5", "mean_field.h5"}) {
        const mfm::Handle file(H5Fopen((folder / name).c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
        REQUIRE(file.open());
        int datasets = 0;
        H5Ovisit2(
            file.get(), H5_INDEX_NAME, H5_ITER_INC,
            [](hid_t at, const char* path, const H5O_info_t* info, void* count) -> herr_t {
                if (info->type != H5O_TYPE_DATASET) return 0;
                INFO(path);
                CHECK(H5Aexists_by_name(at, path, "unit", H5P_DEFAULT) > 0);
                ++*static_cast<int*>(count);
                return 0;
            },
            &datasets, H5O_INFO_BASIC);
        CHECK(datasets > 5);
    }
}

TEST_CASE("a stage's file is reused for the same inputs only") {
    const fixture::Folder folder;
    const auto file = folder / "network.h5";
    CHECK(mfm::stored_state(file, "abc") == mfm::Stored::Missing);
    mfm::save_network(file, fixture::network(), "abc");
    CHECK(mfm::stored_state(file, "abc") == mfm::Stored::Ready);
    CHECK(mfm::stored_state(file, "abd") == mfm::Stored::Other);
    CHECK_THAT(sentence([&] { (void)mfm::load_network(file, "abd"); }), Contains("was made from other inputs"));
    CHECK_THAT(sentence([&] { (void)mfm::load_reduction(file, "abc"); }),
               Contains("holds the stage 'network', not 'reduction'"));
    std::ofstream(folder / "text") << "no result";
    CHECK(mfm::stored_state(folder / "text", "abc") == mfm::Stored::Other);
}

TEST_CASE("any changed byte of a stage's file is found") {
    const fixture::Folder folder;
    const auto file = folder / "mean_field.h5";
    mfm::save_mean_field(file, fixture::mean_field(), "abc");
    const std::string whole = mfm::read_file(file);
    std::size_t unnoticed = 0;
    for (std::size_t i = 0; i < whole.size(); i += 37) {
        std::string changed = whole;
        changed[i] = static_cast<char>(changed[i] ^ 0x10);
        mfm::write_file(folder / "changed.h5", changed);
        try {
            (void)mfm::load_mean_field(folder / "changed.h5", "abc");
            // The zeros that fill the first lines up to 512 bytes carry nothing.
            if (i >= 512 || whole[i] != '\0') ++unnoticed;
        } catch (const mfm::DamagedFile&) {
        }
    }
    CHECK(unnoticed == 0);
}

TEST_CASE("a file cut short is said to be damaged, and what to do") {
    const fixture::Folder folder;
    mfm::save_mean_field(folder / "whole.h5", fixture::mean_field(), "abc");
    const std::string whole = mfm::read_file(folder / "whole.h5");
    const auto file = folder / "mean_field.h5";
    for (std::size_t length :
         {std::size_t{0}, std::size_t{100}, std::size_t{512}, whole.size() / 2, whole.size() - 1}) {
        mfm::write_file(file, whole.substr(0, length));
        const auto text = sentence([&] { (void)mfm::load_mean_field(file, "abc"); });
        CHECK_THAT(text, Contains("mean_field.h5' is damaged: ") &&
                             Contains("delete it, and the next run will make it again"));
    }
    CHECK_THAT(sentence([&] { (void)mfm::load_mean_field(folder / "none.h5", "abc"); }),
               Contains("cannot read") && Contains("No such file"));
}

TEST_CASE("a full disk is one sentence, and the file of the run before stays whole") {
    const fixture::Folder folder;
    const auto file = folder / "network.h5";
    mfm::save_network(file, fixture::network(), "abc");
    auto large = fixture::network();
    large.projections[0].weights.assign(4, 0.0);
    for (auto& axis : large.populations[1].position) axis.assign(100'000, 1.0);
    large.populations[1].n = 100'000;
    // A limit on the size of files stands in for the disk's end.
    const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
    rlimit before{};
    ::getrlimit(RLIMIT_FSIZE, &before);
    rlimit limited = before;
    limited.rlim_cur = 100'000;
    ::setrlimit(RLIMIT_FSIZE, &limited);
    const auto text = sentence([&] { mfm::save_network(file, large, "abd"); });
    ::setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, old_handler);
    CHECK_THAT(text, Contains("cannot write '" + file.string() + "': File too large; ") && Contains("--out"));
    CHECK(mfm::load_network(file, "abc").populations[1].n == 3);
    CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), std::filesystem::directory_iterator()) ==
          1);
}

TEST_CASE("a folder that cannot be made or written is one sentence") {
    const fixture::Folder folder;
    std::ofstream(folder / "file") << "in the way";
    const auto text = sentence([&] { mfm::write_file(folder / "file/inside/report.txt", "x"); });
    CHECK_THAT(text, Contains("cannot make the folder") && Contains("Not a directory") &&
                         Contains("choose another folder with --out"));
    CHECK_THAT(sentence([&] { mfm::write_file("/proc/report.txt", "x"); }),
               Contains("cannot write '/proc/report.txt'"));
}

TEST_CASE("names become file names without surprises") {
    CHECK(mfm::file_name_of("golgi_cell") == "golgi_cell");
    CHECK(mfm::file_name_of("40 Hz -> 100/s") == "40_Hz_-__100_s");
    CHECK(mfm::file_name_of("../etc") == "_.._etc");
    CHECK(mfm::file_name_of("") == "_");
}
