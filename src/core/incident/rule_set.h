/*
 * The rule packs that are built into the program, read once at start: a pack that does not read, or two versions of
 * one document that are in force at one time, stop the start, since a wrong deadline is worse than none. Immutable
 * afterwards, shared by all threads. Beside them it keeps the uploaded versions that were read once (pack_use.h), until it is
 * freed; that part locks for itself.
 */
#pragma once
#include "base/id.h"
#include "core/incident/rule_pack.h"

struct rule_set;

/* A pack's text; the generated table of rule-packs/. */
struct rule_text {
    const char *name, *text;
    size_t len;
};
extern const struct rule_text rule_texts[];
extern const size_t rule_text_count;

cx_err rule_set_new(const struct rule_text *texts, size_t count, struct cx_diag *diag,
                    struct rule_set **ret_set);
void rule_set_free(struct rule_set *set); /* NULL-safe */
/* In the order of texts. */
const struct rule_pack *rule_set_packs(const struct rule_set *set, size_t *ret_count);
struct cx_str rule_set_text(const struct rule_set *set, size_t index);

/* An uploaded version that is kept already; NULL: not so. */
const struct rule_pack *rule_set_kept(struct rule_set *set, struct cx_id tenant_id,
                                      struct cx_str name, struct cx_str version);
/* Reads and keeps it; the one that is kept already stays. CX_E_STORE when the text does not read as that version. */
cx_err rule_set_keep(struct rule_set *set, struct cx_id tenant_id, struct cx_str name,
                     struct cx_str version, struct cx_str text, const struct rule_pack **ret_pack);
