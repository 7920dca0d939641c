/*
 * The steps of an incident: from the playbooks that it follows, its timeline and its duties to a checklist with times. Pure: the
 * same record gives the same list, whoever asks.
 *
 * Whether a step is done says the last entry of the timeline with the subject "<playbook>/<step>" and a kind of step_done,
 * step_not_applicable or step_reopened; so it survives another version of the playbook that has a step with the same id. A
 * step of the kind duty is done when the duty is met.
 */
#pragma once
#include "core/incident/record.h"
#include "core/playbook/playbook.h"

enum { STEP_PLAYBOOKS_MAX = 16, STEP_SUBJECT_MAX = 2 * PLAYBOOK_NAME_MAX + 1 };

enum step_state {
    STEP_WAITING, /* what it is due from has not happened */
    STEP_OPEN,
    STEP_OVERDUE,
    STEP_DONE,
    STEP_DONE_LATE,
    STEP_NOT_APPLICABLE,
    STEP_NOT_ASKED, /* its condition does not hold (yet) */
    STEP_STATE_COUNT
};

/* A version of a playbook that the incident follows. */
struct step_book {
    const struct playbook *playbook;
    int64_t version;
};
struct step_owner {
    struct cx_str playbook, step;
    struct cx_id owner_id;
};

struct step {
    const struct step_book *book;
    const struct playbook_step *is;
    enum step_state state;
    bool has_start, has_deadline;
    cx_time start_us, deadline_us;
    int64_t start_seq;                    /* 0: no entry */
    const struct incident_entry *settled; /* NULL: by nobody */
    struct cx_id owner_id;                /* zero: nobody */
};
struct step_list {
    struct step *steps; /* in arena; by playbook, then in its order */
    size_t count;
    size_t unreadable; /* playbooks whose version does not read: it was altered in the database */
};

cx_err step_list_make(const struct step_book *books, size_t book_count,
                      const struct step_owner *owners, size_t owner_count,
                      const struct incident *incident, cx_time now_us, struct arena *arena,
                      struct step_list *ret_list);
/* NULL: the incident has no such step. */
const struct step *step_find(const struct step_list *list, struct cx_str playbook,
                             struct cx_str step);
/* Still to be done, and by a time that is known. */
bool step_is_due(const struct step *step);
struct playbook_case step_case(const struct incident_row *incident);
