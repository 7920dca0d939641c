/*
 * Playbooks: what is to be done in an incident of a kind, step by step, as data that people write. playbooks/ holds the ones
 * that come with the program, playbooks/README.md gives the form.
 *
 * Strict reading, as of rule packs: unknown keys, words and forms are refused with the pointer of the key. A step that follows
 * another names an earlier one, so that no two wait for each other. Pure; everything read is in the arena.
 */
#pragma once
#include "core/incident/rule_pack.h"

enum {
    PLAYBOOK_MAX = 64 * 1024, /* octets of a playbook's text */
    PLAYBOOK_STEPS_MAX = 64,
    PLAYBOOK_NAME_MAX = 64,   /* of a playbook and of a step: [a-z0-9-] */
    PLAYBOOK_TITLE_MAX = 200, /* octets */
    PLAYBOOK_TEXT_MAX = 4000, /* what to do */
    PLAYBOOK_DUTY_MAX = 129,  /* "<pack>/<id>" */
    PLAYBOOK_LIMIT_MAX = 16,  /* "24h" */
    PLAYBOOK_NO_STEP = -1,
};

enum playbook_kind {
    PLAYBOOK_MANUAL,
    PLAYBOOK_CONTAINMENT,
    PLAYBOOK_NOTICE,
    PLAYBOOK_PUBLICATION,
    PLAYBOOK_DUTY, /* done when the duty of the incident is met, and due when that is */
    PLAYBOOK_KIND_COUNT
};

/* Bit sets of the enums in incident/words.h; 0: any. */
struct playbook_scope {
    uint32_t types, tracks, severities, certificates;
};

struct playbook_step {
    struct cx_str id, title, text;
    struct cx_str evidence; /* what has to be shown when it is done; empty: nothing */
    struct cx_str duty;     /* of PLAYBOOK_DUTY: "<pack>/<id>" */
    enum incident_role role;
    enum playbook_kind kind;
    enum incident_kind after; /* the timeline entry that it is due from */
    int after_step;           /* or the step that it is due from; PLAYBOOK_NO_STEP */
    struct cx_str within;     /* the limit as written; empty: no time */
    struct rule_limit limit;
    struct playbook_scope when; /* only in incidents of this scope */
};

struct playbook {
    struct cx_str name, title, description; /* description may be empty */
    struct playbook_scope applies;
    struct playbook_step *steps;
    size_t step_count;
};

extern const struct incident_words playbook_kinds;

/* CX_E_PARSE, CX_E_LIMIT. */
cx_err playbook_parse(struct arena *arena, struct cx_bytes text, struct cx_diag *diag,
                      struct playbook *ret_playbook);
/* The form that playbook_parse reads, with the same content. */
cx_err playbook_write(const struct playbook *playbook, struct cx_buf *out);
/* [a-z0-9-], one to PLAYBOOK_NAME_MAX. */
bool playbook_name_is(struct cx_str name);

/* What of an incident decides. */
struct playbook_case {
    enum incident_type type;
    enum incident_severity severity;
    uint32_t tracks, certificates;
};
bool playbook_scope_has(const struct playbook_scope *scope, const struct playbook_case *incident);
/* NULL: none. */
const struct playbook_step *playbook_step_of(const struct playbook *playbook, struct cx_str id);

/* Whether any of the packs has the duty "<pack>/<id>". */
bool playbook_duty_known(const struct rule_pack *packs, size_t pack_count, struct cx_str duty);

enum playbook_difference { PLAYBOOK_GAINED, PLAYBOOK_LOST, PLAYBOOK_CHANGED };
struct playbook_differences {
    struct {
        const struct playbook_step *step; /* borrowed from is, or from was when it is lost */
        enum playbook_difference what;
    } list[2 * PLAYBOOK_STEPS_MAX];
    size_t count;
    bool scope_changed;
};
/* In the order of is, lost ones last. was may be zeroed: nothing. */
void playbook_compare(const struct playbook *was, const struct playbook *is,
                      struct playbook_differences *ret_differences);
