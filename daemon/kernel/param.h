/* param.h: the table that describes a kernel's parameters; everything about a parameter is derived from it.
 *
 * One entry a parameter: where it stands in the kernel's parameter struct, its type, default, slider range, unit and
 * one line of help. From it come: decoding and checking of requests, describe, the signature, Lua functions, live
 * parameters. `min`/`max`/`step` are a slider's range, not a limit; kernels clamp by their own rules.
 *
 * Units      as `unit` says: "mm", "deg", "s", "" for a plain number.
 * Ownership  tables are static; strings and lists in a parameter struct borrow from the plan that holds it.
 */
#ifndef KERNEL_PARAM_H
#define KERNEL_PARAM_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* type on the wire -> member type in the parameter struct */
enum param_type {
    PARAM_NUMBER,   /* double; a finite number, or `none` where .optional (stored as NaN) */
    PARAM_INTEGER,  /* int64_t; a number, truncated toward zero (or .rounded: half to even), clamped to +-2^53 */
    PARAM_BOOL,     /* bool; true or false only */
    PARAM_VECTOR,   /* double[3]; three numbers, or one that means all components */
    PARAM_STRING,   /* struct param_string; `choices` are hints, any word is accepted */
    PARAM_CHOICE,   /* int32_t, index into `choices`; any other word is E_RANGE that lists them */
    PARAM_NUMBERS,  /* struct param_numbers; a number or a non-empty list of numbers */
    PARAM_BOOLS,    /* struct param_bools; a bool or a non-empty list of bools */
    PARAM_REGION,   /* double[4]; four numbers */
    PARAM_RESOURCE, /* struct param_resource; a name that the planner resolves (a font) */
    PARAM_NODE,     /* uint32_t: index of the kernel's further input (1..); on the wire a node of the plan */
};

struct param_string {
    const char *text; /* UTF-8, zero-terminated at text[length] */
    uint32_t length;
};
struct param_numbers {
    const double *items;
    uint32_t count; /* >= 1 */
};
struct param_bools {
    const bool *items;
    uint32_t count; /* >= 1 */
};
/* Filled by the planner: what was asked for, and the bytes it was resolved to. */
struct param_resource {
    struct param_string name; /* as asked; "" is the default */
    const uint8_t *bytes;     /* read-only, valid for the job */
    size_t size;
    bool fallback; /* `name` was not found and the default stands in: the kernel warns */
};

struct param {
    const char *name;
    enum param_type type;
    uint32_t offset; /* in the parameter struct */
    double def; /* NUMBER, INTEGER, NUMBERS, and every component of VECTOR; BOOL and BOOLS: 0 or 1; CHOICE: index */
    const double *def_list; /* VECTOR, REGION, NUMBERS with a default of several components: that many; else NULL */
    uint32_t def_count;
    const char *def_text;  /* STRING, RESOURCE */
    double min, max, step; /* the slider; min == max: none. step 0: continuous */
    const char *unit;
    const char *const *choices; /* CHOICE, STRING: NULL-terminated */
    const char *help;           /* one line, a sentence */
    bool optional;              /* NUMBER: may be none (nil) */
    bool required;              /* has no default (clip's outline) */
    bool rounded;               /* INTEGER: half to even instead of truncation */
};

/* PARAM(NUMBER, struct twist_params, angle, .def = 60, .min = 0, .max = 360, .unit = "deg", .help = "...") */
#define PARAM(kind, strct, member, ...)                                                                                \
    { .name = #member, .type = PARAM_##kind, .offset = (uint32_t)offsetof(strct, member), __VA_ARGS__ }

/* Integers beyond this are clamped to it when decoded. */
#define PARAM_INTEGER_MAX 9007199254740992.0

/* param_type_name: "number", "vector", ...: as describe gives it. */
const char *param_type_name(enum param_type type);

/* params_set_defaults: fills a parameter struct (of the kernel's params_size) with the defaults of its table. Lists and
 * strings point into the static table. NODE members become 0, RESOURCE members get the default name and no bytes. */
void params_set_defaults(const struct param *params, size_t count, void *out);

/* params_find: the entry of that name, or NULL. */
const struct param *params_find(const struct param *params, size_t count, const char *name, size_t name_length);

struct px_hasher;
/* params_sign: feeds the canonical values into the hasher, in table order: names, types, values (-0 as +0; a CHOICE as
 * its word; a RESOURCE as the digest of its bytes, given by the caller in `digests`, one per RESOURCE in order). NODEs
 * are skipped: their signatures are inputs. */
struct px_signature;
void params_sign(const struct param *params, size_t count, const void *values, const struct px_signature *digests,
                 struct px_hasher *hasher);

#endif
