// SPDX-License-Identifier: Apache-2.0
#include "tune/report.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

#include "config/document.hpp"
#include "output/csv.hpp"
#include "output/figure_script.hpp"
#include "output/figures.hpp"
#include "output/text_table.hpp"
#include "support/files.hpp"

namespace mfm {
namespace {

using Json = nlohmann::ordered_json;

Json number(double x) {
    return std::isfinite(x) ? Json(x) : Json(nullptr);
}
std::string outcome_name(std::uint32_t outcome) {
    return outcome == MFM_CONVERGED ? "converged"
           : outcome == MFM_BUDGET  ? "budget"
           : outcome == MFM_STOPPED ? "stopped"
                                    : "failed";
}
std::string value_text(double value, const std::string& unit) {
    if (!std::isfinite(value)) return "not seen";
    return fmt::format("{:.5g}{}{}", value, unit.empty() ? "" : " ", unit);
}
const char* how_text(Change::How how) {
    return how == Change::How::Set ? "set" : how == Change::How::Scale ? "scale" : "add";
}

std::string parameters_part(const TuneConfig& tune, const TuneOutcome& o) {
    std::vector<std::string> header{"parameter", "start", "found", "lower", "upper"};
    if (o.identifiability) header.emplace_back("standard error");
    if (!o.bootstrap.empty()) header.emplace_back("95 % of the draws");
    TextTable table(header);
    for (std::size_t i = 0; i < tune.parameters.size(); ++i) {
        const TuneParameter& p = tune.parameters[i];
        std::vector<std::string> row{p.name, value_text(o.solution->start[i], p.unit),
                                     value_text(o.solution->x[i], p.unit), value_text(p.lower, p.unit),
                                     value_text(p.upper, p.unit)};
        if (o.identifiability) row.push_back(value_text(o.identifiability->standard_error[i], p.unit));
        if (!o.bootstrap.empty())
            row.push_back(fmt::format("{:.4g} to {:.4g}", o.bootstrap[i].low, o.bootstrap[i].high));
        table.add(row);
    }
    std::string out = table.text() + "\n";
    for (const TuneParameter& p : tune.parameters)
        out += wrap(fmt::format("{}: {} {}", p.name, how_text(p.how), p.path), "  ", "    ");
    return out;
}

std::string targets_part(const TuneConfig& tune, const std::vector<double>& start, const std::vector<double>& found) {
    TextTable table({"objective", "of", "data", "sd", "start", "found", "error / sd"}, 2);
    for (std::size_t t = 0; t < tune.targets.size(); ++t) {
        const TuneTarget& target = tune.targets[t];
        table.add({tune.objectives[target.objective], target.label(), short_text(target.target), short_text(target.sd),
                   short_text(start[t]), short_text(found[t]),
                   fmt::format("{:+.2f}", (found[t] - target.target) / target.sd)});
    }
    return table.text();
}

std::string seen_part(const TuneConfig& tune, const Identifiability& seen) {
    std::string out = heading("What the data see");
    std::size_t unseen = 0;
    for (const SeenDirection& d : seen.directions) unseen += d.unseen ? 1 : 0;
    out += wrap(
        fmt::format("The Fisher information has {} direction{}, of which the data leave {} undetermined within the "
                    "bounds. One standard deviation along each, the best seen first:",
                    seen.directions.size(), seen.directions.size() == 1 ? "" : "s",
                    unseen == 0 ? "none" : fmt::format("{}", unseen)));
    for (const SeenDirection& d : seen.directions)
        out += wrap(d.unseen ? "not seen: " + direction_text(tune, d, 1.0) +
                                   " and more changes no target by as much as "
                                   "its error"
                             : "seen: " + direction_text(tune, d, d.sd),
                    "  - ", "    ");
    return out;
}

std::string undefined_part(std::uint32_t n, const std::string& reason) {
    return n == 0 ? ""
                  : wrap(fmt::format("At {} points the model shows nothing; the first: {}", n, reason), "  ", "  ");
}

std::string front_part(const TuneConfig& tune, const TuneFront& front) {
    std::vector<std::string> header{"point"};
    header.insert(header.end(), tune.objectives.begin(), tune.objectives.end());
    for (const TuneParameter& p : tune.parameters)
        header.push_back(p.unit.empty() ? p.name : fmt::format("{} ({})", p.name, p.unit));
    TextTable table(header);
    const auto row = [&](const std::string& name, const std::vector<double>& objective, const std::vector<double>& x) {
        std::vector<std::string> fields{name};
        for (const double f : objective) fields.push_back(short_text(f));
        for (const double v : x) fields.push_back(short_text(v));
        table.add(fields);
    };
    row("start", front.start_objective, front.start);
    row("nearest to ideal", front.points[front.nearest].objective, front.points[front.nearest].x);
    row("knee", front.points[front.knee].objective, front.points[front.knee].x);
    row("first", front.points.front().objective, front.points.front().x);
    row("last", front.points.back().objective, front.points.back().x);
    return table.text();
}

/// What differs between two documents, as a document of its own.
void differing(const DocumentNode& before, const DocumentNode& now, DocumentNode& out) {
    for (const DocumentEntry& entry : now.entries) {
        const DocumentNode* old = before.find(entry.key);
        if (old != nullptr && old->kind == DocumentNode::Kind::Table && entry.value.kind == old->kind) {
            DocumentNode inner;
            inner.kind = DocumentNode::Kind::Table;
            differing(*old, entry.value, inner);
            if (!inner.entries.empty()) out.entries.push_back({entry.key, entry.where, std::move(inner)});
            continue;
        }
        DocumentNode one, other;
        one.entries.push_back({entry.key, SourcePosition(), entry.value});
        if (old != nullptr) other.entries.push_back({entry.key, SourcePosition(), *old});
        if (old == nullptr || to_toml(one) != to_toml(other)) out.entries.push_back(entry);
    }
}

/// "Converged: why it stopped"; an optimizer's own message may begin with that already.
std::string outcome_sentence(const TuneSolution& s) {
    const std::string_view whether = s.outcome == MFM_CONVERGED ? "converged" : "not converged";
    std::string out = s.message.starts_with(whether) ? s.message : fmt::format("{}: {}", whether, s.message);
    out.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(out.front())));
    return out;
}

} // namespace

