/* SPDX-License-Identifier: Apache-2.0
 *
 * A neuron model and a stimulation protocol in C, against mfm/abi.h and nothing else:
 *     cc -std=c11 -O2 -fPIC -shared -fvisibility=hidden qif_c.c -lm -o qif_c.so
 * What the C++ headers of the SDK do for an author is done here by hand: settings, receptors, Poisson input, derivatives.
 */
#include <mfm/abi.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The reason of a failure, for the user. */
static mfm_status fail(mfm_error *error, mfm_status status, const char *reason) {
    snprintf(error->message, sizeof error->message, "%s", reason);
    return status;
}

/* ---- the quadratic integrate-and-fire neuron ------------------------------------------------------------------------
 *
 *     C_m V' = g_L (V - E_L) (V - V_c) / (V_c - E_L) + I_e + sum_p g_p (E_p - V) + sum_q I_q       E_L < V_c
 *     V >= V_peak: a spike, V <- V_reset, held for t_ref
 */
static const char qif_page[] =
    "# qif_c: quadratic integrate-and-fire, in C\n\n"
    "    C_m V' = g_L (V - E_L) (V - V_c) / (V_c - E_L) + I_e + I_syn(V)\n"
    "    V >= V_peak: a spike, V <- V_reset, held there for t_ref\n\n"
    "The normal form of a cell that begins to fire at a saddle-node bifurcation. At rest it has the conductance g_L. Heun's method for V, exact\n"
    "decay of the receptors, which are exponential. Reference: Latham et al. 2000, J. Neurophysiol. 83:808.\n";

enum { C_M, G_L, E_L, V_C, V_PEAK, V_RESET, T_REF, I_E, N_SETTINGS };
#define ROW(name, unit, lower_flag, initial, lower, upper, role, doc)                                                           \
    {sizeof(mfm_field), MFM_REAL, MFM_PER_NEURON | (lower_flag), 0, name, unit, doc, initial, lower, upper, NULL, role}
static const mfm_field qif_row[N_SETTINGS] = {
    [C_M] = ROW("C_m", "pF", MFM_OPEN_LOWER, 200, 0, 1e5, MFM_ROLE_CAPACITANCE, "membrane capacitance"),
    [G_L] = ROW("g_L", "nS", 0, 10, 0, 1e5, MFM_ROLE_LEAK, "leak conductance at rest"),
    [E_L] = ROW("E_L", "mV", 0, -65, -200, 100, MFM_ROLE_REST, "resting potential"),
    [V_C] = ROW("V_c", "mV", 0, -50, -200, 100, MFM_ROLE_THRESHOLD, "potential from which it runs away on its own"),
    [V_PEAK] = ROW("V_peak", "mV", 0, -30, -200, 100, NULL, "potential at which a spike is counted"),
    [V_RESET] = ROW("V_reset", "mV", 0, -65, -200, 100, MFM_ROLE_RESET, "potential after a spike"),
    [T_REF] = ROW("t_ref", "ms", 0, 2, 0, 1e3, MFM_ROLE_REFRACTORY, "refractory period"),
    [I_E] = ROW("I_e", "pA", 0, 0, -1e6, 1e6, MFM_ROLE_CURRENT, "constant current"),
};
static const mfm_field *const qif_settings[] = {&qif_row[C_M],     &qif_row[G_L],   &qif_row[E_L], &qif_row[V_C], &qif_row[V_PEAK],
                                                &qif_row[V_RESET], &qif_row[T_REF], &qif_row[I_E], NULL};

/* States: V, then one a receptor, then the steps left of the refractory period.  V alone is dynamic for the mean field. */
static const mfm_field state_V = {sizeof(mfm_field), MFM_REAL, 0, 0, "V_m", "mV", "membrane potential", -65, -INFINITY, INFINITY, NULL, MFM_ROLE_VOLTAGE};
static const mfm_field state_refractory = {sizeof(mfm_field), MFM_REAL, 0, 0, "refractory", "1", "steps left of the refractory period", 0, -INFINITY, INFINITY, NULL, NULL};
static const char *const receptor_names[MFM_MAX_PORTS] = {"g_1", "g_2", "g_3", "g_4", "g_5", "g_6", "g_7", "g_8"};

typedef struct port { double tau, E_rev; int current; } port;
typedef struct qif {
    double setting[N_SETTINGS];
    uint32_t n_ports;
    port port[MFM_MAX_PORTS];
    mfm_field row[MFM_MAX_PORTS];
    const mfm_field *rows[MFM_MAX_PORTS + 3];
} qif;

