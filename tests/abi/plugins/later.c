/* SPDX-License-Identifier: Apache-2.0
 *
 * What a plugin of a later minor version does: it is built with a header whose structs have a field more (added_later, see
 * abi.cmake), and asks MFM_HAS before it touches one.  It logs which of the host's structs have the field, and fills it where
 * it is there.
 */
#include <mfm/abi.h>

#include <stdlib.h>

static const mfm_host *host;
#define SAY(object) host->log(host->self, 1, "later", MFM_HAS(object, added_later) ? #object " has the new field" : #object " has no new field")

static mfm_status create(const mfm_value *const *value, void **self, mfm_error *error) {
    SAY(host);
    SAY(value[0]);
    SAY(error);
    *self = NULL;
    return MFM_OK;
}
static void destroy(void *self) { (void)self; }

static const mfm_field V_m = {.size = sizeof(mfm_field), .name = "V_m", .unit = "mV", .doc = "potential", .role = MFM_ROLE_VOLTAGE};
static const mfm_field *const rows[] = {&V_m, NULL};
static mfm_status set_receptors(void *self, uint32_t n, const mfm_receptor *const *receptor, mfm_error *error) {
    (void)self, (void)n, (void)error;
    SAY(receptor[0]);
    return MFM_OK;
}
static mfm_status states(void *self, const mfm_field *const **fields, uint32_t *n_dynamic, mfm_error *error) {
    (void)self, (void)error;
    *fields = rows;
    *n_dynamic = 1;
    return MFM_OK;
}
static mfm_status initialise(void *self, const mfm_neuron_batch *batch, mfm_error *error) { (void)self, (void)error; SAY(batch); return MFM_OK; }
static mfm_status advance(void *self, const mfm_neuron_batch *batch, mfm_error *error) {
    (void)self, (void)error;
    if (batch->first_step > 0) return MFM_OK;
    SAY(batch);
    SAY(batch->spikes);
    if (batch->drive != NULL) SAY(batch->drive[0]);
    if (MFM_HAS(batch->spikes, added_later)) batch->spikes->added_later = 1;
    return MFM_OK;
}
static mfm_status subthreshold(void *self, const mfm_subthreshold *point, mfm_error *error) {
    (void)self, (void)error;
    point->dx[0] = 0;
    SAY(point);
    return MFM_OK;
}
static const mfm_neuron_v1 neuron = {.size = sizeof neuron, .set_receptors = set_receptors, .states = states, .initialise = initialise, .advance = advance, .subthreshold = subthreshold};

static mfm_status prepare(void *self, const mfm_projection *projection, void **plan, mfm_error *error) {
    (void)self, (void)error;
    *plan = NULL;
    SAY(projection);
    SAY(projection->source);
    return MFM_OK;
}
static void release(void *self, void *plan) { (void)self, (void)plan; }
static mfm_status degree(void *self, const void *plan, uint64_t first, uint64_t n, uint64_t *out, mfm_error *error) {
    (void)self, (void)plan, (void)first, (void)error;
    for (uint64_t i = 0; i < n; ++i) out[i] = 0;
    return MFM_OK;
}
static mfm_status fill(void *self, const void *plan, uint64_t first, uint64_t n, const uint64_t *start, uint32_t *partner,
                       double *contacts, double *delay, mfm_error *error) {
    (void)self, (void)plan, (void)first, (void)n, (void)start, (void)partner, (void)contacts, (void)delay, (void)error;
    return MFM_OK;
}
static mfm_status in_degree(void *self, const mfm_projection *projection, double *mean, double *sd, mfm_error *error) {
    (void)self, (void)error;
    const mfm_edges *edges = projection->earlier[1];
    if (edges != NULL) SAY(edges);
    *mean = *sd = 0;
    return MFM_OK;
}
static const mfm_connectivity_v1 rule = {.size = sizeof rule, .orientation = MFM_BY_TARGET, .prepare = prepare, .release = release, .degree = degree, .fill = fill, .in_degree = in_degree};

