/*
 * The query string of SCIM: RFC 7644 §3.4.2, §3.9. What is not known there is read over: directories add names of their own
 * ("aadOptscim062020"), and sorting is not offered. Pure, thread-safe; texts are in arena.
 */
#pragma once
#include "core/provisioning/filter.h"

enum { SCIM_COUNT_DEFAULT = 100, SCIM_COUNT_MAX = 200, SCIM_QUERY_MAX = 8192 };

struct scim_query {
    struct scim_filter filter;
    size_t start_index; /* from 1 */
    size_t count;       /* at most SCIM_COUNT_MAX */
    struct cx_str attributes, excluded;
};

/* target: path and query as sent. CX_E_PARSE with "scim-filter", "scim-value" or "scim-syntax". */
cx_err scim_query_read(struct cx_str target, struct arena *arena, struct cx_diag *diag,
                       struct scim_query *ret_query);
/* Whether an answer shows this attribute. id and schemas are always shown (RFC 7644 §3.9). */
bool scim_query_wants(const struct scim_query *query, const char *attribute);