std::string tune_text(const std::string& name, const TunedModel& model, const TuneOutcome& o) {
    const TuneConfig& tune = model.tune();
    std::string out = name + ": tuning\n";
    out += wrap(fmt::format("{} free parameter{}, {} target{} in {} objective{}, on the {}; optimizer {}.",
                            tune.parameters.size(), tune.parameters.size() == 1 ? "" : "s", tune.targets.size(),
                            tune.targets.size() == 1 ? "" : "s", tune.objectives.size(),
                            tune.objectives.size() == 1 ? "" : "s",
                            tune.network    ? "network"
                            : tune.measured ? "mean field, transfer functions measured again at every point"
                                            : "mean field, with the transfer functions of its base",
                            tune.optimizer.component->id()));
    if (!o.approximate.empty()) {
        std::string names;
        for (const std::string& p : o.approximate) names += (names.empty() ? "" : ", ") + p;
        out += wrap(
            fmt::format("The base's transfer functions are not exactly those of other values of {}: run tuned.toml "
                        "to see what the model is there, or tune with transfer = \"measured\".",
                        names));
    }
    if (o.solution) {
        const TuneSolution& s = *o.solution;
        out += heading("Outcome");
        out += wrap(fmt::format("{}. {} evaluations; the sum of squares over 2 went from {:.6g} to {:.6g}.",
                                outcome_sentence(s), s.evaluations, s.start_cost, s.cost));
        out += undefined_part(s.undefined, s.undefined_reason);
        for (const std::string& remark : o.remarks) out += wrap("Warning: " + remark + ".");
        out += '\n';
        out += parameters_part(tune, o);
        out += heading("Targets") + targets_part(tune, s.start_value, s.value);
        if (o.identifiability) out += seen_part(tune, *o.identifiability);
        if (!o.bootstrap.empty()) {
            out += heading("Bootstrap");
            out += wrap(fmt::format("{} draws of the data with noise of their standard deviations, each fitted {}. The "
                                    "share of draws that end at a bound:",
                                    tune.bootstrap,
                                    tune.refit ? "again by the optimizer from the solution"
                                               : "with the model linear about the solution"));
            for (std::size_t i = 0; i < o.bootstrap.size(); ++i)
                out += fmt::format("  {}: {:.3g} %\n", tune.parameters[i].name, 100 * o.bootstrap[i].at_bounds);
        }
    }
    if (o.front) {
        const TuneFront& f = *o.front;
        out += heading("Front");
        out +=
            wrap(fmt::format("{} points, none of which another is at least as good as in every objective. Outcome: {}. "
                             "Objectives are roots of the mean square of error over standard deviation. {} "
                             "evaluations.",
                             f.points.size(), f.message, f.evaluations));
        out += undefined_part(f.undefined, f.undefined_reason) + "\n" + front_part(tune, f);
        out += heading("Targets at the point nearest to the ideal") +
               targets_part(tune, f.start_value, f.points[f.nearest].value);
    }
    return out;
}

