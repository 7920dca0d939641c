/*
 * The account of an incident in the database: versions of parts, publications, sign-offs, and what its scopes count to.
 * Inside store closures. Rows of parts and sign-offs are only added; a publication gets its approver and its address once.
 */
#pragma once
#include "core/incident/incident_store.h"
#include "core/incident/part.h"

/* number 0: the newest version of every part, by number; else every version of that part, oldest first. parts has room
 * for PARTS_MAX; their content is not opened yet. */
cx_err part_list(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                 int64_t number, struct arena *arena, struct part *parts, size_t *ret_count);
/* 0 when there is no part. */
cx_err part_last_number(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                        int64_t *ret_number);

struct sign_off {
    struct cx_id sign_off_id, signer_id;
    enum api_sign_off_side side;
    int64_t number, version; /* 0: not of an action item */
    struct cx_sealed comment;
    cx_time created_us;
};
enum { SIGN_OFFS_MAX = 500 };
/* Oldest first; rows has room for SIGN_OFFS_MAX. */
cx_err sign_off_list(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                     struct arena *arena, struct sign_off *rows, size_t *ret_count);

struct publication {
    struct cx_id publication_id, author_id, approver_id; /* approver zero: not approved */
    enum api_publication_form form;
    struct cx_str template_name, url;
    struct cx_sealed body;
    struct cx_bytes sha256;
    cx_time created_us, approved_us, posted_us; /* 0: not yet */
};
enum { PUBLICATIONS_MAX = 200 };
/* Oldest first; rows has room for PUBLICATIONS_MAX. */
cx_err publication_list(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                        struct arena *arena, struct publication *rows, size_t *ret_count);
/* CX_E_NOTFOUND; only of that incident. */
cx_err publication_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                        struct cx_id publication_id, struct arena *arena,
                        struct publication *ret_row);
cx_err publication_was_posted(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                              enum api_publication_form form, bool *ret_posted);
/* CX_E_CONFLICT when it was approved (posted) before. */
cx_err publication_set_approved(struct store_tx *tx, struct cx_id tenant_id,
                                struct cx_id publication_id, struct cx_id approver_id,
                                cx_time now_us);
cx_err publication_set_posted(struct store_tx *tx, struct cx_id tenant_id,
                              struct cx_id publication_id, struct cx_str url, cx_time at_us);

/* The certificates of the scopes that no later scope corrects, each once. */
struct affected_counts {
    int64_t total, remaining_valid /* neither revoked nor expired */, expired;
};
cx_err affected_count(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                      cx_time now_us, struct affected_counts *ret_counts);
/* Those not expired, by identifier, after that one; ids has room for limit. */
cx_err affected_page(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                     cx_time now_us, struct cx_id after, size_t limit, struct cx_id *ids,
                     size_t *ret_count);
