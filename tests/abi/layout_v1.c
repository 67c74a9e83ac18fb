/* SPDX-License-Identifier: Apache-2.0
 *
 * The layout of plugin ABI version 1: place and type of every field of every struct, on 64-bit machines, and every constant
 * and word.  It refuses what was moved, retyped or changed, and passes what was appended.  When it fails, abi.h is what must
 * change back: libraries built years ago rely on these numbers.  A new field gets a new line here.
 */
#include <mfm/abi.h>

#define FIELD(type, field, at, kind)                                                                                   \
    _Static_assert(offsetof(type, field) == (at), #type "." #field " was moved");                                      \
    _Static_assert(__builtin_types_compatible_p(__typeof__(((type *)0)->field), kind), #type "." #field " was retyped")
#define SIZE_AT_LEAST(type, bytes, alignment)                                                                          \
    _Static_assert(sizeof(type) >= (bytes), #type " has shrunk");                                                      \
    _Static_assert(_Alignof(type) == (alignment), #type " is aligned in another way")
#define SIZE(type, bytes, alignment)                                                                                   \
    _Static_assert(sizeof(type) == (bytes), #type " cannot grow: it stands in arrays");                                \
    _Static_assert(_Alignof(type) == (alignment), #type " is aligned in another way")
#define CONSTANT(name, value) _Static_assert((name) == (value), #name " was changed")
#define WORD(name, value) _Static_assert(__builtin_strcmp(name, value) == 0, #name " was changed")

_Static_assert(sizeof(void *) == 8 && sizeof(double) == 8, "version 1 is an ABI of 64-bit machines");

FIELD(mfm_error, size, 0, uint32_t);
FIELD(mfm_error, message, 4, char[508]);
_Static_assert(sizeof(mfm_error) >= 512, "mfm_error has shrunk");
_Static_assert(_Alignof(mfm_error) == 4 || _Alignof(mfm_error) == 8, "mfm_error is aligned in another way");

FIELD(mfm_field, size, 0, uint32_t);
FIELD(mfm_field, kind, 4, uint32_t);
FIELD(mfm_field, flags, 8, uint32_t);
FIELD(mfm_field, reserved, 12, uint32_t);
FIELD(mfm_field, name, 16, const char *);
FIELD(mfm_field, unit, 24, const char *);
FIELD(mfm_field, doc, 32, const char *);
FIELD(mfm_field, initial, 40, double);
FIELD(mfm_field, lower, 48, double);
FIELD(mfm_field, upper, 56, double);
FIELD(mfm_field, choices, 64, const char *const *);
FIELD(mfm_field, role, 72, const char *);
SIZE_AT_LEAST(mfm_field, 80, 8);

FIELD(mfm_value, size, 0, uint32_t);
FIELD(mfm_value, kind, 4, uint32_t);
FIELD(mfm_value, real, 8, double);
FIELD(mfm_value, integer, 16, int64_t);
FIELD(mfm_value, text, 24, const char *);
FIELD(mfm_value, list, 32, const double *);
FIELD(mfm_value, length, 40, uint64_t);
SIZE_AT_LEAST(mfm_value, 48, 8);

FIELD(mfm_interface, id, 0, const char *);
FIELD(mfm_interface, table, 8, const void *);
SIZE(mfm_interface, 16, 8);

FIELD(mfm_component, size, 0, uint32_t);
FIELD(mfm_component, reserved, 4, uint32_t);
FIELD(mfm_component, id, 8, const char *);
FIELD(mfm_component, version, 16, const char *);
FIELD(mfm_component, summary, 24, const char *);
FIELD(mfm_component, citation, 32, const char *);
FIELD(mfm_component, settings, 40, const mfm_field *const *);
FIELD(mfm_component, create, 48, mfm_status (*)(const mfm_value *const *settings, void **self, mfm_error *));
FIELD(mfm_component, destroy, 56, void (*)(void *self));
FIELD(mfm_component, interfaces, 64, const mfm_interface *);
FIELD(mfm_component, documentation, 72, const char *);
SIZE_AT_LEAST(mfm_component, 80, 8);

FIELD(mfm_host, size, 0, uint32_t);
FIELD(mfm_host, abi_minor, 4, uint32_t);
FIELD(mfm_host, name, 8, const char *);
FIELD(mfm_host, version, 16, const char *);
FIELD(mfm_host, self, 24, void *);
FIELD(mfm_host, log, 32, void (*)(void *self, int32_t level, const char *component, const char *text));
FIELD(mfm_host, service, 40, const void * (*)(void *self, const char *id));
SIZE_AT_LEAST(mfm_host, 48, 8);

FIELD(mfm_plugin, size, 0, uint32_t);
FIELD(mfm_plugin, abi_major, 4, uint32_t);
FIELD(mfm_plugin, abi_minor, 8, uint32_t);
FIELD(mfm_plugin, reserved, 12, uint32_t);
FIELD(mfm_plugin, vendor, 16, const char *);
FIELD(mfm_plugin, sdk, 24, const char *);
FIELD(mfm_plugin, compiler, 32, const char *);
FIELD(mfm_plugin, components, 40, const mfm_component *const *);
FIELD(mfm_plugin, attach, 48, mfm_status (*)(const mfm_host *, mfm_error *));
SIZE_AT_LEAST(mfm_plugin, 56, 8);

FIELD(mfm_receptor, size, 0, uint32_t);
FIELD(mfm_receptor, shape, 4, uint32_t);
FIELD(mfm_receptor, flags, 8, uint32_t);
FIELD(mfm_receptor, reserved, 12, uint32_t);
FIELD(mfm_receptor, tau, 16, double);
FIELD(mfm_receptor, tau_rise, 24, double);
FIELD(mfm_receptor, E_rev, 32, double);
SIZE_AT_LEAST(mfm_receptor, 40, 8);

FIELD(mfm_spikes, size, 0, uint32_t);
FIELD(mfm_spikes, capacity, 4, uint32_t);
FIELD(mfm_spikes, count, 8, uint32_t);
FIELD(mfm_spikes, reserved, 12, uint32_t);
FIELD(mfm_spikes, step, 16, uint32_t *);
FIELD(mfm_spikes, neuron, 24, uint32_t *);
SIZE_AT_LEAST(mfm_spikes, 32, 8);

FIELD(mfm_drive, size, 0, uint32_t);
FIELD(mfm_drive, port, 4, uint32_t);
FIELD(mfm_drive, rate_stride, 8, uint32_t);
FIELD(mfm_drive, weight_stride, 12, uint32_t);
FIELD(mfm_drive, rate_hz, 16, const double *);
FIELD(mfm_drive, weight, 24, const double *);
SIZE_AT_LEAST(mfm_drive, 32, 8);

FIELD(mfm_neuron_batch, size, 0, uint32_t);
FIELD(mfm_neuron_batch, n, 4, uint32_t);
FIELD(mfm_neuron_batch, n_live, 8, uint32_t);
FIELD(mfm_neuron_batch, n_steps, 12, uint32_t);
FIELD(mfm_neuron_batch, seed, 16, uint64_t);
FIELD(mfm_neuron_batch, stream, 24, uint64_t);
FIELD(mfm_neuron_batch, first_neuron, 32, uint64_t);
FIELD(mfm_neuron_batch, first_step, 40, uint64_t);
FIELD(mfm_neuron_batch, dt, 48, double);
FIELD(mfm_neuron_batch, state, 56, double *const *);
FIELD(mfm_neuron_batch, setting, 64, const double *const *);
FIELD(mfm_neuron_batch, setting_stride, 72, const uint32_t *);
FIELD(mfm_neuron_batch, input, 80, const double *const *);
FIELD(mfm_neuron_batch, drive, 88, const mfm_drive *const *);
FIELD(mfm_neuron_batch, spikes, 96, mfm_spikes *);
FIELD(mfm_neuron_batch, spike_count, 104, uint32_t *);
SIZE_AT_LEAST(mfm_neuron_batch, 112, 8);

FIELD(mfm_subthreshold, size, 0, uint32_t);
FIELD(mfm_subthreshold, reserved, 4, uint32_t);
FIELD(mfm_subthreshold, x, 8, const double *);
FIELD(mfm_subthreshold, g, 16, const double *);
FIELD(mfm_subthreshold, setting, 24, const double *);
FIELD(mfm_subthreshold, dx, 32, double *);
FIELD(mfm_subthreshold, jacobian, 40, double *);
FIELD(mfm_subthreshold, hessian, 48, double *);
SIZE_AT_LEAST(mfm_subthreshold, 56, 8);

FIELD(mfm_neuron_v1, size, 0, uint32_t);
FIELD(mfm_neuron_v1, reserved, 4, uint32_t);
FIELD(mfm_neuron_v1, set_receptors, 8, mfm_status (*)(void *self, uint32_t n_ports, const mfm_receptor *const *, mfm_error *));
FIELD(mfm_neuron_v1, states, 16, mfm_status (*)(void *self, const mfm_field *const **fields, uint32_t *n_dynamic, mfm_error *));
FIELD(mfm_neuron_v1, initialise, 24, mfm_status (*)(void *self, const mfm_neuron_batch *, mfm_error *));
FIELD(mfm_neuron_v1, advance, 32, mfm_status (*)(void *self, const mfm_neuron_batch *, mfm_error *));
FIELD(mfm_neuron_v1, subthreshold, 40, mfm_status (*)(void *self, const mfm_subthreshold *, mfm_error *));
SIZE_AT_LEAST(mfm_neuron_v1, 48, 8);

FIELD(mfm_population, size, 0, uint32_t);
FIELD(mfm_population, reserved, 4, uint32_t);
FIELD(mfm_population, name, 8, const char *);
FIELD(mfm_population, n, 16, uint64_t);
FIELD(mfm_population, position, 24, const double *const *);
SIZE_AT_LEAST(mfm_population, 32, 8);

FIELD(mfm_edges, size, 0, uint32_t);
FIELD(mfm_edges, reserved, 4, uint32_t);
FIELD(mfm_edges, name, 8, const char *);
FIELD(mfm_edges, source, 16, const mfm_population *);
FIELD(mfm_edges, target, 24, const mfm_population *);
FIELD(mfm_edges, row, 32, const uint64_t *);
FIELD(mfm_edges, to, 40, const uint32_t *);
FIELD(mfm_edges, column, 48, const uint64_t *);
FIELD(mfm_edges, from, 56, const uint32_t *);
SIZE_AT_LEAST(mfm_edges, 64, 8);

FIELD(mfm_projection, size, 0, uint32_t);
FIELD(mfm_projection, same_population, 4, uint32_t);
FIELD(mfm_projection, seed, 8, uint64_t);
FIELD(mfm_projection, stream, 16, uint64_t);
FIELD(mfm_projection, source, 24, const mfm_population *);
FIELD(mfm_projection, target, 32, const mfm_population *);
FIELD(mfm_projection, earlier, 40, const mfm_edges *const *);
FIELD(mfm_projection, lower, 48, const double *);
FIELD(mfm_projection, upper, 56, const double *);
SIZE_AT_LEAST(mfm_projection, 64, 8);

FIELD(mfm_connectivity_v1, size, 0, uint32_t);
FIELD(mfm_connectivity_v1, orientation, 4, uint32_t);
FIELD(mfm_connectivity_v1, prepare, 8, mfm_status (*)(void *self, const mfm_projection *, void **plan, mfm_error *));
FIELD(mfm_connectivity_v1, release, 16, void (*)(void *self, void *plan));
FIELD(mfm_connectivity_v1, degree, 24, mfm_status (*)(void *self, const void *plan, uint64_t first, uint64_t n, uint64_t *degree, mfm_error *));
FIELD(mfm_connectivity_v1, fill, 32, mfm_status (*)(void *self, const void *plan, uint64_t first, uint64_t n, const uint64_t *start, uint32_t *partner, double *contacts, double *delay, mfm_error *));
FIELD(mfm_connectivity_v1, in_degree, 40, mfm_status (*)(void *self, const mfm_projection *, double *mean, double *sd, mfm_error *));
SIZE_AT_LEAST(mfm_connectivity_v1, 48, 8);

FIELD(mfm_condition, size, 0, uint32_t);
FIELD(mfm_condition, flags, 4, uint32_t);
FIELD(mfm_condition, duration, 8, double);
FIELD(mfm_condition, onset, 16, double);
FIELD(mfm_condition, offset, 24, double);
FIELD(mfm_condition, frequency_hz, 32, double);
FIELD(mfm_condition, label, 40, char[88]);
SIZE_AT_LEAST(mfm_condition, 128, 8);

FIELD(mfm_stimulation_v1, size, 0, uint32_t);
FIELD(mfm_stimulation_v1, reserved, 4, uint32_t);
FIELD(mfm_stimulation_v1, count, 8, mfm_status (*)(void *self, uint32_t *n_conditions, mfm_error *));
FIELD(mfm_stimulation_v1, describe, 16, mfm_status (*)(void *self, uint32_t condition, mfm_condition *, mfm_error *));
FIELD(mfm_stimulation_v1, level, 24, mfm_status (*)(void *self, uint32_t condition, double *rate_hz, mfm_error *));
FIELD(mfm_stimulation_v1, course, 32, mfm_status (*)(void *self, uint32_t condition, double t0, double dt, uint64_t n, double *rate_hz, mfm_error *));
SIZE_AT_LEAST(mfm_stimulation_v1, 40, 8);

FIELD(mfm_transfer_batch, size, 0, uint32_t);
FIELD(mfm_transfer_batch, n, 4, uint32_t);
FIELD(mfm_transfer_batch, input, 8, const double *const *);
FIELD(mfm_transfer_batch, lower, 16, const double *);
FIELD(mfm_transfer_batch, upper, 24, const double *);
FIELD(mfm_transfer_batch, coefficient, 32, const double *);
FIELD(mfm_transfer_batch, weight, 40, const double *);
FIELD(mfm_transfer_batch, value, 48, double *);
FIELD(mfm_transfer_batch, d_coefficient, 56, double *const *);
FIELD(mfm_transfer_batch, d_input, 64, double *const *);
FIELD(mfm_transfer_batch, d2_input, 72, double *const *);
SIZE_AT_LEAST(mfm_transfer_batch, 80, 8);

FIELD(mfm_transfer_v1, size, 0, uint32_t);
FIELD(mfm_transfer_v1, reserved, 4, uint32_t);
FIELD(mfm_transfer_v1, shape, 8, mfm_status (*)(void *self, const mfm_field *const **inputs, const mfm_field *const **coefficients, mfm_error *));
FIELD(mfm_transfer_v1, guess, 16, mfm_status (*)(void *self, const mfm_transfer_batch *, double *coefficient, mfm_error *));
FIELD(mfm_transfer_v1, evaluate, 24, mfm_status (*)(void *self, const mfm_transfer_batch *, mfm_error *));
SIZE_AT_LEAST(mfm_transfer_v1, 32, 8);

FIELD(mfm_problem, size, 0, uint32_t);
FIELD(mfm_problem, n_parameters, 4, uint32_t);
FIELD(mfm_problem, n_residuals, 8, uint32_t);
FIELD(mfm_problem, has_jacobian, 12, uint32_t);
FIELD(mfm_problem, initial, 16, const double *);
FIELD(mfm_problem, lower, 24, const double *);
FIELD(mfm_problem, upper, 32, const double *);
FIELD(mfm_problem, scale, 40, const double *);
FIELD(mfm_problem, self, 48, void *);
FIELD(mfm_problem, residuals, 56, mfm_status (*)(void *self, uint32_t n, const double *x, double *residual, double *jacobian, mfm_error *));
FIELD(mfm_problem, progress, 64, int32_t (*)(void *self, uint32_t iteration, double cost, double gradient, double step));
FIELD(mfm_problem, seed, 72, uint64_t);
SIZE_AT_LEAST(mfm_problem, 80, 8);

FIELD(mfm_solution, size, 0, uint32_t);
FIELD(mfm_solution, outcome, 4, uint32_t);
FIELD(mfm_solution, iterations, 8, uint32_t);
FIELD(mfm_solution, evaluations, 12, uint32_t);
FIELD(mfm_solution, x, 16, double *);
FIELD(mfm_solution, initial_cost, 24, double);
FIELD(mfm_solution, cost, 32, double);
FIELD(mfm_solution, message, 40, char[232]);
SIZE_AT_LEAST(mfm_solution, 272, 8);

FIELD(mfm_optimizer_v1, size, 0, uint32_t);
FIELD(mfm_optimizer_v1, reserved, 4, uint32_t);
FIELD(mfm_optimizer_v1, solve, 8, mfm_status (*)(void *self, const mfm_problem *, mfm_solution *, mfm_error *));
SIZE_AT_LEAST(mfm_optimizer_v1, 16, 8);

_Static_assert(__builtin_types_compatible_p(mfm_status, int32_t), "mfm_status was retyped");
_Static_assert(__builtin_types_compatible_p(__typeof__(mfm_plugin_v1), const mfm_plugin), "the symbol was retyped");

FIELD(mfm_objectives, size, 0, uint32_t);
FIELD(mfm_objectives, n_parameters, 4, uint32_t);
FIELD(mfm_objectives, n_objectives, 8, uint32_t);
FIELD(mfm_objectives, reserved, 12, uint32_t);
FIELD(mfm_objectives, seed, 16, uint64_t);
FIELD(mfm_objectives, initial, 24, const double *);
FIELD(mfm_objectives, lower, 32, const double *);
FIELD(mfm_objectives, upper, 40, const double *);
FIELD(mfm_objectives, scale, 48, const double *);
FIELD(mfm_objectives, self, 56, void *);
FIELD(mfm_objectives, evaluate, 64, mfm_status (*)(void *self, uint32_t n, const double *x, double *objective, uint8_t *defined, mfm_error *));
FIELD(mfm_objectives, progress, 72, int32_t (*)(void *self, uint32_t iteration, uint32_t evaluations, const double *least));
SIZE_AT_LEAST(mfm_objectives, 80, 8);

FIELD(mfm_front, size, 0, uint32_t);
FIELD(mfm_front, outcome, 4, uint32_t);
FIELD(mfm_front, iterations, 8, uint32_t);
FIELD(mfm_front, evaluations, 12, uint32_t);
FIELD(mfm_front, capacity, 16, uint32_t);
FIELD(mfm_front, count, 20, uint32_t);
FIELD(mfm_front, x, 24, double *);
FIELD(mfm_front, objective, 32, double *);
FIELD(mfm_front, message, 40, char[232]);
SIZE_AT_LEAST(mfm_front, 272, 8);

FIELD(mfm_pareto_v1, size, 0, uint32_t);
FIELD(mfm_pareto_v1, reserved, 4, uint32_t);
FIELD(mfm_pareto_v1, solve, 8, mfm_status (*)(void *self, const mfm_objectives *, mfm_front *, mfm_error *));
SIZE_AT_LEAST(mfm_pareto_v1, 16, 8);

CONSTANT(MFM_ABI_MAJOR, 1);
CONSTANT(MFM_OK, 0);
CONSTANT(MFM_INFEASIBLE, 1);
CONSTANT(MFM_ERROR, -1);
CONSTANT(MFM_REAL, 0);
CONSTANT(MFM_INTEGER, 1);
CONSTANT(MFM_BOOLEAN, 2);
CONSTANT(MFM_TEXT, 3);
CONSTANT(MFM_REAL_LIST, 4);
CONSTANT(MFM_PER_NEURON, 1u << 0);
CONSTANT(MFM_OPEN_LOWER, 1u << 1);
CONSTANT(MFM_OPEN_UPPER, 1u << 2);
CONSTANT(MFM_REQUIRED, 1u << 3);
CONSTANT(MFM_PATH, 1u << 4);
CONSTANT(MFM_PROJECTION_NAME, 1u << 5);
CONSTANT(MFM_MAX_PORTS, 8);
CONSTANT(MFM_BATCH_ALIGNMENT, 16);
CONSTANT((int)MFM_MOST_EVENTS, 20);
CONSTANT(MFM_RECEPTOR_EXPONENTIAL, 0);
CONSTANT(MFM_RECEPTOR_ALPHA, 1);
CONSTANT(MFM_RECEPTOR_BIEXPONENTIAL, 2);
CONSTANT(MFM_RECEPTOR_DELTA, 3);
CONSTANT(MFM_RECEPTOR_CURRENT, 1u << 0);
CONSTANT(MFM_BY_SOURCE, 0);
CONSTANT(MFM_BY_TARGET, 1);
CONSTANT(MFM_STATIONARY, 1u << 0);
CONSTANT(MFM_CONVERGED, 0);
CONSTANT(MFM_BUDGET, 1);
CONSTANT(MFM_STOPPED, 2);
CONSTANT(MFM_FAILED, 3);

WORD(MFM_ROLE_CAPACITANCE, "capacitance");
WORD(MFM_ROLE_LEAK, "leak_conductance");
WORD(MFM_ROLE_TAU_M, "membrane_time_constant");
WORD(MFM_ROLE_REST, "leak_reversal");
WORD(MFM_ROLE_THRESHOLD, "threshold");
WORD(MFM_ROLE_REFRACTORY, "refractory_period");
WORD(MFM_ROLE_RESET, "reset_potential");
WORD(MFM_ROLE_CURRENT, "constant_current");
WORD(MFM_ROLE_INCREMENT, "adaptation_increment");
WORD(MFM_ROLE_VOLTAGE, "voltage");
WORD(MFM_ROLE_ADAPTATION, "adaptation");
WORD(MFM_ROLE_MOMENTS, "moments");
WORD(MFM_NEURON_ID, "mfm.neuron/1");
WORD(MFM_CONNECTIVITY_ID, "mfm.connectivity/1");
WORD(MFM_STIMULATION_ID, "mfm.stimulation/1");
WORD(MFM_TRANSFER_ID, "mfm.transfer/1");
WORD(MFM_OPTIMIZER_ID, "mfm.optimizer/1");
WORD(MFM_PARETO_ID, "mfm.pareto/1");

/* The head that every version has, whatever its major number. */
_Static_assert(offsetof(mfm_plugin, size) == 0 && offsetof(mfm_plugin, abi_major) == 4 &&
                   offsetof(mfm_plugin, abi_minor) == 8 && offsetof(mfm_plugin, reserved) == 12 &&
                   offsetof(mfm_plugin, vendor) == 16,
               "the first 16 bytes of the plugin table are frozen for ever");

/* MFM_HAS says what the size says. */
int main(void) {
    static const mfm_receptor receptor[] = {{.size = offsetof(mfm_receptor, E_rev)}, {.size = offsetof(mfm_receptor, E_rev) + sizeof(double)}};
    const mfm_receptor *const older = &receptor[0], *const whole = &receptor[1], *const none = NULL;
    return MFM_HAS(older, tau_rise) && !MFM_HAS(older, E_rev) && MFM_HAS(whole, E_rev) && !MFM_HAS(none, size) ? 0 : 1;
}