static mfm_status count(void *self, uint32_t *n, mfm_error *error) { (void)self, (void)error; *n = 1; return MFM_OK; }
static mfm_status describe(void *self, uint32_t c, mfm_condition *condition, mfm_error *error) {
    (void)self, (void)c, (void)error;
    condition->flags = MFM_STATIONARY;
    SAY(condition);
    if (MFM_HAS(condition, added_later)) condition->added_later = 1;
    return MFM_OK;
}
static mfm_status level(void *self, uint32_t c, double *rate_hz, mfm_error *error) { (void)self, (void)c, (void)error; *rate_hz = 1; return MFM_OK; }
static mfm_status course(void *self, uint32_t c, double t0, double dt, uint64_t n, double *rate_hz, mfm_error *error) {
    (void)self, (void)c, (void)t0, (void)dt, (void)error;
    for (uint64_t i = 0; i < n; ++i) rate_hz[i] = 1;
    return MFM_OK;
}
static const mfm_stimulation_v1 protocol = {.size = sizeof protocol, .count = count, .describe = describe, .level = level, .course = course};

static const mfm_field mu_V = {.size = sizeof(mfm_field), .name = "mu_V", .unit = "mV", .doc = "mean potential"};
static const mfm_field *const inputs[] = {&mu_V, NULL}, *const none[] = {NULL};
static mfm_status shape(void *self, const mfm_field *const **in, const mfm_field *const **coefficients, mfm_error *error) {
    (void)self, (void)error;
    *in = inputs;
    *coefficients = none;
    return MFM_OK;
}
static mfm_status guess(void *self, const mfm_transfer_batch *points, double *c, mfm_error *error) { (void)self, (void)c, (void)error; SAY(points); return MFM_OK; }
static mfm_status evaluate(void *self, const mfm_transfer_batch *points, mfm_error *error) {
    (void)self, (void)error;
    for (uint32_t i = 0; i < points->n; ++i) points->value[i] = 0;
    return MFM_OK;
}
static const mfm_transfer_v1 basis = {.size = sizeof basis, .shape = shape, .guess = guess, .evaluate = evaluate};

static mfm_status solve(void *self, const mfm_problem *problem, mfm_solution *solution, mfm_error *error) {
    (void)self, (void)error;
    for (uint32_t i = 0; i < problem->n_parameters; ++i) solution->x[i] = problem->initial[i];
    solution->outcome = MFM_STOPPED;
    SAY(problem);
    SAY(solution);
    if (MFM_HAS(solution, added_later)) solution->added_later = 1;
    return MFM_OK;
}
static const mfm_optimizer_v1 optimizer = {.size = sizeof optimizer, .solve = solve};

static const mfm_field amount = {.size = sizeof(mfm_field), .name = "amount", .unit = "1", .doc = "a number", .upper = 1};
static const mfm_field before = {.size = sizeof(mfm_field), .kind = MFM_TEXT, .flags = MFM_PROJECTION_NAME, .name = "before", .unit = "1", .doc = "a projection"};
static const mfm_field *const settings[] = {&amount, &before, NULL};
static const mfm_interface interfaces[] = {{MFM_NEURON_ID, &neuron}, {MFM_CONNECTIVITY_ID, &rule}, {MFM_STIMULATION_ID, &protocol},
                                           {MFM_TRANSFER_ID, &basis}, {MFM_OPTIMIZER_ID, &optimizer}, {NULL, NULL}};
static const mfm_component component = {.size = sizeof component, .id = "later", .version = "2.0.0", .summary = "asks before it reads",
    .citation = "", .settings = settings, .create = create, .destroy = destroy, .interfaces = interfaces};
static const mfm_component *const components[] = {&component, NULL};
static mfm_status attach(const mfm_host *from, mfm_error *error) { (void)error; host = from; return MFM_OK; }
const mfm_plugin mfm_plugin_v1 = {.size = sizeof mfm_plugin_v1, .abi_major = MFM_ABI_MAJOR, .abi_minor = MFM_ABI_MINOR, .vendor = "tests",
    .sdk = "none", .compiler = "-", .components = components, .attach = attach};
