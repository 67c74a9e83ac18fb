/* SPDX-License-Identifier: Apache-2.0
 *
 * All five kinds against abi.h 1.0 alone, in C.  Sums, products, quotients and square roots, so that every machine computes
 * the same bits.
 */
#include <mfm/abi.h>

#include <stdlib.h>
#include <string.h>

typedef struct instance {
    double real;
    mfm_receptor port[MFM_MAX_PORTS];
    uint32_t n_ports;
    mfm_field row[1 + MFM_MAX_PORTS];
    const mfm_field *rows[2 + MFM_MAX_PORTS];
} instance;
static const mfm_host *host;

static mfm_status fail(mfm_error *error, mfm_status status, const char *reason) {
    strncpy(error->message, reason, sizeof error->message - 1);
    return status;
}
static mfm_status create(const mfm_value *const *values, void **self, mfm_error *error) {
    instance *made = host != NULL ? calloc(1, sizeof *made) : NULL;
    if (made == NULL) return fail(error, MFM_ERROR, "no memory, or no host");
    if (values[0] != NULL) made->real = values[0]->real;
    *self = made;
    return MFM_OK;
}
static void destroy(void *self) { free(self); }

/* ---- neuron: C_m V' = -g_L (V - E_L) + I_syn, exponential receptors; a spike at -50 mV ---- */
static const mfm_field C_m = {sizeof(mfm_field), MFM_REAL, MFM_OPEN_LOWER | MFM_PER_NEURON, 0, "C_m", "pF",
    "membrane capacitance", 100, 0, 1e5, NULL, MFM_ROLE_CAPACITANCE};
static const mfm_field g_L = {sizeof(mfm_field), MFM_REAL, 0, 0, "g_L", "nS", "leak conductance", 10, 0, 1e5, NULL, MFM_ROLE_LEAK};
static const mfm_field E_L = {sizeof(mfm_field), MFM_REAL, MFM_PER_NEURON, 0, "E_L", "mV", "leak reversal", -65, -200, 100, NULL, MFM_ROLE_REST};
static const mfm_field *const neuron_settings[] = {&C_m, &g_L, &E_L, NULL};
static const mfm_field V_m = {sizeof(mfm_field), MFM_REAL, 0, 0, "V_m", "mV", "membrane potential", -65, -1e300, 1e300, NULL, MFM_ROLE_VOLTAGE};
static const char *const port_names[] = {"g_0", "g_1", "g_2", "g_3", "g_4", "g_5", "g_6", "g_7"};

