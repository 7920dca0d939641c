/*
 * What is sent, as one JSON text: {"method":…,"url":…,"body":{…}}. It is written when the post is made, its SHA-256 is what is
 * approved, and sending reads it again: there is nothing in a request that was not read by who approved it. Of an
 * attachment the body has data_sha256, which sending replaces by the data. Pure.
 *
 * Every text ends in a line "Reference: tpo_…" by which a retry finds what an earlier attempt left; a bug is found by its
 * alias, the incident's identifier, which the tracker keeps unique.
 */
#pragma once
#include "api_types.h" /* generated */
#include "base/arena.h"
#include "base/diag.h"
#include "store/rows.h"

enum {
    CONTENT_MAX = 512 * 1024, /* octets of JSON */
    ATTACHMENT_MAX = 3000000, /* octets: base64 of it fits one request to outbound */
    SUMMARY_MAX = 255         /* characters: Bugzilla */
};

struct content_draft {
    const struct row_tracker *tracker;
    enum api_tracker_post_kind kind;
    struct cx_id post_id, incident_id;
    int64_t bug; /* 0: none yet, and for mail */
    bool restricted;
    struct cx_str title, text; /* title of the incident */
    struct cx_str address;     /* of mail */
    uint8_t attachment_sha256[32];
    int64_t obsoletes; /* number of the attachment that this one replaces; 0: none */
};
/* The text with its reference: what a reader will see. */
cx_err content_text(const struct content_draft *draft, struct arena *arena,
                    struct cx_str *ret_text);
cx_err content_write(const struct content_draft *draft, struct cx_str text, struct cx_buf *out);

/* "Reference: tpo_…" and "affected-certificates-tpo_….csv" */
cx_err content_marker(struct cx_id post_id, struct arena *arena, struct cx_str *ret_marker);
cx_err content_file_name(struct cx_id post_id, struct arena *arena, struct cx_str *ret_name);
/* The last line of text is the marker. */
bool content_ends_in(struct cx_str text, struct cx_str marker);

struct content {
    struct cx_str method, url;
    struct cx_str body;             /* JSON */
    struct cx_str summary, text;    /* "": none; of a mail subject and text */
    struct cx_str component, group; /* of a bug to be filed */
};
/* What content_write wrote. attachment empty: none. Texts are in arena; CX_E_STORE when it is no such text. */
cx_err content_read(struct cx_str json, struct cx_bytes attachment, struct arena *arena,
                    struct content *ret_content);