static mfm_status qif_create(const mfm_value *const *values, void **self, mfm_error *error) {
    qif *made = calloc(1, sizeof *made);
    if (made == NULL) return fail(error, MFM_ERROR, "out of memory");
    for (int s = 0; s < N_SETTINGS; ++s) made->setting[s] = values[s]->real; /* the values are gone after this call */
    const double *p = made->setting;
    const char *reason = p[E_L] >= p[V_C] ? "V_c must lie above E_L" : p[V_RESET] >= p[V_PEAK] ? "V_reset must lie below V_peak" : NULL;
    if (reason != NULL) {
        free(made);
        return fail(error, MFM_INFEASIBLE, reason); /* > 0: shown as a mistake in the pipeline file, with its line */
    }
    *self = made;
    return MFM_OK;
}
static void destroy(void *self) { free(self); }

static mfm_status qif_set_receptors(void *self, uint32_t n, const mfm_receptor *const *receptors, mfm_error *error) {
    qif *it = self;
    if (n > MFM_MAX_PORTS) return fail(error, MFM_INFEASIBLE, "at most 8 receptors");
    it->rows[0] = &state_V;
    for (uint32_t p = 0; p < n; ++p) {
        const mfm_receptor *r = receptors[p];
        if (r->shape != MFM_RECEPTOR_EXPONENTIAL) return fail(error, MFM_INFEASIBLE, "qif_c has exponential receptors only");
        it->port[p] = (port){r->tau, r->E_rev, (r->flags & MFM_RECEPTOR_CURRENT) != 0};
        it->row[p] = (mfm_field){sizeof(mfm_field), MFM_REAL, 0, 0, receptor_names[p], it->port[p].current ? "pA" : "nS", "synaptic state",
                                 0, -INFINITY, INFINITY, NULL, NULL};
        it->rows[1 + p] = &it->row[p];
    }
    it->rows[1 + n] = &state_refractory;
    it->rows[2 + n] = NULL;
    it->n_ports = n;
    return MFM_OK;
}
static mfm_status qif_states(void *self, const mfm_field *const **fields, uint32_t *n_dynamic, mfm_error *error) {
    (void)error;
    *fields = ((qif *)self)->rows;
    *n_dynamic = 1;
    return MFM_OK;
}

/* Settings of cell i: one value for all cells, or one a cell. */
static void settings_of(const mfm_neuron_batch *b, uint32_t i, double *p) {
    for (int s = 0; s < N_SETTINGS; ++s) p[s] = b->setting[s][b->setting_stride[s] != 0 ? i : 0];
}
static mfm_status qif_initialise(void *self, const mfm_neuron_batch *b, mfm_error *error) {
    const qif *it = self;
    (void)error;
    for (uint32_t i = 0; i < b->n; ++i) {
        b->state[0][i] = b->setting[E_L][b->setting_stride[E_L] != 0 ? i : 0];
        for (uint32_t k = 1; k <= it->n_ports + 1; ++k) b->state[k][i] = 0;
    }
    return MFM_OK;
}

static double qif_slope(const qif *it, const double *p, double V, const double *g) {
    double I = p[G_L] * (V - p[E_L]) * (V - p[V_C]) / (p[V_C] - p[E_L]) + p[I_E];
    for (uint32_t k = 0; k < it->n_ports; ++k) I += it->port[k].current ? g[k] : g[k] * (it->port[k].E_rev - V);
    return I / p[C_M];
}

/* Random numbers are a function of what is asked for, so that they are the same for any batching and any threads. */
static uint64_t mixed(uint64_t z) { /* splitmix64 */
    z += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}
/* A Poisson count whose probability of 0 is p0 = exp(-mean), by inversion. */
static double poisson(uint64_t key, double mean, double p0) {
    const double u = (double)(key >> 11) * 0x1p-53;
    double p = p0, sum = p0, n = 0;
    while (u >= sum && n < 200) {
        n += 1;
        p *= mean / n;
        sum += p;
    }
    return n;
}

