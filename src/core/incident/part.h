/*
 * Parts: what the account of an incident is made of. Answers of the report (one of each kind), contributing factors,
 * lessons, action items and related incidents. A part has a number within its incident and versions that are only added.
 * Its content is the contract's own type (PartContent), stored as the contract's JSON and sealed, so that one strict
 * decoder reads what people send and what was kept.
 *
 * part_check says what each kind needs: IRG 3.2 of the CCADB (the report's fields) and our closure rules. Pure.
 */
#pragma once
#include "api_types.h" /* generated */
#include "base/arena.h"
#include "base/clock.h"
#include "base/diag.h"
#include "base/sealed.h"

enum { PARTS_MAX = 300, PART_CONTENT_MAX = 96 * 1024 };

struct part {
    struct cx_id version_id, author_id;
    int64_t number, version;
    enum api_part_kind kind;
    struct cx_sealed sealed; /* of content */
    cx_time created_us;
    struct api_part_content content;
};

/* There is at most one such part in an incident. */
bool part_kind_is_single(enum api_part_kind kind);
/* CX_E_POLICY naming the member that is missing, too much or not good enough for the kind. */
cx_err part_check(enum api_part_kind kind, const struct api_part_content *content,
                  struct cx_diag *diag);
/* Its owner, or somebody who wrote the part: may not validate it. */
bool part_is_of(const struct part *versions, size_t count, struct cx_id user_id);
/* Does the text hold the phrase, without regard to the case of ASCII letters? */
bool part_text_has(struct cx_str text, const char *phrase);
