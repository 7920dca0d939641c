/*
 * The account of an incident as a whole: the record with its timeline opened, its parts, what was published and signed, and
 * what its scopes count to. Read once and then judged (gate.h) and rendered (publication_text.h) by pure functions, so that
 * what is judged is what is sent.
 */
#pragma once
#include "core/api/api.h"
#include "core/incident/account_store.h"
#include "core/incident/intake_store.h"
#include "core/incident/record.h"
#include "core/incident/step.h"

struct account {
    struct incident incident;
    struct step_list steps; /* of the playbooks that it follows */
    struct cx_str title, summary;
    struct cx_str *details; /* of each entry of the timeline; empty: none */
    struct part *parts;     /* newest versions, by number */
    size_t part_count;
    struct sign_off *sign_offs;
    size_t sign_off_count;
    bool closure_posted; /* the closure summary was made public */
    struct affected_counts affected;
    struct cx_str *reporters; /* who did not consent to be named */
    size_t reporter_count;
    struct cx_str *named; /* reporters who did */
    size_t named_count;
    cx_time now_us;
};

/* Not inside a store closure: it opens sealed fields. Refuses an unknown incident. */
cx_err account_read(struct api_request *request, struct cx_id incident_id,
                    struct account **ret_account);

/* Does the text hold the name of a reporter who did not agree to be named? */
bool account_names_reporter(const struct account *account, struct cx_str text);
/* Room for count reports: sorts those who sent them into reporters and named. Not inside a store closure. */
cx_err account_open_reporters(struct core *core, struct cx_id tenant_id,
                              const struct report_row *reports, size_t count, struct arena *arena,
                              struct account *account);

/* The part of a single kind, or NULL. */
const struct part *account_single(const struct account *account, enum api_part_kind kind);
const struct part *account_part(const struct account *account, int64_t number);
/* Somebody else than its owner and authors confirmed this version of the action item. */
bool account_is_validated(const struct account *account, const struct part *part);
/* The time that counts for a kind that happens once: of the last correction, else of the first entry. False: none. */
bool account_time_of(const struct account *account, enum incident_kind kind, cx_time *ret_us);

/* Opens the content of a part: its texts are in the arena. Not inside a store closure. */
cx_err part_open(struct core *core, struct cx_id tenant_id, struct arena *arena, struct part *part);
