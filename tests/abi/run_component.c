/* SPDX-License-Identifier: Apache-2.0
 *
 * A host of its own against abi.h alone, in C: what it prints of a plugin must be the same for ever.
 * No exp, no log: every number handed over is a sum, product or quotient, so that its bits are the same everywhere.
 */
#define _DEFAULT_SOURCE
#include "run_component.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <sys/mman.h>
#include <unistd.h>

static FILE *to;
static const char *id;
static int failures;

/* ---- printing ---------------------------------------------------------------------------------------------------- */
static uint64_t bits(double x) {
    uint64_t b;
    memcpy(&b, &x, sizeof b);
    return b;
}
static void number(const char *what, double x) { fprintf(to, "%s %s %016" PRIx64 "\n", id, what, bits(x)); }
static void whole(const char *what, uint64_t n) { fprintf(to, "%s %s %" PRIu64 "\n", id, what, n); }
static void text(const char *what, const char *t) { fprintf(to, "%s %s %s\n", id, what, t != NULL && *t != '\0' ? t : "-"); }
/* FNV-1a of 64-bit words. */
static uint64_t mixed(uint64_t hash, uint64_t word) {
    for (int i = 0; i < 8; ++i) hash = (hash ^ (word >> (8 * i) & 0xff)) * 0x100000001b3u;
    return hash;
}
#define EMPTY 0xcbf29ce484222325u
static uint64_t hash_of(const double *x, uint64_t n) {
    uint64_t hash = EMPTY;
    for (uint64_t i = 0; i < n; ++i) hash = mixed(hash, bits(x[i]));
    return hash;
}
static void array(const char *what, const double *x, uint64_t n) { fprintf(to, "%s %s hash %016" PRIx64 "\n", id, what, hash_of(x, n)); }
static mfm_error error;
static int ok(const char *call, mfm_status status) {
    if (status != MFM_OK) {
        error.message[sizeof error.message - 1] = '\0';
        fprintf(to, "%s %s status %d: %s\n", id, call, (int)status, error.message);
        ++failures;
    }
    error.message[0] = '\0';
    return status == MFM_OK;
}

/* ---- inputs ------------------------------------------------------------------------------------------------------ */
static uint64_t lcg_state;
static double uniform(void) { /* in [0, 1), 32 bits */
    lcg_state = lcg_state * 6364136223846793005u + 1442695040888963407u;
    return (double)(lcg_state >> 32) / 4294967296.0;
}
static uint32_t length(const mfm_field *const *fields) {
    uint32_t n = 0;
    while (fields[n] != NULL) ++n;
    return n;
}
static double *aligned(uint64_t n) {
    double *p = aligned_alloc(64, (n * sizeof(double) + 63) / 64 * 64 + 64);
    if (p == NULL) abort();
    for (uint64_t i = 0; i < n; ++i) p[i] = 0;
    return p;
}
/* A copy of a host's struct that ends where a page ends that nobody may read: a plugin that takes the struct for longer than its
 * size says dies of it. */
static const void *at_a_wall(const void *from, size_t n) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *at = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED || mprotect(at + page, page, PROT_NONE) != 0) abort();
    memcpy(at + page - n, from, n);
    return at + page - n;
}
#define WALLED(object) at_a_wall(&(object), sizeof(object))
static void show_fields(const char *what, const mfm_field *const *fields) {
    for (; *fields != NULL; ++fields) {
        const mfm_field *f = *fields;
        fprintf(to, "%s %s %s [%s] kind %u flags %u initial %016" PRIx64 " lower %016" PRIx64 " upper %016" PRIx64 " role %s: %s\n", id, what, f->name,
                f->unit, (unsigned)f->kind, (unsigned)f->flags, bits(f->initial), bits(f->lower), bits(f->upper), f->role != NULL ? f->role : "-", f->doc);
        for (const char *const *choice = f->choices; choice != NULL && *choice != NULL; ++choice) text("choice", *choice);
    }
}

