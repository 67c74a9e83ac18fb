/* SPDX-License-Identifier: Apache-2.0
 *
 * A whole plugin in plain C, against the header alone: a protocol with a setting of every kind, an interface that the host
 * does not know, and attach.  With -DNEWER it claims a later minor version, with longer structs than this header's.
 */
#include <mfm/abi.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct echo { double real, sum; int64_t integer, boolean; char text[64]; } echo;
static const mfm_host *host;

static void say(mfm_error *error, const char *reason) {
    if (MFM_HAS(error, message)) strncpy(error->message, reason, sizeof error->message - 1);
}

static mfm_status create(const mfm_value *const *values, void **self, mfm_error *error) {
    if (host == NULL) { say(error, "attach was not called"); return MFM_ERROR; }
    if (values[0]->real == 13.0) { say(error, "thirteen is unlucky; take another"); return MFM_INFEASIBLE; }
    if (values[0]->real == 14.0) { say(error, "fourteen breaks it"); return MFM_ERROR; }
    if (values[0]->real == 15.0) return MFM_ERROR;
    echo *made = calloc(1, sizeof *made);
    if (made == NULL) { say(error, "out of memory"); return MFM_ERROR; }
    made->real = values[0]->real;
    made->integer = values[1]->integer;
    made->boolean = values[2]->integer;
    strncpy(made->text, values[3]->text, sizeof made->text - 1);
    for (uint64_t i = 0; i < values[4]->length; ++i) made->sum += values[4]->list[i];
    *self = made;
    return MFM_OK;
}
static void destroy(void *self) { free(self); }

static mfm_status count(void *self, uint32_t *n, mfm_error *error) { (void)self, (void)error; *n = 5; return MFM_OK; }
static mfm_status describe(void *self, uint32_t condition, mfm_condition *out, mfm_error *error) {
    (void)condition, (void)error;
    out->flags = MFM_STATIONARY;
    strncpy(out->label, ((echo *)self)->text, sizeof out->label - 1);
    return MFM_OK;
}
/* Condition i gives back setting i. */
static mfm_status level(void *self, uint32_t condition, double *rate_hz, mfm_error *error) {
    (void)error;
    const echo *e = self;
    const double levels[] = {e->real, (double)e->integer, (double)e->boolean, (double)strlen(e->text), e->sum};
    *rate_hz = levels[condition];
    return MFM_OK;
}
static mfm_status course(void *self, uint32_t condition, double t0, double dt, uint64_t n, double *rate_hz, mfm_error *error) {
    (void)t0, (void)dt;
    for (uint64_t i = 0; i < n; ++i) (void)level(self, condition, rate_hz + i, error);
    return MFM_OK;
}

static const char *const shapes[] = {"round", "square", NULL};
static const mfm_field real = {sizeof(mfm_field), MFM_REAL, MFM_OPEN_LOWER, 0, "rate", "Hz", "a rate", 5, 0, 100, NULL, NULL};
static const mfm_field integer = {sizeof(mfm_field), MFM_INTEGER, 0, 0, "copies", "1", "how many", 3, 1, 9, NULL, NULL};
static const mfm_field boolean = {sizeof(mfm_field), MFM_BOOLEAN, 0, 0, "loud", "1", "whether", 1, 0, 1, NULL, NULL};
static const mfm_field text = {sizeof(mfm_field), MFM_TEXT, 0, 0, "shape", "1", "a shape", 0, 0, 0, shapes, NULL};
static const mfm_field list = {sizeof(mfm_field), MFM_REAL_LIST, 0, 0, "levels", "Hz", "rates", 0, 0, INFINITY, NULL, NULL};
static const mfm_field *const settings[] = {&real, &integer, &boolean, &text, &list, NULL};

static const mfm_stimulation_v1 table = {sizeof(mfm_stimulation_v1), 0, count, describe, level, course};
static const int anything = 42;
static const mfm_interface interfaces[] = {{"org.example.unheard_of/3", &anything}, {MFM_STIMULATION_ID, &table}, {NULL, NULL}};

#ifdef NEWER
#define ID "from_next_year"
typedef struct newer_component { mfm_component now; const char *added[4]; } newer_component;
typedef struct newer_plugin { mfm_plugin now; uint64_t added[8]; } newer_plugin;
#define COMPONENT newer_component
#else
#define ID "plain_c"
#define COMPONENT mfm_component
#endif
#define THIS {sizeof(COMPONENT), 0, ID, "1.0.0", "gives its settings back", "", settings, create, destroy, interfaces, "# A page\n"}
#ifdef NEWER
static const newer_component component = {.now = THIS};
static const mfm_component *const components[] = {&component.now, NULL};
#else
static const mfm_component component = THIS;
static const mfm_component *const components[] = {&component, NULL};
#endif

static mfm_status attach(const mfm_host *from, mfm_error *error) {
    if (!MFM_HAS(from, service) || from->service(from->self, "no.such.service/1") != NULL) {
        say(error, "the host has no service function");
        return MFM_ERROR;
    }
    host = from;
    return MFM_OK;
}

#ifdef NEWER
MFM_EXPORT const newer_plugin newer_table __asm__("mfm_plugin_v1") = {
    .now = {sizeof(newer_plugin), MFM_ABI_MAJOR, MFM_ABI_MINOR + 1, 0, "tests", "9.9.9", "plain C", components, attach}};
#else
const mfm_plugin mfm_plugin_v1 = {sizeof(mfm_plugin), MFM_ABI_MAJOR, MFM_ABI_MINOR, 0, "tests", "none", "plain C", components, attach};
#endif
