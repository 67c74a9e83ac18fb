/* SPDX-License-Identifier: Apache-2.0
 *
 * Plugins with one thing wrong each, which the host must refuse in one sentence.  Which one: a macro, see abi.cmake.
 */
#include <mfm/abi.h>

#if defined(NO_SYMBOL)
MFM_EXPORT int something_else = 1;

#elif defined(OTHER_MAJOR)
MFM_EXPORT const uint32_t mfm_plugin_v7[4] = {16, 7, 0, 0};

#elif defined(FUNCTION_SYMBOL)
MFM_EXPORT int mfm_plugin_v1_(void) __asm__("mfm_plugin_v1");
int mfm_plugin_v1_(void) { return 1; }

#elif defined(SHORT_SYMBOL)
MFM_EXPORT const uint32_t short_table[2] __asm__("mfm_plugin_v1") = {8, 1};

#elif defined(SHORT_HEAD)
const mfm_plugin mfm_plugin_v1 = {.size = 12, .abi_major = MFM_ABI_MAJOR};

#elif defined(WRONG_MAJOR)
const mfm_plugin mfm_plugin_v1 = {.size = 16, .abi_major = 3};

#elif defined(SHORT_TABLE)
const mfm_plugin mfm_plugin_v1 = {.size = 24, .abi_major = MFM_ABI_MAJOR};

#elif defined(NO_COMPONENT)
static const mfm_component *const components[] = {NULL};
const mfm_plugin mfm_plugin_v1 = {sizeof(mfm_plugin), MFM_ABI_MAJOR, 0, 0, "tests", "-", "-", components, NULL};

#else

#if defined(UNDEFINED_SYMBOL)
extern int nobody_defines_this(void);
#endif

__attribute__((unused)) static mfm_status create(const mfm_value *const *values, void **self, mfm_error *error) {
    (void)values, (void)error;
#if defined(UNDEFINED_SYMBOL)
    return nobody_defines_this();
#endif
    *self = NULL;
    return MFM_OK;
}
__attribute__((unused)) static void destroy(void *self) { (void)self; }

#define FIELD sizeof(mfm_field), MFM_REAL, 0, 0
static const mfm_field field =
#if defined(SETTING_WITHOUT_UNIT)
    {FIELD, "tau", NULL, "a time", 1, 0, 10, NULL, NULL};
#elif defined(SETTING_WITH_UNKNOWN_UNIT)
    {FIELD, "tau", "fortnights", "a time", 1, 0, 10, NULL, NULL};
#elif defined(SETTING_WITHOUT_NAME)
    {FIELD, "", "ms", "a time", 1, 0, 10, NULL, NULL};
#elif defined(SETTING_WITHOUT_MEANING)
    {FIELD, "tau", "ms", NULL, 1, 0, 10, NULL, NULL};
#elif defined(SETTING_OF_UNKNOWN_KIND)
    {sizeof(mfm_field), 17, 0, 0, "tau", "ms", "a time", 1, 0, 10, NULL, NULL};
#elif defined(SHORT_SETTING)
    {40, MFM_REAL, 0, 0, "tau", "ms", "a time", 1, 0, 10, NULL, NULL};
#elif defined(DEFAULT_OUT_OF_BOUNDS)
    {FIELD, "tau", "ms", "a time", 11, 0, 10, NULL, NULL};
#elif defined(DEFAULT_ON_OPEN_BOUND)
    {sizeof(mfm_field), MFM_REAL, MFM_OPEN_LOWER, 0, "tau", "ms", "a time", 0, 0, 10, NULL, NULL};
#elif defined(BOUNDS_UPSIDE_DOWN)
    {FIELD, "tau", "ms", "a time", 1, 10, 0, NULL, NULL};
#elif defined(HALF_A_NUMBER)
    {sizeof(mfm_field), MFM_INTEGER, 0, 0, "copies", "1", "how many", 1.5, 0, 10, NULL, NULL};
#elif defined(PATH_OF_A_NUMBER)
    {sizeof(mfm_field), MFM_REAL, MFM_PATH, 0, "tau", "ms", "a time", 1, 0, 10, NULL, NULL};