/* ---- neuron ------------------------------------------------------------------------------------------------------ */
enum { cells = 48, live = 37, block = 16, calls = 25, most_states = 32, most_settings = 64 };

/* Cells with these receptors; rows: input arrives at the ports; drives: Poisson input of two kinds. */
static void run_cells(const mfm_neuron_v1 *table, void *self, const mfm_component *component, uint32_t ports, int drives) {
    const mfm_field *const *fields = NULL;
    uint32_t dynamic = 0;
    if (!ok("states", table->states(self, &fields, &dynamic, &error))) return;
    show_fields("state", fields);
    whole("dynamic", dynamic);
    const uint32_t n_states = length(fields), n_settings = length(component->settings);
    double *state[most_states], *setting[most_settings];
    uint32_t stride[most_settings];
    for (uint32_t s = 0; s < n_states; ++s) state[s] = aligned(cells);
    for (uint32_t s = 0; s < n_settings; ++s) {
        const mfm_field *f = component->settings[s];
        setting[s] = aligned(cells);
        stride[s] = (f->flags & MFM_PER_NEURON) != 0 && s % 2 == 0;
        for (uint32_t i = 0; i < cells; ++i) setting[s][i] = f->initial * (1 + (stride[s] != 0 ? (double)(i % 5) / 64 : 0));
    }
    double *row = aligned(cells), *rates = aligned(cells);
    for (uint32_t i = 0; i < cells; ++i) {
        row[i] = (double)(i % 7) / 4;
        rates[i] = i % 3 == 0 ? 600 : 300; /* 0.06 or 0.03 events a step */
    }
    const double rate = 2500, weight = 2, light = 0.5;
    const mfm_drive first = {sizeof(mfm_drive), 0, 0, 0, &rate, &weight}, second = {sizeof(mfm_drive), ports - 1, 1, 0, rates, &light};
    const mfm_drive *const both[] = {WALLED(first), WALLED(second), NULL};
    const double *input[block * MFM_MAX_PORTS];
    for (uint32_t k = 0; k < block * ports; ++k) input[k] = k % 3 == 0 ? row : NULL;
    uint32_t step[cells * block], cell[cells * block], counts[cells] = {0};
    mfm_spikes spikes;
    memset(&spikes, 0, sizeof spikes);
    spikes.size = sizeof spikes;
    spikes.capacity = cells * block;
    spikes.step = step;
    spikes.neuron = cell;
    mfm_neuron_batch b;
    memset(&b, 0, sizeof b);
    b.size = sizeof b;
    b.n = cells;
    b.n_live = live;
    b.seed = 12;
    b.stream = 3;
    b.dt = 0.1;
    b.state = state;
    b.setting = (const double *const *)setting;
    b.setting_stride = stride;
    if (!ok("initialise", table->initialise(self, WALLED(b), &error))) goto end;
    b.n_steps = block;
    b.input = input;
    b.drive = drives ? both : NULL;
    b.spikes = &spikes;
    b.spike_count = counts;
    uint64_t total = 0, sum = 0;
    for (uint32_t c = 0; c < calls; ++c) {
        spikes.count = 0;
        if (!ok("advance", table->advance(self, WALLED(b), &error))) goto end;
        total += spikes.count;
        for (uint32_t k = 0; k < spikes.count; ++k) /* their order is the plugin's own affair */
            sum += mixed(mixed(EMPTY, b.first_step + step[k]), cell[k]);
        b.first_step += block;
    }
    for (uint32_t s = 0; s < n_states; ++s) {
        number(fields[s]->name, state[s][0]);
        array(fields[s]->name, state[s], live);
    }
    whole("spikes", total);
    fprintf(to, "%s spikes hash %016" PRIx64 "\n", id, sum);
    uint64_t counted = EMPTY;
    for (uint32_t i = 0; i < live; ++i) counted = mixed(counted, counts[i]);
    fprintf(to, "%s counts hash %016" PRIx64 "\n", id, counted);

    /* The equations at a point, with the instance's settings and with others. */
    double x[most_states], g[MFM_MAX_PORTS], others[most_settings], dx[most_states];
    const uint32_t columns = dynamic + ports;
    double *jacobian = aligned((uint64_t)dynamic * columns), *hessian = aligned((uint64_t)dynamic * columns * columns);
    for (uint32_t i = 0; i < dynamic; ++i) x[i] = state[i][1];
    for (uint32_t p = 0; p < ports; ++p) g[p] = 1 + (double)p / 2;
    for (uint32_t s = 0; s < n_settings; ++s) others[s] = component->settings[s]->initial * 1.125;
    mfm_subthreshold q;
    memset(&q, 0, sizeof q);
    q.size = sizeof q;
    q.x = x;
    q.g = g;
    q.dx = dx;
    if (ok("subthreshold", table->subthreshold(self, WALLED(q), &error))) array("dx", dx, dynamic);
    q.setting = others;
    q.jacobian = jacobian;
    q.hessian = hessian;
    if (ok("subthreshold", table->subthreshold(self, WALLED(q), &error))) {
        array("dx", dx, dynamic);
        array("jacobian", jacobian, (uint64_t)dynamic * columns);
        array("hessian", hessian, (uint64_t)dynamic * columns * columns);
    }
    free(jacobian);
    free(hessian);
end:
    free(row);
    free(rates);
    for (uint32_t s = 0; s < n_states; ++s) free(state[s]);
    for (uint32_t s = 0; s < n_settings; ++s) free(setting[s]);
}
/* The SDK takes exponentials of -dt / tau and of expected counts with the C library.  Those of these receptors and drives lie
 * at least 0.17 units of the last place from the middle between two doubles, so that every good library rounds them alike. */
