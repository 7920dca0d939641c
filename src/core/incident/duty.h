/*
 * The clocks: from the timeline of an incident and the rule packs to its duties, with start, deadline, warnings and
 * whether each was met. Pure functions: the same entries and packs give the same duties, whoever asks and when.
 *
 * Times are UTC, a day has 86,400 s (TLS BR 6.3.2). A clock starts at the earliest entry that can be argued for, and a
 * correction can only make a duty stricter: a start counts from the earliest time that was ever stated for it, a
 * fulfilment from the latest. So nobody gains time by correcting the record. A duty is met when its deadline has not
 * passed yet, the deadline itself included.
 *
 * A duty has a key, "<pack>/<id>/<trigger>/<round>", that names it as long as the timeline lives: entries are never
 * removed. Effective dates: the version of the document in force when the duty starts.
 */
#pragma once
#include "core/incident/rule_pack.h"

enum {
    DUTY_ENTRIES_MAX = 4096, /* entries of one timeline */
    DUTIES_MAX = 4096,       /* duties of one incident, every round counted */
    DUTY_KEY_MAX = 192,
};

/* One entry of a timeline, as far as clocks need it. */
struct duty_entry {
    int64_t seq; /* 1, 2, … in the order of recording */
    enum incident_kind kind;
    cx_time at_us;
    bool has_due;
    cx_time due_us;   /* the time that the entry itself states: a next update, a planned change */
    int64_t item;     /* numbered case of the section; 0: none */
    int64_t corrects; /* seq of the entry that this one corrects; 0: none */
    struct cx_str subject;
};

struct duty_case {
    enum incident_type type;
    enum incident_severity severity;
    uint32_t tracks, certificates; /* bit sets */
    const struct duty_entry *entries;
    size_t entry_count;
};

enum duty_state {
    DUTY_PENDING,
    DUTY_OVERDUE,
    DUTY_MET,
    DUTY_MET_LATE,
    DUTY_REPLACED, /* another clock took its place before its deadline */
    DUTY_ENDED,    /* what asked for it ended before its deadline */
    DUTY_FAILED,   /* it came to nothing, met or not: what it was to show is shown to be wrong */
    DUTY_STATE_COUNT
};

struct duty {
    const struct rule_pack *pack;
    const struct rule_duty *rule;
    struct cx_str key, subject;
    enum duty_state state;
    cx_time start_us, deadline_us;
    int64_t start_seq; /* the entry it starts with: its kind is the reason for the start */
    enum incident_kind start_kind;
    cx_time met_us;
    int64_t met_seq; /* 0: not met */
};

struct duty_list {
    struct duty *duties; /* in arena; by deadline */
    size_t count;
    const struct rule_pack
        *gap; /* a document that asks for something, but has no version of that day; or NULL */
};

/* CX_E_LIMIT beyond DUTIES_MAX. */
cx_err duty_list_make(const struct rule_pack *packs, size_t pack_count,
                      const struct duty_case *incident, cx_time now_us, struct arena *arena,
                      struct duty_list *ret_list);

/* When per cent of the time from start to deadline have passed. */
cx_time duty_warning_us(const struct duty *duty, unsigned percent);
/* Still to be done. */
bool duty_is_open(const struct duty *duty);
const char *duty_state_name(enum duty_state state);

/* start plus limit; stated_us is the time that the trigger states. */
cx_err duty_deadline(const struct rule_limit *limit, cx_time start_us, cx_time stated_us,
                     cx_time *ret_us);