static mfm_status set_receptors(void *self, uint32_t n, const mfm_receptor *const *receptors, mfm_error *error) {
    instance *it = self;
    if (n > MFM_MAX_PORTS) return fail(error, MFM_INFEASIBLE, "at most 8 receptors");
    it->rows[0] = &V_m;
    for (uint32_t p = 0; p < n; ++p) {
        if (receptors[p]->shape != MFM_RECEPTOR_EXPONENTIAL)
            return fail(error, MFM_INFEASIBLE, "receptors of this cell are exponential");
        it->port[p].flags = receptors[p]->flags;
        it->port[p].tau = receptors[p]->tau;
        it->port[p].E_rev = receptors[p]->E_rev;
        it->row[p] = V_m;
        it->row[p].name = port_names[p];
        it->row[p].unit = (receptors[p]->flags & MFM_RECEPTOR_CURRENT) != 0 ? "pA" : "nS";
        it->row[p].role = NULL;
        it->rows[1 + p] = &it->row[p];
    }
    it->rows[1 + n] = NULL;
    it->n_ports = n;
    return MFM_OK;
}
static mfm_status states(void *self, const mfm_field *const **fields, uint32_t *n_dynamic, mfm_error *error) {
    (void)error;
    *fields = ((instance *)self)->rows;
    *n_dynamic = 1;
    return MFM_OK;
}
static double setting(const mfm_neuron_batch *b, uint32_t s, uint32_t i) { return b->setting[s][b->setting_stride[s] != 0 ? i : 0]; }
static mfm_status initialise(void *self, const mfm_neuron_batch *b, mfm_error *error) {
    (void)error;
    for (uint32_t i = 0; i < b->n; ++i) {
        b->state[0][i] = setting(b, 2, i);
        for (uint32_t p = 0; p < ((instance *)self)->n_ports; ++p) b->state[1 + p][i] = 0;
    }
    return MFM_OK;
}
static double slope(const instance *it, double C, double g, double E, double V, const double *conductance) {
    double I = g * (E - V);
    for (uint32_t p = 0; p < it->n_ports; ++p)
        I += (it->port[p].flags & MFM_RECEPTOR_CURRENT) != 0 ? conductance[p] : conductance[p] * (it->port[p].E_rev - V);
    return I / C;
}
static mfm_status advance(void *self, const mfm_neuron_batch *b, mfm_error *error) {
    const instance *it = self;
    if (b->drive != NULL && b->drive[0] != NULL) return fail(error, MFM_INFEASIBLE, "no Poisson input in this cell");
    for (uint32_t i = 0; i < b->n; ++i) {
        const double C = setting(b, 0, i), g = setting(b, 1, i), E = setting(b, 2, i);
        for (uint32_t t = 0; t < b->n_steps; ++t) {
            double conductance[MFM_MAX_PORTS];
            for (uint32_t p = 0; p < it->n_ports; ++p) conductance[p] = b->state[1 + p][i];
            double V = b->state[0][i] + b->dt * slope(it, C, g, E, b->state[0][i], conductance);
            for (uint32_t p = 0; p < it->n_ports; ++p) {
                const double *row = b->input != NULL ? b->input[t * it->n_ports + p] : NULL;
                const double x = b->dt / it->port[p].tau;
                b->state[1 + p][i] = conductance[p] * (2 - x) / (2 + x) + (row != NULL ? row[i] : 0);
            }
            if (V >= -50) {
                V = E;
                if (i < b->n_live) {
                    if (b->spike_count != NULL) ++b->spike_count[i];
                    if (b->spikes != NULL && b->spikes->count < b->spikes->capacity) {
                        b->spikes->step[b->spikes->count] = t;
                        b->spikes->neuron[b->spikes->count++] = i;
                    }
                }
            }
            b->state[0][i] = V;
        }
    }
    return MFM_OK;
}
static mfm_status subthreshold(void *self, const mfm_subthreshold *q, mfm_error *error) {
    const instance *it = self;
    const uint32_t columns = 1 + it->n_ports;
    (void)error;
    const double C = q->setting != NULL ? q->setting[0] : it->real, g = q->setting != NULL ? q->setting[1] : 10,
                 E = q->setting != NULL ? q->setting[2] : -65;
    q->dx[0] = slope(it, C, g, E, q->x[0], q->g);
    double total = g;
    for (uint32_t p = 0; p < it->n_ports; ++p)
        if ((it->port[p].flags & MFM_RECEPTOR_CURRENT) == 0) total += q->g[p];
    if (q->jacobian != NULL) q->jacobian[0] = -total / C;
    if (q->hessian != NULL) memset(q->hessian, 0, columns * columns * sizeof(double));
    for (uint32_t p = 0; p < it->n_ports; ++p) {
        const int current = (it->port[p].flags & MFM_RECEPTOR_CURRENT) != 0;
        if (q->jacobian != NULL) q->jacobian[1 + p] = (current ? 1 : it->port[p].E_rev - q->x[0]) / C;
        if (q->hessian != NULL) q->hessian[1 + p] = q->hessian[(1 + p) * columns] = current ? 0 : -1 / C;
    }
    return MFM_OK;
}
static const mfm_neuron_v1 neuron = {sizeof(mfm_neuron_v1), 0, set_receptors, states, initialise, advance, subthreshold};

/* ---- connectivity: source j to targets j, j + stride, ... ---- */
static const mfm_field stride = {sizeof(mfm_field), MFM_REAL, 0, 0, "stride", "1", "every so many targets", 3, 1, 1e6, NULL, NULL};
static const mfm_field *const rule_settings[] = {&stride, NULL};
static mfm_status prepare(void *self, const mfm_projection *projection, void **plan, mfm_error *error) {
    (void)self, (void)error;
    *plan = (void *)(uintptr_t)projection;
    return MFM_OK;
}
static void release(void *self, void *plan) { (void)self, (void)plan; }
static mfm_status degree(void *self, const void *plan, uint64_t first, uint64_t n, uint64_t *out, mfm_error *error) {
    const mfm_projection *p = plan;
    const uint64_t every = (uint64_t)((instance *)self)->real;
    (void)error;
    for (uint64_t i = 0; i < n; ++i) out[i] = first + i < p->target->n ? (p->target->n - first - i + every - 1) / every : 0;
    return MFM_OK;
}
static mfm_status fill(void *self, const void *plan, uint64_t first, uint64_t n, const uint64_t *start, uint32_t *partner,
                       double *contacts, double *delay, mfm_error *error) {
    const mfm_projection *p = plan;
    const uint64_t every = (uint64_t)((instance *)self)->real;
    (void)error;
    for (uint64_t i = 0; i < n; ++i)
        for (uint64_t k = start[i], to = first + i; k < start[i + 1]; ++k, to += every) {
            partner[k] = (uint32_t)to;
            contacts[k] = 1 + (double)(p->seed % 7);
            if (p->source->position != NULL) delay[k] += p->source->position[0][first + i] / 64 + p->upper[2] - p->lower[2];
        }
    return MFM_OK;
}
static const mfm_connectivity_v1 rule = {sizeof(mfm_connectivity_v1), MFM_BY_SOURCE, prepare, release, degree, fill, NULL};

