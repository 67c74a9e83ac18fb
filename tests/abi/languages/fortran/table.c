/* SPDX-License-Identifier: Apache-2.0
 *
 * The tables of levenberg.f90: constants with the addresses of functions in them, which Fortran cannot write.
 */
#include <mfm/abi.h>

#include <stdlib.h>

mfm_status levenberg_solve(int64_t steps, double tolerance, const mfm_problem *problem, mfm_solution *solution, mfm_error *error);

typedef struct settings { int64_t steps; double tolerance; } settings;
static const mfm_field steps = {sizeof(mfm_field), MFM_INTEGER, 0, 0, "max_steps", "1", "most iterations", 200, 1, 1e6, NULL, NULL};
static const mfm_field tolerance = {sizeof(mfm_field), MFM_REAL, MFM_OPEN_LOWER, 0, "tolerance", "1", "relative change of the cost that ends it",
    1e-12, 0, 1, NULL, NULL};
static const mfm_field *const rows[] = {&steps, &tolerance, NULL};

static mfm_status create(const mfm_value *const *values, void **self, mfm_error *error) {
    settings *made = malloc(sizeof *made);
    (void)error;
    if (made == NULL) return MFM_ERROR;
    *made = (settings){values[0]->integer, values[1]->real};
    *self = made;
    return MFM_OK;
}
static void destroy(void *self) { free(self); }
static mfm_status solve(void *self, const mfm_problem *problem, mfm_solution *solution, mfm_error *error) {
    const settings *s = self;
    return levenberg_solve(s->steps, s->tolerance, problem, solution, error);
}

static const mfm_optimizer_v1 table = {sizeof(mfm_optimizer_v1), 0, solve};
static const mfm_interface interfaces[] = {{MFM_OPTIMIZER_ID, &table}, {NULL, NULL}};
static const mfm_component component = {sizeof(mfm_component), 0, "levenberg_fortran", "1.0.0", "Levenberg and Marquardt's method within bounds, in Fortran",
    "Marquardt 1963, doi:10.1137/0111030", rows, create, destroy, interfaces,
    "# levenberg_fortran\n\n    (J'J + lambda diag(J'J)) step = -J'r\n\nSteps are cut off at the bounds; a parameter that a bound holds is left out.\n\n"
    "| parameter | meaning |\n|---|---|\n| max_steps | most iterations |\n| tolerance | a step that changes the cost by a smaller share ends it |\n"};
static const mfm_component *const components[] = {&component, NULL};
const mfm_plugin mfm_plugin_v1 = {sizeof(mfm_plugin), MFM_ABI_MAJOR, MFM_ABI_MINOR, 0, "automfm's tests", "none", "gfortran", components, NULL};