std::string tune_json(const std::string& name, const TunedModel& model, const TuneOutcome& o) {
    const TuneConfig& tune = model.tune();
    Json out;
    out["name"] = name;
    out["on"] = tune.network ? "network" : "mean_field";
    out["optimizer"] = tune.optimizer.component->id();
    Json parameters = Json::array();
    for (std::size_t i = 0; i < tune.parameters.size(); ++i) {
        const TuneParameter& p = tune.parameters[i];
        Json row{{"name", p.name},         {"path", p.path},
                 {"how", how_text(p.how)}, {"unit", p.unit.empty() ? "1" : p.unit},
                 {"lower", p.lower},       {"upper", p.upper}};
        row["start"] = o.solution ? o.solution->start[i] : o.front->start[i];
        row["found"] = o.solution ? o.solution->x[i] : o.front->points[o.front->nearest].x[i];
        if (o.identifiability) row["standard_error"] = number(o.identifiability->standard_error[i]);
        if (!o.bootstrap.empty())
            row["bootstrap"] = {{"low", o.bootstrap[i].low},
                                {"median", o.bootstrap[i].median},
                                {"high", o.bootstrap[i].high},
                                {"sd", o.bootstrap[i].sd},
                                {"at_bounds", o.bootstrap[i].at_bounds}};
        row["approximate"] = std::find(o.approximate.begin(), o.approximate.end(), p.name) != o.approximate.end();
        parameters.push_back(std::move(row));
    }
    out["parameters"] = std::move(parameters);
    const std::vector<double>& start = o.solution ? o.solution->start_value : o.front->start_value;
    const std::vector<double>& found = o.solution ? o.solution->value : o.front->points[o.front->nearest].value;
    Json targets = Json::array();
    for (std::size_t t = 0; t < tune.targets.size(); ++t)
        targets.push_back({{"objective", tune.objectives[tune.targets[t].objective]},
                           {"of", tune.targets[t].label()},
                           {"unit", tune.targets[t].unit()},
                           {"target", tune.targets[t].target},
                           {"sd", tune.targets[t].sd},
                           {"start", number(start[t])},
                           {"found", number(found[t])}});
    out["targets"] = std::move(targets);
    if (o.solution) {
        out["outcome"] = outcome_name(o.solution->outcome);
        out["message"] = o.solution->message;
        out["evaluations"] = o.solution->evaluations;
        out["undefined"] = o.solution->undefined;
        out["warnings"] = o.remarks;
        out["start_cost"] = o.solution->start_cost;
        out["cost"] = o.solution->cost;
    }
    if (o.identifiability) {
        Json directions = Json::array();
        for (const SeenDirection& d : o.identifiability->directions)
            directions.push_back(
                {{"eigenvalue", d.eigenvalue}, {"sd", number(d.sd)}, {"component", d.component}, {"seen", !d.unseen}});
        out["fisher"] = std::move(directions);
    }
    if (o.front) {
        out["outcome"] = outcome_name(o.front->outcome);
        out["message"] = o.front->message;
        out["evaluations"] = o.front->evaluations;
        out["undefined"] = o.front->undefined;
        out["objectives"] = tune.objectives;
        Json points = Json::array();
        for (const FrontPoint& p : o.front->points)
            points.push_back({{"objectives", p.objective}, {"parameters", p.x}});
        out["front"] = std::move(points);
        out["nearest"] = o.front->nearest;
        out["knee"] = o.front->knee;
    }
    return out.dump(2) + "\n";
}

std::string front_csv(const TuneConfig& tune, const TuneFront& front) {
    std::vector<std::string> header{"point"};
    for (const std::string& name : tune.objectives) header.push_back(name);
    for (const TuneParameter& p : tune.parameters)
        header.push_back(p.unit.empty() ? p.name : fmt::format("{} ({})", p.name, p.unit));
    for (const TuneTarget& t : tune.targets) header.push_back(t.label());
    CsvTable table(header);
    for (std::size_t i = 0; i < front.points.size(); ++i) {
        const FrontPoint& p = front.points[i];
        table.field(std::string_view(i == front.nearest && i == front.knee ? "nearest and knee"
                                     : i == front.nearest                  ? "nearest"
                                     : i == front.knee                     ? "knee"
                                                                           : ""));
        for (const auto* list : {&p.objective, &p.x, &p.value})
            for (const double v : *list) table.field(v);
        table.end_row();
    }
    return table.text();
}

std::string targets_csv(const TuneConfig& tune, const TuneSolution& s) {
    const std::vector<std::string> header{"objective", "of", "unit", "target", "sd", "start", "found"};
    CsvTable table(header);
    for (std::size_t t = 0; t < tune.targets.size(); ++t) {
        const TuneTarget& target = tune.targets[t];
        table.field(std::string_view(tune.objectives[target.objective]));
        table.field(std::string_view(target.label()));
        table.field(std::string_view(target.unit()));
        for (const double v : {target.target, target.sd, s.start_value[t], s.value[t]}) table.field(v);
        table.end_row();
    }
    return table.text();
}

