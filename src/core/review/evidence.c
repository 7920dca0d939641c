#include "core/review/evidence.h"
#include "base/cleanup.h"
#include "core/access/state_store.h"
#include "core/audit/proof.h"
#include "core/core.h"
#include "core/field.h"
#include "crypto/hash.h"

enum { DOCUMENT_PAGE = 200, ITEMS_ARENA_MAX = 256 * 1024 * 1024 };

struct document {
    struct core *core;
    struct cx_id tenant_id;
    cx_time closed_us;
    int version;
    size_t members_left; /* of REVIEW_MEMBERS_MAX */
    struct json_writer *json;
};

struct items_read {
    struct cx_id tenant_id, review_id, after;
    struct arena *arena;
    struct review_item rows[DOCUMENT_PAGE];
    size_t count;
};

static cx_err read_items(struct store_tx *tx, void *arg)
{
    struct items_read *read = arg;
    return review_items(tx, read->tenant_id, read->review_id, read->after, false, DOCUMENT_PAGE,
                        read->arena, read->rows, &read->count);
}

static cx_err write_optional_time(struct json_writer *json, const char *key, cx_time at_us)
{
    return at_us == 0 || at_us == CX_TIME_NEVER ? CX_OK : json_write_time(json, key, at_us);
}

static cx_err write_optional_user(struct json_writer *json, const char *key, struct cx_id id)
{
    return cx_id_is_zero(id) ? CX_OK : json_write_id(json, key, CX_ID_USER, id);
}

static cx_err write_binding(struct json_writer *json, const struct binding_row *binding)
{
    bool user = binding->subject == ACCESS_USER;
    CX_TRY(json_write_id(json, "binding", CX_ID_BINDING, binding->binding_id));
    CX_TRY(json_write_id(json, user ? "user" : "group", user ? CX_ID_USER : CX_ID_GROUP,
                         binding->subject_id));
    CX_TRY(json_write_str(json, "role", binding->role));
    CX_TRY(json_write_bool(json, "all", binding->everywhere));
    CX_TRY(json_begin_array(json, "groups"));
    for (size_t i = 0; i < binding->group_count; i++)
        CX_TRY(json_write_id(json, NULL, CX_ID_GROUP, binding->groups[i]));
    CX_TRY(json_end(json));
    CX_TRY(json_write_str(json, "tags", binding->tags));
    CX_TRY(json_write_time(json, "start", binding->start_us));
    return write_optional_time(json, "expires", binding->expires_us);
}

struct people_read {
    struct cx_id tenant_id, group_id;
    cx_time at_us;
    struct arena *arena;
    struct cx_id *people;
    size_t count;
};

static cx_err read_people(struct store_tx *tx, void *arg)
{
    struct people_read *read = arg;
    return access_people_at(tx, read->tenant_id, read->group_id, read->at_us, read->arena,
                            &read->people, &read->count);
}

/* Whom the answer was about: everybody in the group, nested ones too, when it was given. */
static cx_err write_members(struct document *document, const struct review_item *item,
                            struct arena *arena)
{
    struct json_writer *json = document->json;
    struct people_read read = {.tenant_id = document->tenant_id,
                               .group_id = item->binding.subject_id,
                               .at_us = item->decided_us ? item->decided_us : document->closed_us,
                               .arena = arena};
    if (document->version < 2 || item->binding.subject != ACCESS_GROUP)
        return CX_OK;
    CX_TRY(store_read(document->core->store, read_people, &read));
    CX_TRY(json_write_i64(json, "member_count", (int64_t)read.count));
    if (read.count > document->members_left)
        return CX_OK;
    document->members_left -= read.count;
    CX_TRY(json_begin_array(json, "members"));
    for (size_t i = 0; i < read.count; i++)
        CX_TRY(json_write_id(json, NULL, CX_ID_USER, read.people[i]));
    return json_end(json);
}

static cx_err write_item(struct document *document, const struct review_item *item,
                         struct arena *arena)
{
    struct json_writer *json = document->json;
    struct field_place place = {document->tenant_id, "access_review_item", "comment",
                                item->item_id};
    struct cx_str comment = CX_STR("");
    if (item->comment.envelope.len)
        CX_TRY(field_open_text(document->core, place, item->comment, arena, &comment));
    CX_TRY(json_begin_object(json, NULL));
    CX_TRY(write_binding(json, &item->binding));
    CX_TRY(write_members(document, item, arena));
    CX_TRY(json_write_text(json, "state", review_item_state_name(item->state)));
    CX_TRY(write_optional_time(json, "decided", item->decided_us));
    CX_TRY(write_optional_user(json, "decided_by", item->decided_by_id));
    CX_TRY(json_write_str(json, "comment", comment));
    return json_end(json);
}

