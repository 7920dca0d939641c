/*
 * Rule packs: duties of a trust service as versioned data. A pack is one version of one document; rule-packs/ holds
 * them, rule-packs/README.md gives the format. No period is in code.
 *
 * A duty has a trigger (the timeline entry that makes it a duty), entries it may start with (the earliest counts), a
 * limit, what satisfies it, and the section that asks for it. Strict reading: unknown keys, words and forms are refused
 * with the pointer of the key. Pure; everything read is in the arena of the pack.
 */
#pragma once
#include "base/arena.h"
#include "base/clock.h"
#include "base/diag.h"
#include "core/incident/words.h"

enum {
    RULE_PACK_MAX = 64 * 1024, /* octets of a pack's text */
    RULE_DUTIES_MAX = 64,      /* duties of a pack */
    RULE_KINDS_MAX = 8,        /* kinds in one list of a duty */
    RULE_WARNINGS_MAX = 4,
    RULE_ITEM_MAX = 31, /* items of a section that are told apart */
};

enum rule_obligation { RULE_MUST, RULE_SHOULD, RULE_MAY };
enum rule_scope {
    RULE_INCIDENT, /* once an incident, from its first trigger */
    RULE_SUBJECT,  /* once a subject: a report, a group of certificates, a CA */
    RULE_EACH,     /* once a trigger */
};
enum rule_unit {
    RULE_SECONDS,       /* "15m", "24h", "5d": a day has 86,400 seconds */
    RULE_MONTHS,        /* "3mo": the same day of a later month, or its last */
    RULE_BUSINESS_DAYS, /* "1bd": the same time of a later Monday to Friday, UTC */
    RULE_STATED, /* "stated", "stated-30d": the time that the trigger itself states, or so long before it */
};

struct rule_limit {
    enum rule_unit unit;
    int64_t value; /* seconds, months or days; RULE_STATED: seconds before */
};

struct rule_kinds {
    uint8_t kinds[RULE_KINDS_MAX]; /* enum incident_kind */
    size_t count;
};

struct rule_duty {
    struct cx_str id, title, section;
    struct cx_str owed_to; /* words, ", " between them */
    enum rule_obligation obligation;
    enum rule_scope scope;
    bool cycle; /* when it is met, it starts again */
    bool opens_delayed_revocation;
    struct rule_limit limit;
    struct rule_kinds triggers, starts, satisfiers;
    struct rule_kinds replacers, enders, failers;
    uint32_t types, tracks, severities, items; /* bit sets; 0: any */
    cx_time from_us, until_us;                 /* within those of the pack */
    uint8_t warnings[RULE_WARNINGS_MAX];       /* per cent of the time that has passed, ascending */
    size_t warning_count;
};

struct rule_pack {
    struct cx_str name, version, title, document;
    bool primary; /* the primary text was read; otherwise a copy or summary */
    bool draft;   /* yields no duty */
    cx_time from_us, until_us;
    uint32_t certificates; /* bit set of enum incident_certificates; 0: any */
    const struct rule_duty *duties;
    size_t duty_count;
};

/* CX_E_PARSE, CX_E_LIMIT. */
cx_err rule_pack_parse(struct arena *arena, struct cx_bytes text, struct cx_diag *diag,
                       struct rule_pack *ret_pack);

/* "15m", "24h", "5d", "3mo", "1bd": 3 years at most. */
bool rule_period_parse(struct cx_str text, struct rule_limit *ret_limit);
bool rule_kinds_have(const struct rule_kinds *kinds, enum incident_kind kind);
const char *rule_obligation_name(enum rule_obligation obligation);