std::string tuned_toml(const TunedModel& model, const DocumentNode& base_document, std::span<const double> x,
                       const std::string& base, const std::string& what) {
    DocumentNode difference;
    difference.kind = DocumentNode::Kind::Table;
    differing(base_document, model.document_at(x), difference);
    DocumentNode include;
    include.kind = DocumentNode::Kind::Table;
    DocumentNode list, file;
    list.kind = DocumentNode::Kind::Array;
    file.kind = DocumentNode::Kind::Text;
    file.text = base;
    list.elements.push_back(file);
    include.entries.push_back({"include", SourcePosition(), list});
    return fmt::format("# {}\n{}\n{}", what, to_toml(include), to_toml(difference));
}

Figure front_figure(const std::string& name, const TuneConfig& tune, const TuneFront& front) {
    const std::size_t k = tune.objectives.size();
    std::vector<std::pair<std::size_t, std::size_t>> pairs;
    for (std::size_t a = 0; a < k; ++a)
        for (std::size_t b = a + 1; b < k; ++b) pairs.emplace_back(a, b);
    const std::vector<KeyEntry> entries{
        {fmt::format("with points pt 7 ps 0.5 lc rgb '{}'", curve_colours[0]), "front"},
        {fmt::format("with points pt 2 ps 1 lw 2 lc rgb '{}'", network_colour), "start"},
        {fmt::format("with points pt 6 ps 1.6 lw 2 lc rgb '{}'", mean_field_colour), "nearest to ideal"},
        {fmt::format("with points pt 4 ps 1.6 lw 2 lc rgb '{}'", curve_colours[2]), "knee"}};
    Figure figure;
    figure.name = "front";
    figure.section = "tune";
    figure.title = name + ": front of the objectives";
    const Sheet sheet{pairs.size()};
    const double height = sheet.bottom() + key_height(entries);
    figure.script = preamble(figure.name, figure.title, height);
    const auto line = [&](const std::vector<double>& objective) {
        std::string out;
        for (const double f : objective) {
            if (!out.empty()) out += ' ';
            out += data_number(f);
        }
        return out + "\n";
    };
    for (const FrontPoint& p : front.points) figure.data += line(p.objective);
    for (const auto* one :
         {&front.start_objective, &front.points[front.nearest].objective, &front.points[front.knee].objective})
        figure.data += "\n\n" + line(*one);
    for (std::size_t i = 0; i < pairs.size(); ++i) {
        const auto [a, b] = pairs[i];
        std::vector<std::string> parts;
        for (std::size_t e = 0; e < entries.size(); ++e)
            parts.push_back(fmt::format("'front.dat' index {} using {}:{} {}", e, a + 1, b + 1, entries[e].style));
        figure.script += placed(sheet.axes(i), height) +
                         fmt::format("set xlabel {}\nset ylabel {}\n", literal(tune.objectives[a] + ", error / sd"),
                                     literal(tune.objectives[b] + ", error / sd")) +
                         plotted(parts);
    }
    figure.script += key(entries, height) + closing();
    figure.caption = "Errors of every pair of objectives, in standard deviations of their targets: the points of the "
                     "front, none of which is better than another in all objectives, the start, the point nearest to "
                     "the ideal and the knee.";
    figure.alt = fmt::format("Front of {} over {}.", counted(front.points.size(), "point"), counted(k, "objective"));
    return figure;
}

std::vector<std::string> write_tune(const std::filesystem::path& folder, const std::string& name,
                                    const std::filesystem::path& pipeline_file, const TunedModel& model,
                                    const DocumentNode& base_document, const TuneOutcome& o) {
    const std::string base = std::filesystem::absolute(pipeline_file)
                                 .lexically_normal()
                                 .lexically_relative(std::filesystem::absolute(folder).lexically_normal())
                                 .generic_string();
    const auto toml = [&](const std::string& file, std::span<const double> x, const std::string& what) {
        write_file(folder / file, tuned_toml(model, base_document, x, base, name + ", " + what));
    };
    write_file(folder / "tune.txt", tune_text(name, model, o));
    write_file(folder / "tune.json", tune_json(name, model, o));
    if (o.solution) {
        toml("tuned.toml", o.solution->x, "tuned");
        write_file(folder / "targets.csv", targets_csv(model.tune(), *o.solution));
    }
    std::vector<std::string> lines;
    if (o.front) {
        toml("tuned.toml", o.front->points[o.front->nearest].x, "tuned: the front's point nearest to the ideal");
        toml("tuned_knee.toml", o.front->points[o.front->knee].x, "tuned: the front's knee");
        write_file(folder / "front.csv", front_csv(model.tune(), *o.front));
        const std::vector<Figure> figures{front_figure(name, model.tune(), *o.front)};
        if (std::string line = write_figures(folder, figures); !line.empty()) lines.push_back(std::move(line));
    }
    return lines;
}

} // namespace mfm