static cx_err write_items(struct document *document, struct cx_id review_id)
{
    struct cx_id after = {{0}};
    for (size_t count = DOCUMENT_PAGE; count == DOCUMENT_PAGE;) {
        CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(ITEMS_ARENA_MAX);
        struct items_read *read = NULL;
        CX_TRY(ARENA_NEW(&arena, &read));
        read->tenant_id = document->tenant_id;
        read->review_id = review_id;
        read->after = after;
        read->arena = &arena;
        CX_TRY(store_read(document->core->store, read_items, read));
        count = read->count;
        for (size_t i = 0; i < count; i++)
            CX_TRY(write_item(document, &read->rows[i], &arena));
        if (count)
            after = read->rows[count - 1].binding.binding_id;
    }
    return CX_OK;
}

cx_err review_document_write(struct core *core, struct cx_id tenant_id,
                             const struct review_row *review, cx_time closed_us, int version,
                             struct arena *arena, struct cx_buf *out)
{
    struct json_writer json = json_writer(out);
    struct document document = {core, tenant_id, closed_us, version, REVIEW_MEMBERS_MAX, &json};
    struct field_place place = {tenant_id, "access_review", "reason", review->review_id};
    struct cx_str reason = CX_STR("");
    CX_TRY(field_open_text(core, place, review->reason, arena, &reason));
    CX_TRY(json_begin_object(&json, NULL));
    CX_TRY(json_write_i64(&json, "certinext-access-review", version));
    CX_TRY(json_write_id(&json, "tenant", CX_ID_TENANT, tenant_id));
    CX_TRY(json_write_id(&json, "review", CX_ID_REVIEW, review->review_id));
    CX_TRY(json_write_str(&json, "reason", reason));
    CX_TRY(json_write_bool(&json, "privileged", review->privileged));
    CX_TRY(json_write_str(&json, "roles", review->roles));
    CX_TRY(json_write_str(&json, "groups", review->groups));
    CX_TRY(json_write_time(&json, "opened", review->created_us));
    CX_TRY(write_optional_user(&json, "opened_by", review->created_by_id));
    CX_TRY(json_write_time(&json, "deadline", review->deadline_us));
    CX_TRY(json_write_time(&json, "closed", closed_us));
    CX_TRY(json_begin_array(&json, "items"));
    CX_TRY(write_items(&document, review->review_id));
    CX_TRY(json_end(&json));
    return json_end(&json);
}

cx_err review_evidence_write(struct core *core, struct cx_id tenant_id,
                             const struct review_row *review, struct arena *arena,
                             struct cx_diag *diag, struct cx_buf *out)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf document = CX_BUF_INIT(REVIEW_DOCUMENT_MAX);
    struct json_writer json = json_writer(out);
    uint8_t hash[CRYPTO_SHA256_LEN];
    struct cx_str text;
    if (review->state == REVIEW_OPEN)
        return cx_refuse(diag, CX_ERR(CONFLICT), "review_id", "review-open",
                         "The review is not closed yet: there is no evidence of it.");
    bool same = false;
    for (int version = REVIEW_DOCUMENT_VERSION; version > 0 && !same; version--) {
        cx_buf_clear(&document);
        CX_TRY(review_document_write(core, tenant_id, review, review->closed_us, version, arena,
                                     &document));
        CX_TRY(crypto_sha256(cx_buf_view(&document), hash));
        same = cx_bytes_eq(CX_BYTES(hash, sizeof(hash)), review->evidence_sha256);
    }
    if (!same)
        return cx_refuse(diag, CX_ERR(CONFLICT), "review_id", "evidence-altered",
                         "What the database holds of this review is not what was recorded when it "
                         "was closed.");
    CX_TRY(cx_str_view(cx_buf_view(&document), &text));
    CX_TRY(json_begin_object(&json, NULL));
    CX_TRY(json_write_i64(&json, "certinext-access-review-evidence", 1));
    CX_TRY(json_write_str(&json, "document", text));
    CX_TRY(audit_proof_write(core, tenant_id, "review.close", review->review_id, arena, diag, &json,
                             "proof"));
    return json_end(&json);
}
