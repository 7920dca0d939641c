/*
 * One step of a page: whom it goes to now, and what they are sent. Read in one closure, prepared outside, inserted in
 * another beside the change of the page.
 */
#pragma once
#include "core/incident/incident_store.h"
#include "core/oncall/page_store.h"
#include "core/oncall/roster_store.h"

struct core;

enum {
    STEP_CONTACTS_MAX = 8,
    STEP_LETTERS_MAX = 2 * STEP_CONTACTS_MAX,
    PAGE_ROUNDS_MAX = 5 /* through all levels, then nobody answers */
};

struct oncall_step {
    const struct row_oncall_roster *roster;
    struct row_oncall_page page; /* as it will be: level, round */
    struct cx_str subject;       /* of the letters; also what they begin with */
    struct cx_str why;           /* the text under it */
    bool only_level;             /* a test: of this level and no other */
    bool has_person;             /* else nobody can be reached at any level */
    struct cx_id user_id;
    struct row_notice_contact contacts[STEP_CONTACTS_MAX];
    size_t contact_count;
    struct row_oncall_letter letters[STEP_LETTERS_MAX];
    size_t letter_count;
};

/* Nobody is called for it any more. Pure. */
bool oncall_is_over(const struct incident_row *incident);
/* Whom to page at the page's level, or, when nobody can be reached there, at the next one that has somebody. Moves the page's
 * level and round along. Inside a closure. */
cx_err oncall_step_read(struct store_tx *tx, cx_time now_us, struct arena *arena,
                        struct oncall_step *step);
/* To the level behind this one, or to the first again in another round. Pure. */
void oncall_step_next(const struct oncall_plan *plan, int64_t *level, int64_t *round);
/* The letters. Seals: not inside a closure. */
cx_err oncall_step_prepare(struct core *core, cx_time now_us, struct arena *arena,
                           struct oncall_step *step);
/* The letters, and before them the page when it is new. Inside a closure; CX_E_CONFLICT when a page of this key is there. */
cx_err oncall_step_open(struct store_tx *tx, const struct oncall_step *step);
cx_err oncall_step_insert(struct store_tx *tx, const struct oncall_step *step);
/* A test as it is before it is read: its page, subject and text. key: what it is once for. */
cx_err oncall_test_draft(struct core *core, struct arena *arena,
                         const struct row_oncall_roster *roster, int64_t level, struct cx_str key,
                         cx_time now_us, struct oncall_step *ret_step);
/* "roster NAME, level 1, round 1: usr_…" for the timeline. */
cx_err oncall_step_text(struct arena *arena, const struct oncall_step *step,
                        struct cx_str *ret_text);
