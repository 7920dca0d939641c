/*
 * What a Bugzilla answers over its REST API v1 (bugzilla.mozilla.org documents it), decoded: errors, numbers of what was
 * made, bugs, comments, attachments. Unknown members are passed over, since every release adds some; what is read is capped
 * and typed. Texts are copied into arena. Pure. CX_E_PARSE and CX_E_LIMIT name the member; nothing in an answer is trusted
 * beyond what it says.
 */
#pragma once
#include "base/arena.h"
#include "base/clock.h"
#include "base/diag.h"

enum {
    BUGZILLA_WORD_MAX = 255,
    BUGZILLA_BUGS_MAX = 200,
    BUGZILLA_GROUPS_MAX = 32,
    BUGZILLA_COMMENTS_MAX = 1000,
    BUGZILLA_ATTACHMENTS_MAX = 1000,
    BUGZILLA_TEXT_MAX = 4 * 65535 /* octets of 65,535 characters, the most a comment has */
};
#define BUGZILLA_NUMBER_MAX INT64_C(4503599627370495)

/* {"error":true,"code":n,"message":"…"}: *ret_is false when the text is not such a document. message is cut, and has no
 * control characters. */
struct bugzilla_error {
    int64_t code;
    char message[200];
};
void bugzilla_error_parse(struct cx_bytes text, bool *ret_is, struct bugzilla_error *ret_error);

/* The number of what a POST or PUT made: "id", the first of "ids", or the first of "bugs". */
cx_err bugzilla_made_parse(struct cx_bytes text, struct cx_diag *diag, int64_t *ret_number);

struct bugzilla_bug {
    int64_t number;
    struct cx_str status, resolution, whiteboard;
    struct cx_str product, component;
    struct cx_str aliases[BUGZILLA_GROUPS_MAX], groups[BUGZILLA_GROUPS_MAX];
    size_t alias_count, group_count;
    bool has_groups; /* "groups" was there: its absence says nothing */
};
/* bugs has room for BUGZILLA_BUGS_MAX. */
cx_err bugzilla_bugs_parse(struct cx_bytes text, struct arena *arena, struct cx_diag *diag,
                           struct bugzilla_bug *bugs, size_t *ret_count);
bool bugzilla_bug_has_group(const struct bugzilla_bug *bug, struct cx_str group);

struct bugzilla_comment {
    int64_t remote, number; /* number: within the bug, 0 is the description */
    struct cx_str author, text;
    cx_time created_us;
};
/* Those of that bug alone. */
cx_err bugzilla_comments_parse(struct cx_bytes text, int64_t bug, struct arena *arena,
                               struct cx_diag *diag, struct bugzilla_comment **ret_comments,
                               size_t *ret_count);

/* The number of the attachment with that file name; CX_E_NOTFOUND when the bug has none. */
cx_err bugzilla_attachment_find(struct cx_bytes text, int64_t bug, struct cx_str file_name,
                                struct cx_diag *diag, int64_t *ret_number);

/* {"html":"…"} */
cx_err bugzilla_html_parse(struct cx_bytes text, struct arena *arena, struct cx_diag *diag,
                           struct cx_str *ret_html);

/* "Next update 2026-01-31" anywhere in a whiteboard, whatever its case: the last second of that day, UTC. False: there is none. */
bool bugzilla_next_update(struct cx_str whiteboard, cx_time *ret_us);
