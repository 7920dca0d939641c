/*
 * Users as SCIM writes them (RFC 7643 §4.1) and PATCH documents on them (RFC 7644 §3.5.2), from JSON to what changes.
 *
 * Strict where a document cannot be understood, tolerant of what real directories send: names and operations in any case,
 * booleans as "True" and "False", keys that are paths, operations without a path, values in a list of one, addresses of
 * other types than work. What is not known here is read over and never stored.
 *
 * An operation that is refused changes nothing and is noted; those after it are read all the same, so that whoever decides
 * sees whether the document takes the user's access away. Pure, thread-safe; texts are in arena.
 */
#pragma once
#include "base/arena.h"
#include "core/provisioning/refusal.h"

enum { SCIM_USER_BODY_MAX = 65536 };

enum scim_text {
    SCIM_USER_NAME,
    SCIM_EXTERNAL_ID,
    SCIM_DISPLAY_NAME,
    SCIM_FORMATTED,
    SCIM_GIVEN_NAME,
    SCIM_FAMILY_NAME,
    SCIM_EMAIL,
    SCIM_TEXT_COUNT
};

struct scim_user_change {
    struct cx_str text[SCIM_TEXT_COUNT]; /* "": taken away */
    bool set[SCIM_TEXT_COUNT];
    bool set_active, active;
};

struct scim_user_document {
    struct scim_user_change change; /* of what was not refused */
    struct scim_refusals refused;
    bool deactivates; /* active:false is the last that it says of active, refused or not */
};

/* A whole user. CX_E_PARSE "scim-syntax" when body is no JSON object; what else is wrong is in refused. */
cx_err scim_user_read(struct cx_bytes body, struct arena *arena, struct cx_diag *diag,
                      struct scim_user_document *ret_document);
/* A PATCH document. */
cx_err scim_user_patch_read(struct cx_bytes body, struct arena *arena, struct cx_diag *diag,
                            struct scim_user_document *ret_document);