static void run_neuron(const mfm_component *component, const mfm_neuron_v1 *table, void *self, void *another) {
    const mfm_receptor all[] = {{sizeof(mfm_receptor), MFM_RECEPTOR_EXPONENTIAL, 0, 0, 6, 0, 0},
                                {sizeof(mfm_receptor), MFM_RECEPTOR_ALPHA, 0, 0, 2, 0, -80},
                                {sizeof(mfm_receptor), MFM_RECEPTOR_BIEXPONENTIAL, 0, 0, 8, 1.25, 0},
                                {sizeof(mfm_receptor), MFM_RECEPTOR_DELTA, MFM_RECEPTOR_CURRENT, 0, 0, 0, 0},
                                {sizeof(mfm_receptor), MFM_RECEPTOR_EXPONENTIAL, MFM_RECEPTOR_CURRENT, 0, 3, 0, 0}};
    const mfm_receptor *every[5];
    for (int p = 0; p < 5; ++p) every[p] = WALLED(all[p]);
    const mfm_receptor *const two[] = {every[0], every[4]};
    if (ok("set_receptors", table->set_receptors(self, 5, every, &error))) run_cells(table, self, component, 5, 1);
    if (ok("set_receptors", table->set_receptors(another, 2, two, &error))) run_cells(table, another, component, 2, 0);
}

