/*
 * The rule packs that are built into the program, read once at start: a pack that does not read, or two versions of
 * one document that are in force at one time, stop the start, since a wrong deadline is worse than none. Immutable
 * afterwards, shared by all threads.
 */
#pragma once
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
