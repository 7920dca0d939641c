/*
 * From a tool's JSON to alerts, by a mapping that is data: where the items are, and JSON pointers (RFC 6901) for each field of an
 * alert, of which the first that leads to a text, a number or a boolean counts. In items a part "*" stands for every element of an
 * array; the pointers of fields start at the item. skip: POINTER=VALUE, items that are no alerts.
 *
 * Built-in mappings: data/alert-mappings/. Pure.
 *
 * Rule and subject are identifiers: they are shown beside sealed text and tell equal alerts. Other characters than those of an
 * identifier become '-', and what is too long is cut; then a part of the SHA-256 of the original follows, so that different texts stay different.
 */
#pragma once
#include "api_types.h" /* generated */
#include "base/arena.h"
#include "codec/json.h"
#include "core/incident/words.h"

enum {
    MAPPING_ITEMS_MAX = 200, /* of one delivery */
    MAPPING_WORD_MAX = 40,   /* octets of rule and subject */
    MAPPING_TITLE_MAX = 100, /* characters */
    MAPPING_SUMMARY_MAX = 4000,
    MAPPING_BODY_MAX = 1024 * 1024
};

struct mapped_alert {
    struct cx_str rule, subject; /* [A-Za-z0-9._:+-]{1,40}; subject "-" when the item has none */
    struct cx_str title;         /* one line, not empty */
    struct cx_str summary;       /* not empty; line feeds and tabs at most */
    enum incident_level level;
};
struct mapped {
    struct mapped_alert *alerts;
    size_t count;
    size_t skipped;
};

/* CX_E_PARSE naming the member and the pointer that is none. */
cx_err mapping_check(const struct api_alert_mapping *mapping, struct cx_diag *diag);
/* Everything is copied into arena. CX_E_PARSE (not JSON, items not where the mapping says, no rule), CX_E_LIMIT: the field of the
 * diagnostic is the pointer of what is wrong. */
cx_err mapping_apply(const struct api_alert_mapping *mapping, struct cx_bytes body,
                     struct arena *arena, struct cx_diag *diag, struct mapped *ret_mapped);
/* A word of a tool ("critical", "warning", "note" …) or a CVSS score from 0 to 10; what is unknown counts as medium. */
enum incident_level mapping_level(struct cx_str word);

/* The built-in mapping of a kind; CX_E_NOTFOUND when the kind has none. *ret_root keeps its texts: json_decref after use. */
cx_err mapping_builtin(enum api_alert_source_kind kind, struct arena *arena,
                       struct api_alert_mapping *ret_mapping, json_t **ret_root);
/* A mapping of the contract's form, as it is stored. */
cx_err mapping_parse(struct cx_bytes json, struct arena *arena, struct cx_diag *diag,
                     struct api_alert_mapping *ret_mapping, json_t **ret_root);