/* ---- connectivity ------------------------------------------------------------------------------------------------ */
enum { sources = 50, targets = 40 };
static void run_connectivity(const mfm_component *component, const mfm_connectivity_v1 *table, void *self) {
    double *place[2][3];
    const double *places[2][3];
    for (int k = 0; k < 2; ++k)
        for (int axis = 0; axis < 3; ++axis) {
            places[k][axis] = place[k][axis] = aligned(sources);
            for (int i = 0; i < sources; ++i) place[k][axis][i] = 200 * uniform();
        }
    const mfm_population from = {sizeof(mfm_population), 0, "from", sources, places[0]}, onto = {sizeof(mfm_population), 0, "onto", targets, places[1]};
    /* An earlier projection: source j to target j % 40. */
    uint64_t rows[sources + 1], columns[targets + 1];
    uint32_t to_[sources], from_[sources];
    for (uint32_t j = 0; j <= sources; ++j) rows[j] = j;
    for (uint32_t j = 0; j < sources; ++j) to_[j] = j % targets;
    columns[0] = 0;
    for (uint32_t i = 0, k = 0; i < targets; ++i) {
        for (uint32_t j = i; j < sources; j += targets) from_[k++] = j;
        columns[i + 1] = k;
    }
    const mfm_population *const source = WALLED(from), *const target = WALLED(onto);
    const mfm_edges edges = {sizeof(mfm_edges), 0, "before", source, target, rows, to_, columns, from_};
    const mfm_edges *const before = WALLED(edges);
    const double lower[3] = {0, 0, 0}, upper[3] = {200, 200, 200};
    for (int with = 0; with < 2; ++with) {
        const mfm_edges *earlier[most_settings] = {NULL};
        for (uint32_t s = 0; component->settings[s] != NULL; ++s)
            if (with && (component->settings[s]->flags & MFM_PROJECTION_NAME) != 0) earlier[s] = before;
        const mfm_projection made = {sizeof(mfm_projection), 0, 12, 4, source, target, earlier, lower, upper};
        const mfm_projection *const projection = WALLED(made);
        double mean = 0, sd = 0;
        if (table->in_degree != NULL && ok("in_degree", table->in_degree(self, projection, &mean, &sd, &error))) {
            number("mean", mean);
            number("sd", sd);
        }
        void *plan = NULL;
        if (!ok("prepare", table->prepare(self, projection, &plan, &error))) continue;
        const uint64_t n = table->orientation == MFM_BY_SOURCE ? sources : targets, first = n / 3;
        uint64_t degree[sources], start[sources + 1] = {0}, hash = EMPTY;
        if (ok("degree", table->degree(self, plan, 0, first, degree, &error)) &&
            ok("degree", table->degree(self, plan, first, n - first, degree + first, &error))) {
            for (uint64_t i = 0; i < n; ++i) start[i + 1] = start[i] + degree[i];
            whole("pairs", start[n]);
            uint32_t *partner = calloc(start[n] + 1, sizeof *partner);
            double *contacts = aligned(start[n]), *delay = aligned(start[n]);
            if (partner == NULL) abort();
            for (uint64_t k = 0; k < start[n]; ++k) contacts[k] = 1, delay[k] = 1.5;
            uint64_t second[sources + 1];
            for (uint64_t i = first; i <= n; ++i) second[i - first] = start[i] - start[first];
            if (ok("fill", table->fill(self, plan, 0, first, start, partner, contacts, delay, &error)) &&
                ok("fill", table->fill(self, plan, first, n - first, second, partner + start[first], contacts + start[first], delay + start[first], &error))) {
                for (uint64_t k = 0; k < start[n]; ++k) hash = mixed(hash, partner[k]);
                fprintf(to, "%s partners hash %016" PRIx64 "\n", id, hash);
                array("contacts", contacts, start[n]);
                array("delays", delay, start[n]);
            }
            free(partner);
            free(contacts);
            free(delay);
        }
        table->release(self, plan);
    }
    for (int k = 0; k < 2; ++k)
        for (int axis = 0; axis < 3; ++axis) free(place[k][axis]);
}

/* ---- stimulation ------------------------------------------------------------------------------------------------- */
static void run_stimulation(const mfm_stimulation_v1 *table, void *self) {
    uint32_t n = 0;
    if (!ok("count", table->count(self, &n, &error))) return;
    whole("conditions", n);
    for (uint32_t c = 0; c <= n; ++c) { /* one more than there are: an error, or at least no crash */
        struct { mfm_condition d; uint64_t guard; } given;
        memset(&given, 0, sizeof given);
        given.d.size = sizeof given.d;
        if (c == n && n < 3) break;
        if (!ok("describe", table->describe(self, c, &given.d, &error))) continue;
        if (given.guard != 0) text("describe", "wrote beyond the host's struct");
        const mfm_condition d = given.d;
        text("label", d.label);
        whole("flags", d.flags);
        number("duration", d.duration);
        number("onset", d.onset);
        number("offset", d.offset);
        number("frequency", d.frequency_hz);
        double rate = -1, course[32] = {0};
        if (ok("level", table->level(self, c, &rate, &error))) number("level", rate);
        if (ok("course", table->course(self, c, 3.5, 12.5, 32, course, &error))) array("course", course, 32);
    }
}

