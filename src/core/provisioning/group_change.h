/*
 * Groups as SCIM writes them (RFC 7643 §4.2) and PATCH documents on them, from JSON to steps in their order. What is
 * refused of a step or of one of its members is noted and left out; the rest stays. Tolerant as user_change.h is. Pure,
 * thread-safe; everything is in arena.
 */
#pragma once
#include "base/arena.h"
#include "base/id.h"
#include "core/provisioning/refusal.h"

enum {
    SCIM_GROUP_BODY_MAX = 1048576,
    SCIM_OPERATIONS_MAX = 1000,
    SCIM_MEMBERS_MAX = 5000, /* named by one request */
};

enum scim_step_kind {
    SCIM_STEP_NAME,
    SCIM_STEP_EXTERNAL_ID,
    SCIM_STEP_ADD,
    SCIM_STEP_REMOVE,
    SCIM_STEP_REMOVE_ALL,
    SCIM_STEP_KEEP, /* everybody but these goes; they are sorted by access_id_compare */
};

struct scim_step {
    struct scim_step *next;
    enum scim_step_kind kind;
    size_t operation;   /* from 1; 0: of a whole resource */
    struct cx_str text; /* of the first two kinds */
    struct cx_id *members;
    size_t member_count;
};

struct scim_group_document {
    struct scim_step *steps, **end;
    size_t member_count;
    struct scim_refusals refused;
};

/* A whole group: displayName and externalId, then who stays, then who comes. CX_E_PARSE "scim-syntax" when body is no JSON
 * object, "scim-value" without a displayName; CX_E_LIMIT "scim-too-many". */
cx_err scim_group_read(struct cx_bytes body, struct arena *arena, struct cx_diag *diag,
                       struct scim_group_document *ret_document);
cx_err scim_group_patch_read(struct cx_bytes body, struct arena *arena, struct cx_diag *diag,
                             struct scim_group_document *ret_document);