static mfm_status qif_advance(void *self, const mfm_neuron_batch *b, mfm_error *error) {
    const qif *it = self;
    double decay[MFM_MAX_PORTS];
    for (uint32_t k = 0; k < it->n_ports; ++k) decay[k] = exp(-b->dt / it->port[k].tau);
    uint32_t n_drives = 0;
    for (; b->drive != NULL && b->drive[n_drives] != NULL; ++n_drives)
        if (b->drive[n_drives]->port >= it->n_ports) return fail(error, MFM_ERROR, "a Poisson drive names a receptor that the cell does not have");
    const uint64_t key = mixed(b->seed ^ mixed(b->stream));

    for (uint32_t i = 0; i < b->n; ++i) {
        double p[N_SETTINGS], g[MFM_MAX_PORTS], after[MFM_MAX_PORTS], V = b->state[0][i], left = b->state[1 + it->n_ports][i];
        settings_of(b, i, p);
        for (uint32_t k = 0; k < it->n_ports; ++k) g[k] = b->state[1 + k][i];
        const uint64_t cell_key = mixed(key ^ (b->first_neuron + i));
        for (uint32_t t = 0; t < b->n_steps; ++t) {
            for (uint32_t k = 0; k < it->n_ports; ++k) after[k] = g[k] * decay[k];
            const double slope = qif_slope(it, p, V, g), ahead = fmin(V + b->dt * slope, p[V_PEAK]);
            V += 0.5 * b->dt * (slope + qif_slope(it, p, ahead, after));
            if (left > 0) V = p[V_RESET];
            left = fmax(left - 1, 0);

            /* What arrives in this step acts from the next one on. */
            for (uint32_t k = 0; k < it->n_ports; ++k) {
                const double *row = b->input != NULL ? b->input[t * it->n_ports + k] : NULL;
                g[k] = after[k] + (row != NULL ? row[i] : 0);
            }
            for (uint32_t d = 0; d < n_drives; ++d) {
                const mfm_drive *drive = b->drive[d];
                const double mean = drive->rate_hz[drive->rate_stride != 0 ? i : 0] * 1e-3 * b->dt;
                if (!(mean >= 0 && mean <= MFM_MOST_EVENTS))
                    return fail(error, MFM_ERROR, "a Poisson drive's rate must lie between 0 and 20 events a step");
                g[drive->port] += drive->weight[drive->weight_stride != 0 ? i : 0] *
                                  poisson(mixed(cell_key + mixed(b->first_step + t) + d * 0x9e3779b97f4a7c15u), mean, exp(-mean));
            }

            if (V >= p[V_PEAK]) {
                V = p[V_RESET];
                left = ceil(p[T_REF] / b->dt - 1e-9);
                if (i < b->n_live) { /* the others are padding */
                    if (b->spike_count != NULL) ++b->spike_count[i];
                    if (b->spikes != NULL && b->spikes->count < b->spikes->capacity) {
                        b->spikes->step[b->spikes->count] = t;
                        b->spikes->neuron[b->spikes->count++] = i;
                    }
                }
            }
        }
        b->state[0][i] = V;
        for (uint32_t k = 0; k < it->n_ports; ++k) b->state[1 + k][i] = g[k];
        b->state[1 + it->n_ports][i] = left;
    }
    return MFM_OK;
}

/* dV/dt and its derivatives by V and by each receptor's state: what the mean field linearises. */
static mfm_status qif_subthreshold(void *self, const mfm_subthreshold *q, mfm_error *error) {
    const qif *it = self;
    const double *p = q->setting != NULL ? q->setting : it->setting, V = q->x[0];
    const uint32_t columns = 1 + it->n_ports;
    (void)error;
    q->dx[0] = qif_slope(it, p, V, q->g);
    if (q->jacobian != NULL) {
        double total = -p[G_L] * (2 * V - p[E_L] - p[V_C]) / (p[V_C] - p[E_L]);
        for (uint32_t k = 0; k < it->n_ports; ++k) {
            if (!it->port[k].current) total += q->g[k];
            q->jacobian[1 + k] = (it->port[k].current ? 1 : it->port[k].E_rev - V) / p[C_M];
        }
        q->jacobian[0] = -total / p[C_M];
    }
    if (q->hessian != NULL) {
        for (uint32_t k = 0; k < columns * columns; ++k) q->hessian[k] = 0;
        q->hessian[0] = 2 * p[G_L] / (p[V_C] - p[E_L]) / p[C_M];
        for (uint32_t k = 0; k < it->n_ports; ++k)
            if (!it->port[k].current) q->hessian[1 + k] = q->hessian[(1 + k) * columns] = -1 / p[C_M];
    }
    return MFM_OK;
}
static const mfm_neuron_v1 qif_table = {sizeof(mfm_neuron_v1), 0, qif_set_receptors, qif_states, qif_initialise, qif_advance, qif_subthreshold};

/* ---- a protocol: constant rates, then a triangle between the lowest and the highest ---------------------------------- */
static const char triangle_page[] =
    "# triangle_c: a triangle of rates, in C\n\n"
    "    condition c < levels: low + c (high - low) / (levels - 1), constant\n"
    "    the last condition: from low to high and back in every period\n\n"
    "A protocol of the tests; no publication goes with it.\n";