/* ---- stimulation: two conditions, a level and a ramp ---- */
static const mfm_field rate = {sizeof(mfm_field), MFM_REAL, 0, 0, "rate", "Hz", "a rate", 12, 0, 1e6, NULL, NULL};
static const mfm_field *const protocol_settings[] = {&rate, NULL};
static mfm_status count(void *self, uint32_t *n, mfm_error *error) { (void)self, (void)error; *n = 2; return MFM_OK; }
static mfm_status describe(void *self, uint32_t condition, mfm_condition *out, mfm_error *error) {
    (void)self, (void)error;
    out->flags = condition == 0 ? MFM_STATIONARY : 0;
    out->duration = condition == 0 ? 0 : 500;
    out->onset = out->offset = 0;
    out->frequency_hz = 0;
    strcpy(out->label, condition == 0 ? "level" : "ramp");
    return MFM_OK;
}
static mfm_status level(void *self, uint32_t condition, double *rate_hz, mfm_error *error) {
    (void)condition, (void)error;
    *rate_hz = ((instance *)self)->real;
    return MFM_OK;
}
static mfm_status course(void *self, uint32_t condition, double t0, double dt, uint64_t n, double *rate_hz, mfm_error *error) {
    (void)error;
    for (uint64_t i = 0; i < n; ++i)
        rate_hz[i] = ((instance *)self)->real * (condition == 0 ? 1 : 1 + (t0 + (double)i * dt) / 500);
    return MFM_OK;
}
static const mfm_stimulation_v1 protocol = {sizeof(mfm_stimulation_v1), 0, count, describe, level, course};

/* ---- transfer: nu = gain mu_V^2 ---- */
static const mfm_field mu_V = {sizeof(mfm_field), MFM_REAL, 0, 0, "mu_V", "mV", "mean potential", 0, -1e300, 1e300, NULL, NULL};
static const mfm_field gain = {sizeof(mfm_field), MFM_REAL, 0, 0, "gain", "Hz/mV^2", "gain", 1, 0, 1e3, NULL, NULL};
static const mfm_field *const inputs[] = {&mu_V, NULL}, *const coefficients[] = {&gain, NULL}, *const none[] = {NULL};
static mfm_status shape(void *self, const mfm_field *const **in, const mfm_field *const **c, mfm_error *error) {
    (void)self, (void)error;
    *in = inputs;
    *c = coefficients;
    return MFM_OK;
}
static mfm_status guess(void *self, const mfm_transfer_batch *b, double *coefficient, mfm_error *error) {
    (void)self, (void)error;
    double above = 0, below = 0;
    for (uint32_t i = 0; i < b->n; ++i) {
        const double w = b->weight != NULL ? b->weight[i] : 1, x2 = b->input[0][i] * b->input[0][i];
        above += w * x2 * b->value[i];
        below += w * x2 * x2;
    }
    coefficient[0] = below > 0 ? above / below : 1;
    return MFM_OK;
}
static mfm_status evaluate(void *self, const mfm_transfer_batch *b, mfm_error *error) {
    (void)self, (void)error;
    for (uint32_t i = 0; i < b->n; ++i) {
        const double x = b->input[0][i], c = b->coefficient[0];
        b->value[i] = c * x * x;
        if (b->d_coefficient != NULL) b->d_coefficient[0][i] = x * x;
        if (b->d_input != NULL) b->d_input[0][i] = 2 * c * x;
        if (b->d2_input != NULL) b->d2_input[0][i] = 2 * c;
    }
    return MFM_OK;
}
static const mfm_transfer_v1 basis = {sizeof(mfm_transfer_v1), 0, shape, guess, evaluate};

