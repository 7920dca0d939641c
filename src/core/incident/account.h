/*
 * The account of an incident as a whole: the record with its timeline opened, its parts, what was published and signed, and
 * what its scopes count to. Read once and then judged (gate.h) and rendered (publication_text.h) by pure functions, so that
 * what is judged is what is sent.
 */
#pragma once
#include "core/api/api.h"
#include "core/incident/account_store.h"
#include "core/incident/record.h"
#include "core/incident/step.h"

struct account {
    struct incident incident;
    struct step_list steps; /* of the playbooks that it follows */
    struct cx_str title;
    struct cx_str *details; /* of each entry of the timeline; empty: none */
    struct part *parts;     /* newest versions, by number */
    size_t part_count;
    struct sign_off *sign_offs;
    size_t sign_off_count;
    bool closure_posted; /* the closure summary was made public */
    struct affected_counts affected;
    struct cx_str *reporters; /* who did not consent to be named */
    size_t reporter_count;
    cx_time now_us;
};

/* Not inside a store closure: it opens sealed fields. Refuses an unknown incident. */
cx_err account_read(struct api_request *request, struct cx_id incident_id,
                    struct account **ret_account);

/* The part of a single kind, or NULL. */
const struct part *account_single(const struct account *account, enum api_part_kind kind);
const struct part *account_part(const struct account *account, int64_t number);
/* Somebody else than its owner and authors confirmed this version of the action item. */
bool account_is_validated(const struct account *account, const struct part *part);
/* The time that counts for a kind that happens once: of the last correction, else of the first entry. False: none. */
bool account_time_of(const struct account *account, enum incident_kind kind, cx_time *ret_us);

/* Opens the content of a part: its texts are in the arena of the request. */
cx_err part_open(struct api_request *request, struct part *part);
