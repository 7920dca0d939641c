/*
 * Whether the objects are those that the log vouches for: every recorded version belongs to an entry whose hash it gives, no
 * entry lacks versions, versions have no gap, and the newest version of every object is what the tables hold. What was
 * changed by SQL shows as the object and the field. One consistent snapshot a tenant: changes meanwhile are no findings.
 *
 * That the entries themselves are those of the log is what its verification says (core/audit/verify.h): whoever alters
 * state_hash alters the leaf.
 */
#pragma once
#include "core/change/object.h"

struct core;

struct change_finding {
    const char *
        rule; /* row-changed, row-unknown, row-deleted, version-missing, version-altered, version-untied */
    const char *object; /* "" with rules about an entry */
    struct cx_str key,
        field; /* of an entry: its identifier; field "" when it is the whole object */
};
enum { CHANGE_FINDINGS_MAX = 100, CHANGE_CHECK_MAX = 1024 * 1024 * 1024 };
struct change_report {
    bool recorded; /* false: nothing was recorded yet, and nothing was checked */
    int64_t object_count, version_count;
    struct change_finding findings[CHANGE_FINDINGS_MAX]; /* the first of them */
    int64_t finding_count;                               /* all */
    size_t told_count;                                   /* in findings */
};
/* Not inside a closure. Texts of the report are in arena, of CHANGE_CHECK_MAX at most. */
cx_err change_check(struct core *core, struct cx_id tenant_id, struct arena *arena,
                    struct change_report *ret_report);