/* ---- transfer ---------------------------------------------------------------------------------------------------- */
enum { points = 13, most_inputs = 6, most_coefficients = 32 };
static void run_transfer(const mfm_transfer_v1 *table, void *self) {
    const mfm_field *const *inputs = NULL, *const *coefficients = NULL;
    if (!ok("shape", table->shape(self, &inputs, &coefficients, &error))) return;
    show_fields("input", inputs);
    show_fields("coefficient", coefficients);
    const uint32_t n_in = length(inputs), n_c = length(coefficients);
    double *in[most_inputs], *d_in[most_inputs], *d2_in[most_inputs * most_inputs], *d_c[most_coefficients];
    double lower[most_inputs], upper[most_inputs], value[points], weight[points], c[most_coefficients] = {0};
    for (uint32_t i = 0; i < n_in; ++i) {
        in[i] = aligned(points);
        d_in[i] = aligned(points);
        lower[i] = 1;
        upper[i] = 5;
        for (uint32_t k = 0; k < points; ++k) in[i][k] = 1 + 4 * uniform();
    }
    for (uint32_t i = 0; i < n_in * n_in; ++i) d2_in[i] = aligned(points);
    for (uint32_t i = 0; i < n_c; ++i) d_c[i] = aligned(points);
    for (uint32_t k = 0; k < points; ++k) {
        value[k] = 40 * uniform();
        weight[k] = 1 + (double)(k % 3);
    }
    mfm_transfer_batch b;
    memset(&b, 0, sizeof b);
    b.size = sizeof b;
    b.n = points;
    b.input = (const double *const *)in;
    b.lower = lower;
    b.upper = upper;
    b.weight = weight;
    b.value = value;
    if (ok("guess", table->guess(self, WALLED(b), c, &error))) array("guess", c, n_c);
    b.coefficient = c;
    b.weight = NULL;
    b.lower = b.upper = NULL; /* evaluation outside of a fit */
    if (ok("evaluate", table->evaluate(self, WALLED(b), &error))) array("value", value, points);
    b.lower = lower;
    b.upper = upper;
    b.d_coefficient = d_c;
    b.d_input = d_in;
    b.d2_input = d2_in;
    if (ok("evaluate", table->evaluate(self, WALLED(b), &error))) {
        array("value", value, points);
        number("value", value[0]);
        for (uint32_t i = 0; i < n_c; ++i) array("d_coefficient", d_c[i], points);
        for (uint32_t i = 0; i < n_in; ++i) array("d_input", d_in[i], points);
        for (uint32_t i = 0; i < n_in * n_in; ++i) array("d2_input", d2_in[i], points);
    }
    for (uint32_t i = 0; i < n_in; ++i) {
        free(in[i]);
        free(d_in[i]);
    }
    for (uint32_t i = 0; i < n_in * n_in; ++i) free(d2_in[i]);
    for (uint32_t i = 0; i < n_c; ++i) free(d_c[i]);
}