/* ---- optimizer: a step to either side along each axis, halved when neither helps ---- */
static const mfm_field width = {sizeof(mfm_field), MFM_REAL, MFM_OPEN_LOWER, 0, "width", "1", "first step", 0.5, 0, 1, NULL, NULL};
static const mfm_field *const optimizer_settings[] = {&width, NULL};
static mfm_status cost_at(const mfm_problem *p, const double *x, double *residual, double *cost, mfm_error *error) {
    const mfm_status status = p->residuals(p->self, 1, x, residual, NULL, error);
    *cost = 0;
    for (uint32_t k = 0; k < p->n_residuals; ++k) *cost += 0.5 * residual[k] * residual[k];
    return status;
}
static mfm_status solve(void *self, const mfm_problem *p, mfm_solution *s, mfm_error *error) {
    double *residual = malloc(p->n_residuals * sizeof(double)), step = ((instance *)self)->real, cost;
    if (residual == NULL) return fail(error, MFM_ERROR, "no memory");
    for (uint32_t i = 0; i < p->n_parameters; ++i) s->x[i] = p->initial[i];
    mfm_status status = cost_at(p, s->x, residual, &s->initial_cost, error);
    s->cost = s->initial_cost;
    s->evaluations = 1;
    s->outcome = MFM_BUDGET;
    for (s->iterations = 0; status == MFM_OK && s->iterations < 60; ++s->iterations) {
        int helped = 0;
        for (uint32_t i = 0; i < p->n_parameters; ++i)
            for (int side = -1; side <= 1; side += 2) {
                const double old = s->x[i], next = old + side * step * (p->scale != NULL ? p->scale[i] : 1);
                if (next < p->lower[i] || next > p->upper[i]) continue;
                s->x[i] = next;
                ++s->evaluations;
                status = cost_at(p, s->x, residual, &cost, error);
                if (status < 0) { free(residual); return status; }
                if (status == MFM_OK && cost < s->cost) { s->cost = cost; helped = 1; } else s->x[i] = old;
                status = MFM_OK;
            }
        if (!helped) step /= 2;
        if (step < 1e-6) { s->outcome = MFM_CONVERGED; break; }
        if (p->progress != NULL && p->progress(p->self, s->iterations, s->cost, 0, step) != 0) { s->outcome = MFM_STOPPED; break; }
    }
    strcpy(s->message, "that is what neighbours have to offer");
    free(residual);
    return status;
}
static const mfm_optimizer_v1 optimizer = {sizeof(mfm_optimizer_v1), 0, solve};

/* ---- the library ---- */
static const mfm_interface neuron_interfaces[] = {{MFM_NEURON_ID, &neuron}, {NULL, NULL}},
    rule_interfaces[] = {{"org.example.unheard_of/1", &host}, {MFM_CONNECTIVITY_ID, &rule}, {NULL, NULL}},
    protocol_interfaces[] = {{MFM_STIMULATION_ID, &protocol}, {NULL, NULL}},
    basis_interfaces[] = {{MFM_TRANSFER_ID, &basis}, {NULL, NULL}}, optimizer_interfaces[] = {{MFM_OPTIMIZER_ID, &optimizer}, {NULL, NULL}};
#define COMPONENT(name, settings)                                                                                                  \
    static const mfm_component name##_component = {sizeof(mfm_component), 0, "frozen_plain_" #name "_" COMPILER, "1.0.0", "in C", "", \
                                                   settings, create, destroy, name##_interfaces, "# A page\n"}
COMPONENT(neuron, neuron_settings);
COMPONENT(rule, rule_settings);
COMPONENT(protocol, protocol_settings);
COMPONENT(basis, none);
COMPONENT(optimizer, optimizer_settings);
static const mfm_component *const components[] = {&neuron_component, &rule_component, &protocol_component, &basis_component,
                                                  &optimizer_component, NULL};
static mfm_status attach(const mfm_host *from, mfm_error *error) {
    if (!MFM_HAS(from, service) || from->service(from->self, "no.such.service/1") != NULL || from->log == NULL)
        return fail(error, MFM_ERROR, "this is no host");
    host = from;
    return MFM_OK;
}
const mfm_plugin mfm_plugin_v1 = {sizeof(mfm_plugin), MFM_ABI_MAJOR, MFM_ABI_MINOR, 0, "automfm's tests", "none", COMPILER, components, attach};
