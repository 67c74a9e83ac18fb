/* SPDX-License-Identifier: Apache-2.0
 *
 * mfm/abi.h -- the plugin ABI of automfm, version 1.  C99, no dependencies; everything else in the SDK is source.
 *
 *   Every struct starts with `size`, which its maker sets; fields are only appended, never moved or retyped (see MFM_HAS).
 *   mfm_interface alone has no size and never grows.  A struct that the other side made may be shorter than yours: write
 *   its fields one by one, never the whole of it.
 *   Lists of structs are NULL-ended arrays of pointers, so that their elements can grow too.
 *   `reserved` is 0, and so are the bits of `flags` without a name: the host refuses a plugin of its own minor version
 *   or an older one that has them set, and skips them in a later one.
 *   Strings are UTF-8 and live as long as the library; those that the host hands over, as long as the call or what they
 *   came with.  The host owns all numeric memory.  Arrays are aligned as their type, and to 64 bytes where it says so.
 *   Nothing here throws.  [setup]: one thread at a time.  [batch]: any thread, disjoint output.  A plugin starts no
 *   threads, and calls back (log, residuals, progress) from the thread that called it.  An mfm_error is never NULL.
 *   Units: ms, mV, nS, pA, pF, um; rates in Hz.  64-bit machines.
 */