/* ---- optimizer: Rosenbrock's valley, and a third residual that is not defined below x_0 = -1.5 ------------------- */
typedef struct asked { uint64_t points, reports; } asked;
static mfm_status residuals(void *self, uint32_t n, const double *x, double *residual, double *jacobian, mfm_error *e) {
    (void)e;
    for (uint32_t k = 0; k < n; ++k, x += 2, residual += 3) {
        ++((asked *)self)->points;
        if (x[0] < -1.5) return MFM_INFEASIBLE;
        residual[0] = 10 * (x[1] - x[0] * x[0]);
        residual[1] = 1 - x[0];
        residual[2] = (x[0] - x[1]) / 16;
        if (jacobian == NULL) continue;
        const double J[6] = {-20 * x[0], 10, -1, 0, 0.0625, -0.0625};
        memcpy(jacobian + 6 * k, J, sizeof J);
    }
    return MFM_OK;
}
static int32_t progress(void *self, uint32_t iteration, double cost, double gradient, double step) {
    (void)cost, (void)gradient, (void)step;
    ++((asked *)self)->reports;
    return iteration >= 40;
}
static void run_optimizer(const mfm_optimizer_v1 *table, void *self) {
    const double initial[2] = {-1.25, 1}, lower[2] = {-2, -2}, upper[2] = {2, 2}, scale[2] = {1, 1};
    for (uint32_t exact = 0; exact < 2; ++exact) {
        asked count = {0, 0};
        mfm_problem p;
        memset(&p, 0, sizeof p);
        p.size = sizeof p;
        p.n_parameters = 2;
        p.n_residuals = 3;
        p.has_jacobian = exact;
        p.initial = initial;
        p.lower = lower;
        p.upper = upper;
        p.scale = scale;
        p.self = &count;
        p.residuals = residuals;
        p.progress = progress;
        double x[2] = {0, 0};
        struct { mfm_solution s; uint64_t guard; } given;
        memset(&given, 0, sizeof given);
        given.s.size = sizeof given.s;
        given.s.x = x;
        if (!ok("solve", table->solve(self, WALLED(p), &given.s, &error))) continue;
        if (given.guard != 0) text("solve", "wrote beyond the host's struct");
        const mfm_solution s = given.s;
        whole("outcome", s.outcome);
        whole("iterations", s.iterations);
        whole("evaluations", s.evaluations);
        whole("asked", count.points);
        whole("reports", count.reports);
        number("x0", x[0]);
        number("x1", x[1]);
        number("initial_cost", s.initial_cost);
        number("cost", s.cost);
        text("message", s.message);
    }
}

/* ---- a component ------------------------------------------------------------------------------------------------- */
int run_component(const mfm_component *component, FILE *out) {
    static const double some[] = {10, 20, 40};
    const uint32_t n = length(component->settings);
    mfm_value values[most_settings];
    const mfm_value *pointers[most_settings + 1];
    to = out;
    id = component->id;
    failures = 0;
    lcg_state = 1;
    error.size = sizeof error;
    text("version", component->version);
    text("summary", component->summary);
    text("page", MFM_HAS(component, documentation) ? component->documentation : NULL);
    show_fields("setting", component->settings);
    for (uint32_t s = 0; s < n; ++s) {
        const mfm_field *f = component->settings[s];
        memset(&values[s], 0, sizeof values[s]);
        values[s].size = sizeof values[s];
        values[s].kind = f->kind;
        values[s].text = "";
        if (f->kind == MFM_REAL) values[s].real = f->initial;
        if (f->kind == MFM_INTEGER || f->kind == MFM_BOOLEAN) values[s].integer = (int64_t)f->initial;
        if (f->kind == MFM_TEXT && f->choices != NULL) values[s].text = f->choices[0];
        if (f->kind == MFM_REAL_LIST) {
            values[s].list = some;
            values[s].length = 3;
        }
        pointers[s] = WALLED(values[s]);
    }
    pointers[n] = NULL;
    void *self = NULL, *another = NULL;
    if (!ok("create", component->create(pointers, &self, &error))) return failures;
    if (ok("create", component->create(pointers, &another, &error))) {
        for (const mfm_interface *entry = component->interfaces; entry->id != NULL; ++entry) {
            text("interface", entry->id);
            if (strcmp(entry->id, MFM_NEURON_ID) == 0) run_neuron(component, entry->table, self, another);
            if (strcmp(entry->id, MFM_CONNECTIVITY_ID) == 0) run_connectivity(component, entry->table, self);
            if (strcmp(entry->id, MFM_STIMULATION_ID) == 0) run_stimulation(entry->table, self);
            if (strcmp(entry->id, MFM_TRANSFER_ID) == 0) run_transfer(entry->table, self);
            if (strcmp(entry->id, MFM_OPTIMIZER_ID) == 0) run_optimizer(entry->table, self);
        }
        component->destroy(another);
    }
    component->destroy(self);
    return failures;
}
