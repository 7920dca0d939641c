/*
 * Filters and PATCH paths of SCIM (RFC 7644 §3.4.2.2, §3.5.2), the part of their grammar that directories use: comparisons
 * by "eq" joined by "and". Everything else is refused by name, never taken for something weaker.
 *
 *   filter = term *(SP "and" SP term)         term = attribute SP "eq" SP value
 *   path   = attribute ["[" filter "]" ["." sub]]
 *
 * Attribute names are compared in any case; the URN of a core schema before one is cut off. Pure, thread-safe; the texts
 * are in arena. Errors: CX_E_PARSE with the rule that was asked for, "scim-filter" or "scim-path"; CX_E_LIMIT too long.
 */
#pragma once
#include "base/arena.h"
#include "base/diag.h"

enum {
    SCIM_FILTER_MAX = 2048,
    SCIM_TERMS_MAX = 8,
    SCIM_NAME_MAX = 256, /* of an attribute, with its URN */
    SCIM_TEXT_MAX = 256, /* characters of any value that is stored or compared */
};

struct scim_term {
    struct cx_str attribute;
    struct cx_str value; /* of a number, a boolean or null: as written */
    bool quoted;
};

struct scim_filter {
    struct scim_term terms[SCIM_TERMS_MAX];
    size_t count; /* 0: there is none */
};

struct scim_path {
    struct cx_str attribute;
    struct scim_filter filter;
    struct cx_str
        sub; /* "": none. A sub-attribute without a filter stays in attribute: "name.givenName" */
};

cx_err scim_filter_parse(struct cx_str text, struct arena *arena, struct cx_diag *diag,
                         struct scim_filter *ret_filter);
cx_err scim_path_parse(struct cx_str text, struct arena *arena, struct cx_diag *diag,
                       struct scim_path *ret_path);
/* Attribute names and the words of the protocol: equal without regard to case, in ASCII. */
bool scim_name_is(struct cx_str name, const char *want);
/* name without the URN of a core schema before it. */
struct cx_str scim_name_bare(struct cx_str name);
