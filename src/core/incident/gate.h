/*
 * Gates: what is missing before a text may go out (gate_publication) or an incident be closed (gate_closure). Each gap
 * names the gate, the part or field and what to do; all of them are listed, not only the first. Pure.
 *
 * Sources: CCADB Incident Reporting Guidelines 3.2 (fields, action items, related incidents, speculation is named there as
 * bad practice) and our own rules for closure: two leaderships sign, and nobody confirms a remedy of their own.
 */
#pragma once
#include "core/incident/account.h"

struct gap {
    const char *gate, *field; /* field "": the whole */
    struct cx_str text;
};
enum { GAPS_MAX = 400, PUBLICATION_TEXT_MAX = 65535 /* characters of one Bugzilla comment */ };
struct gap_list {
    struct gap *gaps; /* in arena */
    size_t count;
};

/* text: the publication as rendered. */
cx_err gate_publication(const struct account *account, enum api_publication_form form,
                        struct cx_str text, struct arena *arena, struct gap_list *ret_list);
/* One text that is to go out: its length and the names in it; what people wrote freely (written), speculation too. */
cx_err gate_text(const struct account *account, struct cx_str text, bool written,
                 struct arena *arena, struct gap_list *ret_list);
cx_err gate_closure(const struct account *account, struct arena *arena, struct gap_list *ret_list);
/* As the API shows them; in arena. */
cx_err gaps_view(struct arena *arena, const struct gap_list *list,
                 const struct api_gap_view **ret_views, size_t *ret_count);