static const mfm_field low = {sizeof(mfm_field), MFM_REAL, 0, 0, "low", "Hz", "lowest rate", 4, 0, 1e6, NULL, NULL};
static const mfm_field high = {sizeof(mfm_field), MFM_REAL, 0, 0, "high", "Hz", "highest rate", 40, 0, 1e6, NULL, NULL};
static const mfm_field levels = {sizeof(mfm_field), MFM_INTEGER, 0, 0, "levels", "1", "how many constant rates", 3, 2, 100, NULL, NULL};
static const mfm_field period = {sizeof(mfm_field), MFM_REAL, MFM_OPEN_LOWER, 0, "period", "ms", "period of the triangle", 250, 0, 1e6, NULL, NULL};
static const mfm_field *const triangle_settings[] = {&low, &high, &levels, &period, NULL};
typedef struct triangle { double low, high, period; uint32_t levels; } triangle;

static mfm_status triangle_create(const mfm_value *const *values, void **self, mfm_error *error) {
    if (values[0]->real >= values[1]->real) return fail(error, MFM_INFEASIBLE, "low must lie below high");
    triangle *made = malloc(sizeof *made);
    if (made == NULL) return fail(error, MFM_ERROR, "out of memory");
    *made = (triangle){values[0]->real, values[1]->real, values[3]->real, (uint32_t)values[2]->integer};
    *self = made;
    return MFM_OK;
}
static mfm_status triangle_count(void *self, uint32_t *n, mfm_error *error) {
    (void)error;
    *n = ((triangle *)self)->levels + 1;
    return MFM_OK;
}
static mfm_status triangle_level(void *self, uint32_t c, double *rate_hz, mfm_error *error) {
    const triangle *it = self;
    if (c > it->levels) return fail(error, MFM_ERROR, "there is no such condition");
    *rate_hz = c == it->levels ? it->low : it->low + c * (it->high - it->low) / (it->levels - 1);
    return MFM_OK;
}
static mfm_status triangle_describe(void *self, uint32_t c, mfm_condition *out, mfm_error *error) {
    const triangle *it = self;
    double rate = 0;
    const mfm_status status = triangle_level(self, c, &rate, error);
    if (status != MFM_OK) return status;
    const int moves = c == it->levels;
    /* Field by field: the host's struct may be shorter or longer than ours. */
    out->flags = moves ? 0 : MFM_STATIONARY;
    out->duration = 0;
    out->onset = out->offset = 0;
    out->frequency_hz = moves ? 1e3 / it->period : 0;
    if (moves)
        snprintf(out->label, sizeof out->label, "triangle of %g to %g Hz", it->low, it->high);
    else
        snprintf(out->label, sizeof out->label, "rate = %g Hz", rate);
    return MFM_OK;
}
static mfm_status triangle_course(void *self, uint32_t c, double t0, double dt, uint64_t n, double *rate_hz, mfm_error *error) {
    const triangle *it = self;
    double rate = 0;
    const mfm_status status = triangle_level(self, c, &rate, error);
    for (uint64_t i = 0; i < n && status == MFM_OK; ++i) {
        const double turn = (t0 + (double)i * dt) / it->period, phase = turn - floor(turn);
        rate_hz[i] = c < it->levels ? rate : it->low + (it->high - it->low) * (1 - fabs(2 * phase - 1));
    }
    return status;
}
static const mfm_stimulation_v1 triangle_table = {sizeof(mfm_stimulation_v1), 0, triangle_count, triangle_describe, triangle_level, triangle_course};

/* ---- the library: two components, one symbol ---------------------------------------------------------------------------- */
static const mfm_interface qif_interfaces[] = {{MFM_NEURON_ID, &qif_table}, {NULL, NULL}};
static const mfm_interface triangle_interfaces[] = {{MFM_STIMULATION_ID, &triangle_table}, {NULL, NULL}};
static const mfm_component qif_component = {sizeof(mfm_component), 0, "qif_c", "1.0.0", "quadratic integrate-and-fire, in C",
    "Latham et al. 2000, doi:10.1152/jn.2000.83.2.808", qif_settings, qif_create, destroy, qif_interfaces, qif_page};
static const mfm_component triangle_component = {sizeof(mfm_component), 0, "triangle_c", "1.0.0", "constant rates and a triangle, in C", "",
    triangle_settings, triangle_create, destroy, triangle_interfaces, triangle_page};
static const mfm_component *const components[] = {&qif_component, &triangle_component, NULL};
const mfm_plugin mfm_plugin_v1 = {sizeof(mfm_plugin), MFM_ABI_MAJOR, MFM_ABI_MINOR, 0, "automfm's tests", "none", "C", components, NULL};