#elif defined(RESERVED_SETTING)
    {sizeof(mfm_field), MFM_REAL, 1u << 30, 5, "tau", "ms", "a time", 1, 0, 10, NULL, NULL};
#elif defined(UNKNOWN_FLAG)
    {sizeof(mfm_field), MFM_REAL, 1u << 30, 0, "tau", "ms", "a time", 1, 0, 10, NULL, NULL};
#elif defined(NO_CHOICE)
    {sizeof(mfm_field), MFM_TEXT, 0, 0, "shape", "1", "a shape", 0, 0, 0,
     (const char *const[]){NULL}, NULL};
#else
    {FIELD, "tau", "ms", "a time", 1, 0, 10, NULL, NULL};
#endif
__attribute__((unused)) static const mfm_field *const settings[] = {&field,
#if defined(TWO_SETTINGS_OF_ONE_NAME)
                                            &field,
#endif
                                            NULL};

#if defined(TABLE_WITHOUT_FUNCTION)
static const mfm_optimizer_v1 table = {sizeof(mfm_optimizer_v1), 0, NULL};
#elif defined(SHORT_INTERFACE)
static const mfm_optimizer_v1 table = {8, 0, NULL};
#elif defined(RESERVED_INTERFACE)
static mfm_status solve(void *self, const mfm_problem *problem, mfm_solution *solution, mfm_error *error) {
    (void)self, (void)problem, (void)solution, (void)error;
    return MFM_ERROR;
}
static const mfm_optimizer_v1 table = {sizeof(mfm_optimizer_v1), 3, solve};
#endif
__attribute__((unused)) static const mfm_interface interfaces[] = {
#if defined(TABLE_WITHOUT_FUNCTION) || defined(SHORT_INTERFACE) || defined(RESERVED_INTERFACE)
    {MFM_OPTIMIZER_ID, &table},
#elif defined(INTERFACE_WITHOUT_TABLE)
    {MFM_OPTIMIZER_ID, NULL},
#endif
    {NULL, NULL}};

static const mfm_component component = {
#if defined(SHORT_COMPONENT)
    16,
#else
    sizeof(mfm_component),
#endif
#if defined(RESERVED_COMPONENT)
    7,
#else
    0,
#endif
#if defined(NO_ID)
    NULL,
#elif defined(STRANGE_ID)
    "two words",
#else
    "bad",
#endif
#if defined(NO_VERSION)
    NULL,
#else
    "1.0.0",
#endif
#if defined(NO_SUMMARY)
    NULL,
#else
    "a plugin for the tests",
#endif
#if defined(NO_CITATION)
    NULL,
#else
    "",
#endif
#if defined(NO_SETTINGS_LIST)
    NULL,
#else
    settings,
#endif
#if defined(NO_CREATE)
    NULL,
#else
    create,
#endif
#if defined(NO_DESTROY)
    NULL,
#else
    destroy,
#endif
#if defined(NO_INTERFACES)
    NULL,
#else
    interfaces,
#endif
    NULL};
static const mfm_component *const components[] = {&component, NULL};

#if defined(ATTACH_REFUSES)
static mfm_status attach(const mfm_host *host, mfm_error *error) {
    static const char reason[] = "needs a licence file";
    for (unsigned i = 0; i < sizeof reason; ++i) error->message[i] = reason[i];
    return host->abi_minor == MFM_ABI_MINOR ? MFM_ERROR : MFM_OK;
}
#else
#define attach NULL
#endif
#if defined(RESERVED_TABLE)
#define RESERVED 1
#else
#define RESERVED 0
#endif
#if defined(NEXT_YEAR)
#define MINOR (MFM_ABI_MINOR + 1)
#else
#define MINOR MFM_ABI_MINOR
#endif
const mfm_plugin mfm_plugin_v1 = {sizeof(mfm_plugin), MFM_ABI_MAJOR, MINOR, RESERVED, "tests", "-", "-", components, attach};
#endif