#ifndef MFM_ABI_H
#define MFM_ABI_H
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
#define MFM_NOEXCEPT noexcept
extern "C" {
#else
#define MFM_NOEXCEPT
#endif
#define MFM_EXPORT __attribute__((visibility("default")))
#define MFM_ABI_MAJOR 1u
#define MFM_ABI_MINOR 0u
/* True when the other side's struct is new enough to carry `field`. */
#define MFM_HAS(object, field) \
    ((object) && offsetof(__typeof__(*(object)), field) + sizeof((object)->field) <= (object)->size)

/* 0 done; > 0 recoverable (another point or a smaller step may work); < 0 give up.  The reason goes into mfm_error. */
typedef int32_t mfm_status;
#define MFM_OK 0
#define MFM_INFEASIBLE 1
#define MFM_ERROR (-1)
typedef struct mfm_error { uint32_t size; char message[508]; } mfm_error; /* on the caller's stack */

/* ---- settings: one schema for every kind of plugin, checked by the host ---------------------------------------- */
#define MFM_REAL 0u
#define MFM_INTEGER 1u
#define MFM_BOOLEAN 2u
#define MFM_TEXT 3u
#define MFM_REAL_LIST 4u              /* mfm_value.list, mfm_value.length */
#define MFM_PER_NEURON (1u << 0)      /* may differ from cell to cell (neuron plugins, MFM_REAL only) */
#define MFM_OPEN_LOWER (1u << 1)      /* the lower bound itself is not allowed */
#define MFM_OPEN_UPPER (1u << 2)
#define MFM_REQUIRED (1u << 3)        /* no default: the pipeline must give it */
#define MFM_PATH (1u << 4)            /* MFM_TEXT: a file, which the host makes absolute (relative to the pipeline file) */
#define MFM_PROJECTION_NAME (1u << 5) /* MFM_TEXT: an earlier projection; the host hands it over in mfm_projection.earlier */
typedef struct mfm_field {
    uint32_t size, kind, flags, reserved;
    const char *name, *unit, *doc; /* "tau_m", "ms" ("1" for a pure number), "membrane time constant" */
    double initial, lower, upper;  /* integers and booleans too; a list: every element's bounds */
    const char *const *choices;    /* MFM_TEXT: NULL-ended, the first is the default; NULL: any text */
    const char *role;              /* what the field means to the mean field, or NULL; the MFM_ROLE_ names below */
} mfm_field;
typedef struct mfm_value {
    uint32_t size, kind;
    double real;
    int64_t integer; /* MFM_INTEGER, MFM_BOOLEAN */
    const char *text;
    const double *list;
    uint64_t length;
} mfm_value;
/* Roles of neuron settings. */
#define MFM_ROLE_CAPACITANCE "capacitance"             /* pF */
#define MFM_ROLE_LEAK "leak_conductance"               /* nS */
#define MFM_ROLE_TAU_M "membrane_time_constant"        /* ms; g_L = C_m / tau_m */
#define MFM_ROLE_REST "leak_reversal"                  /* mV */
#define MFM_ROLE_THRESHOLD "threshold"                 /* mV */
#define MFM_ROLE_REFRACTORY "refractory_period"        /* ms */
#define MFM_ROLE_RESET "reset_potential"               /* mV */
#define MFM_ROLE_CURRENT "constant_current"            /* pA; depolarises when positive */
#define MFM_ROLE_INCREMENT "adaptation_increment"      /* pA per spike, added to the adaptation state */
/* Roles of neuron states. */
#define MFM_ROLE_VOLTAGE "voltage"                     /* mV */
#define MFM_ROLE_ADAPTATION "adaptation"               /* pA; hyperpolarises when positive */
/* Role of a transfer setting. */
#define MFM_ROLE_MOMENTS "moments"                     /* MFM_TEXT: which membrane moments the host computes */

typedef struct mfm_interface { const char *id; const void *table; } mfm_interface;
typedef struct mfm_component {
    uint32_t size, reserved;
    const char *id, *version, *summary, *citation;
    const mfm_field *const *settings;
    mfm_status (*create)(const mfm_value *const *settings, void **self, mfm_error *) MFM_NOEXCEPT; /* [setup] */
    void (*destroy)(void *self) MFM_NOEXCEPT;                                                      /* [setup] */
    const mfm_interface *interfaces; /* ended by {NULL, NULL}; unknown ids are skipped */
    const char *documentation;       /* the plugin's page: equations, parameters, references (Markdown), or NULL */
} mfm_component;

typedef struct mfm_host {
    uint32_t size, abi_minor;
    const char *name, *version;
    void *self;
    void (*log)(void *self, int32_t level, const char *component, const char *text) MFM_NOEXCEPT; /* [batch] */
    const void *(*service)(void *self, const char *id) MFM_NOEXCEPT; /* a table by id, or NULL */
} mfm_host;
typedef struct mfm_plugin { /* the first 16 bytes are frozen for every future version */
    uint32_t size, abi_major, abi_minor, reserved;
    const char *vendor, *sdk, *compiler;
    const mfm_component *const *components;
    mfm_status (*attach)(const mfm_host *, mfm_error *) MFM_NOEXCEPT; /* may be NULL */
} mfm_plugin;
extern MFM_EXPORT const mfm_plugin mfm_plugin_v1; /* the only symbol; the major version is its name */

/* ---- "mfm.neuron/1": advance a batch of identical neurons, structure of arrays ---------------------------------- */
#define MFM_NEURON_ID "mfm.neuron/1"
#define MFM_MAX_PORTS 8u
#define MFM_BATCH_ALIGNMENT 16u /* n is a multiple of this many cells; all arrays of doubles [n] are 64-byte aligned */

/* A receptor port: how a spike of weight w becomes an input to the cell.
 *   exponential: g(t) = w exp(-t/tau)                       alpha: g(t) = w (e t/tau) exp(-t/tau), peak w at tau
 *   biexponential: g(t) = w c (exp(-t/tau) - exp(-t/tau_rise)), peak w
 *   delta: a charge of w (pA ms) all at once, spread over the step that follows; always MFM_RECEPTOR_CURRENT, tau unused
 * Conductances (w in nS) act as g (E_rev - V); with MFM_RECEPTOR_CURRENT, w is in pA and acts as itself. */
#define MFM_RECEPTOR_EXPONENTIAL 0u
#define MFM_RECEPTOR_ALPHA 1u
#define MFM_RECEPTOR_BIEXPONENTIAL 2u
#define MFM_RECEPTOR_DELTA 3u
#define MFM_RECEPTOR_CURRENT (1u << 0)
typedef struct mfm_receptor {
    uint32_t size, shape, flags, reserved;
    double tau, tau_rise, E_rev; /* ms, ms (biexponential only), mV */
} mfm_receptor;

/* Spikes of one call; step and neuron count from the batch's first; ordered by block of cells, not by time.  A plugin
 * appends at `count`, which never passes `capacity`: what does not fit is dropped. */
typedef struct mfm_spikes { uint32_t size, capacity, count, reserved; uint32_t *step, *neuron; } mfm_spikes;
/* Independent Poisson input of every cell of the batch, on top of `input`; at most MFM_MOST_EVENTS expected in a step (the
 * host splits what is more: Poisson sums are Poisson). */
#define MFM_MOST_EVENTS 20.0
typedef struct mfm_drive {
    uint32_t size, port, rate_stride, weight_stride; /* a stride of 0: one value for all cells; 1: [n] */
    const double *rate_hz, *weight;                  /* rate of the summed train; weight in the port's unit */
} mfm_drive;
typedef struct mfm_neuron_batch {
    uint32_t size, n, n_live, n_steps;         /* n padded cells, of which n_live are real (others must not spike) */
    uint64_t seed, stream, first_neuron, first_step; /* noise is keyed by these: same numbers for any batching */
    double dt;                                 /* ms */
    double *const *state;                      /* [state][n] */
    const double *const *setting;              /* [setting][n], or [setting][1] where the stride is 0; MFM_REAL only: do not read others */
    const uint32_t *setting_stride;
    const double *const *input;                /* [step * n_ports + port] -> [n] summed weights arriving in that step, or NULL for none */
    const mfm_drive *const *drive;             /* NULL-ended, or NULL */
    mfm_spikes *spikes;                        /* NULL: not wanted */
    uint32_t *spike_count;                     /* [n], added to, or NULL */
} mfm_neuron_batch;
/* The subthreshold equations at one point, for linearisation: x are the states whose field has a role or whose derivative
 * is not zero (neuron_v1.n_dynamic first states), g the total conductance (nS) or current (pA) of each port.
 * settings are the instance's, or setting[s] where given.  Derivatives are exact; columns of d_ run over (x..., g...). */
typedef struct mfm_subthreshold {
    uint32_t size, reserved;
    const double *x, *g, *setting; /* [n_dynamic], [n_ports], [n settings] or NULL */
    double *dx;                    /* [n_dynamic], per ms */
    double *jacobian;              /* [n_dynamic][n_dynamic + n_ports], row-major, or NULL */
    double *hessian;               /* [n_dynamic][n_dynamic + n_ports][n_dynamic + n_ports], or NULL */
} mfm_subthreshold;
typedef struct mfm_neuron_v1 {
    uint32_t size, reserved;
    /* Receptors of an instance; called once after create and before anything else. [setup] */
    mfm_status (*set_receptors)(void *self, uint32_t n_ports, const mfm_receptor *const *, mfm_error *) MFM_NOEXCEPT;
    /* The state's fields, synapses included; valid after set_receptors, as long as the instance. [batch]
     * The first n_dynamic obey differential equations (mfm_subthreshold); `initial` is the value at rest. */
    mfm_status (*states)(void *self, const mfm_field *const **fields, uint32_t *n_dynamic, mfm_error *) MFM_NOEXCEPT;
    /* Fill the state of new cells (noise thresholds, rest values); batch->state is written, n_steps is 0. [batch] */
    mfm_status (*initialise)(void *self, const mfm_neuron_batch *, mfm_error *) MFM_NOEXCEPT;
    mfm_status (*advance)(void *self, const mfm_neuron_batch *, mfm_error *) MFM_NOEXCEPT; /* [batch] */
    mfm_status (*subthreshold)(void *self, const mfm_subthreshold *, mfm_error *) MFM_NOEXCEPT; /* [batch] */
} mfm_neuron_v1;

/* ---- "mfm.connectivity/1": compressed rows, two passes, the host allocates -------------------------------------- */
#define MFM_CONNECTIVITY_ID "mfm.connectivity/1"
#define MFM_BY_SOURCE 0u /* row = source cell, partner = target cell */
#define MFM_BY_TARGET 1u
typedef struct mfm_population {
    uint32_t size, reserved;
    const char *name;
    uint64_t n;
    const double *const *position; /* [3][n], um, or NULL when the population has no place */
} mfm_population;
/* A finished projection, both ways round; entries of a row are sorted by partner. */
typedef struct mfm_edges {
    uint32_t size, reserved;
    const char *name;
    const mfm_population *source, *target;
    const uint64_t *row;    /* [n_source + 1] */
    const uint32_t *to;     /* [row[n_source]] targets */
    const uint64_t *column; /* [n_target + 1] */
    const uint32_t *from;   /* [column[n_target]] sources */
} mfm_edges;
typedef struct mfm_projection {
    uint32_t size, same_population;
    uint64_t seed, stream;
    const mfm_population *source, *target;
    const mfm_edges *const *earlier; /* [settings]: the one an MFM_PROJECTION_NAME setting names, NULL for other settings or "" */
    const double *lower, *upper;     /* [3] corners of the volume, um */
} mfm_projection;
typedef struct mfm_connectivity_v1 {
    uint32_t size, orientation; /* MFM_BY_SOURCE or MFM_BY_TARGET: what `first` and `n` count below */
    mfm_status (*prepare)(void *self, const mfm_projection *, void **plan, mfm_error *) MFM_NOEXCEPT; /* [setup]; the projection outlives the plan */
    void (*release)(void *self, void *plan) MFM_NOEXCEPT;                                               /* [setup] */
    mfm_status (*degree)(void *self, const void *plan, uint64_t first, uint64_t n, uint64_t *degree, mfm_error *) MFM_NOEXCEPT; /* [batch] */
    /* start[i] .. start[i + 1] are the entries of row first + i, offset so that start[0] is 0.  contacts (synapses per
     * pair) come preset to 1 and delay (ms) to the projection's; a plugin may change both. [batch] */
    mfm_status (*fill)(void *self, const void *plan, uint64_t first, uint64_t n, const uint64_t *start, uint32_t *partner,
                       double *contacts, double *delay, mfm_error *) MFM_NOEXCEPT;
    /* What the rule implies without building: mean and sd of the in-degree; MFM_INFEASIBLE when it cannot say. May be NULL. [batch] */
    mfm_status (*in_degree)(void *self, const mfm_projection *, double *mean, double *sd, mfm_error *) MFM_NOEXCEPT;
} mfm_connectivity_v1;

/* ---- "mfm.stimulation/1": rates of Poisson sources, by condition; a level to fit, a time course to validate ------ */
#define MFM_STIMULATION_ID "mfm.stimulation/1"
#define MFM_STATIONARY (1u << 0)
typedef struct mfm_condition {
    uint32_t size, flags;      /* MFM_STATIONARY: the rate does not change in time */
    double duration;           /* ms the protocol needs; 0: as long as asked */
    double onset, offset;      /* ms: when the stimulus leaves and regains its baseline; equal when it never does */
    double frequency_hz;       /* of its main oscillation, or 0 */
    char label[88];            /* "rate = 40 Hz" */
} mfm_condition;
typedef struct mfm_stimulation_v1 {
    uint32_t size, reserved;
    mfm_status (*count)(void *self, uint32_t *n_conditions, mfm_error *) MFM_NOEXCEPT;                           /* [batch] */
    mfm_status (*describe)(void *self, uint32_t condition, mfm_condition *, mfm_error *) MFM_NOEXCEPT;           /* [batch] */
    mfm_status (*level)(void *self, uint32_t condition, double *rate_hz, mfm_error *) MFM_NOEXCEPT;              /* [batch] baseline or stationary rate */
    mfm_status (*course)(void *self, uint32_t condition, double t0, double dt, uint64_t n, double *rate_hz, mfm_error *) MFM_NOEXCEPT; /* [batch] rate at t0 + i dt (ms), each >= 0 */
} mfm_stimulation_v1;

/* ---- "mfm.transfer/1": a family of transfer functions, with all the derivatives anyone needs --------------------- */
#define MFM_TRANSFER_ID "mfm.transfer/1"
typedef struct mfm_transfer_batch {
    uint32_t size, n;
    const double *const *input;   /* [input][n] */
    const double *lower, *upper;  /* [input] the domain that the fit covers */
    const double *coefficient;    /* [coefficient] */
    const double *weight;         /* [n] of the data, in `guess`; NULL elsewhere */
    double *value;                /* [n], Hz; in `guess` it is the data and is only read */
    double *const *d_coefficient; /* [coefficient][n] or NULL: what the fit needs */
    double *const *d_input;       /* [input][n] or NULL: what first order needs */
    double *const *d2_input;      /* [i * n_inputs + j][n], symmetric, or NULL: what second order needs */
} mfm_transfer_batch;
typedef struct mfm_transfer_v1 {
    uint32_t size, reserved;
    /* Inputs by name, which the host knows how to make: "G_e", "G_i" (nS, summed conductances), "mu_V", "sigma_V" (mV),
     * "tau_V" (ms), "tau_N" (tau_V g_L / C_m), "mu_G_N" (mu_G / g_L).  Coefficients by name with bounds; `initial` is a
     * fallback start.  Both depend on the instance and live as long as it. [batch] */
    mfm_status (*shape)(void *self, const mfm_field *const **inputs, const mfm_field *const **coefficients, mfm_error *) MFM_NOEXCEPT;
    mfm_status (*guess)(void *self, const mfm_transfer_batch *, double *coefficient, mfm_error *) MFM_NOEXCEPT; /* [batch] a start from the data */
    mfm_status (*evaluate)(void *self, const mfm_transfer_batch *, mfm_error *) MFM_NOEXCEPT;                   /* [batch] */
} mfm_transfer_v1;

/* ---- "mfm.optimizer/1": bounded least squares, the host computes the residuals ------------------------------------ */
#define MFM_OPTIMIZER_ID "mfm.optimizer/1"
typedef struct mfm_problem {
    uint32_t size, n_parameters, n_residuals, has_jacobian;
    const double *initial, *lower, *upper, *scale; /* [n_parameters]; bounds may be infinite */
    void *self;
    /* n points at once: x [n][n_parameters], residual [n][n_residuals], jacobian [n][n_residuals][n_parameters] or NULL.
     * cost = 1/2 sum residual^2.  MFM_INFEASIBLE: not defined there (at one of the n); MFM_ERROR: end, and return it. */
    mfm_status (*residuals)(void *self, uint32_t n, const double *x, double *residual, double *jacobian, mfm_error *) MFM_NOEXCEPT;
    int32_t (*progress)(void *self, uint32_t iteration, double cost, double gradient, double step) MFM_NOEXCEPT; /* may be NULL; nonzero: stop */
} mfm_problem;
#define MFM_CONVERGED 0u
#define MFM_BUDGET 1u
#define MFM_STOPPED 2u
#define MFM_FAILED 3u
typedef struct mfm_solution {
    uint32_t size, outcome, iterations, evaluations;
    double *x; /* [n_parameters], the best point, never worse than the start */
    double initial_cost, cost;
    char message[232];
} mfm_solution;
typedef struct mfm_optimizer_v1 {
    uint32_t size, reserved;
    mfm_status (*solve)(void *self, const mfm_problem *, mfm_solution *, mfm_error *) MFM_NOEXCEPT; /* [batch] */
} mfm_optimizer_v1;
#ifdef __cplusplus
}
#endif
#endif
