/* One pass of the clock. See worker.h. */
#include "base/cleanup.h"
#include "codec/hex.h"
#include "core/audit/audit.h"
#include "core/core.h"
#include "core/field.h"
#include "core/incident/alert.h"
#include "core/review/evidence.h"
#include "core/review/worker.h"
#include "core/setting/setting.h"
#include "crypto/hash.h"

enum {
    PASS_ARENA_MAX = 64 * 1024 * 1024,
    OPEN_MAX = 100, /* reviews and leavers looked at in a pass; the next one goes on */
    LAPSE_PAGE = 100,
};

struct look {
    struct core *core;
    struct cx_id tenant_id;
    cx_time now_us;
    struct arena *arena;
};

cx_err review_due(struct store_tx *tx, struct cx_id tenant_id, int64_t period_days, cx_time now_us,
                  struct arena *arena, struct cx_str *ret_key, bool *ret_due)
{
    struct store_stmt *q = NULL;
    bool row = false, opened = false;
    *ret_due = false;
    CX_TRY(store_prepare(tx, "SELECT created_us FROM tenant WHERE tenant_id = $1", &q));
    store_bind_id(q, 1, tenant_id);
    CX_TRY(store_step(q, &row));
    long long number = row ? (now_us - store_col_int(q, 0)) / (period_days * CX_US_PER_DAY) : 0;
    if (number < 1)
        return CX_OK;
    if (period_days == REVIEW_PERIOD_DAYS)
        CX_TRY(arena_printf(arena, ret_key, "privileged-%lld", number));
    else
        CX_TRY(
            arena_printf(arena, ret_key, "privileged-%lldd-%lld", (long long)period_days, number));
    CX_TRY(review_opened_for(tx, tenant_id, *ret_key, &opened));
    *ret_due = !opened;
    return CX_OK;
}

struct period {
    const struct look *look;
    int64_t answer_us;
    struct cx_str key;
    bool due;
};

static cx_err read_period(struct store_tx *tx, void *arg)
{
    struct period *period = arg;
    const struct look *look = period->look;
    struct setting_values values;
    CX_TRY(setting_values_read(tx, look->tenant_id, &values));
    int64_t days = setting_at(&values, SETTING_REVIEW_PERIOD, look->now_us);
    period->answer_us = setting_us_at(&values, SETTING_REVIEW_ANSWER, look->now_us);
    return review_due(tx, look->tenant_id, days, look->now_us, look->arena, &period->key,
                      &period->due);
}

static cx_err write_opening(struct store_tx *tx, void *arg)
{
    return review_open(tx, arg);
}

static cx_err open_due(const struct look *look)
{
    struct period period = {.look = look};
    CX_TRY(store_read(look->core->store, read_period, &period));
    if (!period.due)
        return CX_OK;
    const struct review_draft draft = {
        .tenant_id = look->tenant_id,
        .key = period.key,
        .scope = {.privileged = true},
        .reason = CX_STR("privileged roles are reviewed regularly"),
        .deadline_us = look->now_us + period.answer_us,
        .now_us = look->now_us,
    };
    struct review_opening opening;
    struct field_detail details[] = {{"period", period.key}};
    CX_TRY(review_prepare(look->core, look->arena, &draft, &opening));
    struct audit_event event = {.action = "review.open",
                                .tenant_id = look->tenant_id,
                                .object_type = CX_ID_REVIEW,
                                .object_id = opening.row.review_id};
    CX_TRY(field_details(look->arena, details, 1, &event.details));
    cx_err err = audit_commit(look->core, &event, write_opening, &opening);
    return err.code == CX_E_CONFLICT ? CX_OK : err; /* another node was first */
}

struct lapse {
    const struct look *look;
    const struct review_item *item;
    bool keep, last; /* last: it would leave no administrator */
};

static cx_err write_lapse(struct store_tx *tx, void *arg)
{
    struct lapse *lapse = arg;
    const struct look *look = lapse->look;
    const struct review_item *item = lapse->item;
    const struct cx_id clock = {{0}};
    const struct cx_sealed none = {.envelope = CX_BYTES_NONE};
    int64_t before = 0, after = 0;
    lapse->last = false;
    if (lapse->keep)
        return review_item_decide(tx, look->tenant_id, item->item_id, REVIEW_ITEM_KEPT, clock, none,
                                  look->now_us);
    CX_TRY(binding_count_administrators(tx, look->tenant_id, look->now_us, &before));
    cx_err err = binding_end(tx, look->tenant_id, item->binding.binding_id, clock, look->now_us);
    bool gone = err.code == CX_E_CONFLICT || item->binding.expires_us <= look->now_us;
    if (err.code != CX_E_CONFLICT)
        CX_TRY(err);
    CX_TRY(binding_count_administrators(tx, look->tenant_id, look->now_us, &after));
    lapse->last = before > 0 && after == 0;
    if (lapse->last)
        return CX_ERR(POLICY); /* rolls back */
    return review_item_decide(tx, look->tenant_id, item->item_id,
                              gone ? REVIEW_ITEM_GONE : REVIEW_ITEM_LAPSED, clock, none,
                              look->now_us);
}

/* Nobody could repair the tenant through the API without an administrator: the binding stays, and somebody hears of it. */
static cx_err say_kept(const struct look *look, const struct review_row *review)
{
    struct alert_draft alert = {
        .tenant_id = look->tenant_id,
        .rule = CX_STR("review-unanswered-administrator"),
        .title = CX_STR("The last administrator's access was not reviewed"),
        .summary = CX_STR("Nobody certified the binding of the last administrator before the "
                          "deadline of an access review. It stays, since nobody could administer "
                          "the tenant without it. Have another person review it."),
        .impact = LEVEL_MEDIUM,
        .urgency = LEVEL_HIGH,
        .at_us = look->now_us,
        .now_us = look->now_us};
    CX_TRY(field_id_text(look->arena, CX_ID_REVIEW, review->review_id, &alert.subject));
    return alert_raise(look->core, look->arena, &alert);
}

static cx_err lapse_one(const struct look *look, const struct review_row *review,
                        const struct review_item *item)
{
    struct lapse lapse = {.look = look, .item = item};
    struct cx_str id = CX_STR_NONE;
    CX_TRY(field_id_text(look->arena, CX_ID_REVIEW, review->review_id, &id));
    struct field_detail details[] = {{"review", id}, {"role", item->binding.role}};
    struct audit_event event = {.action = "review.item.lapse",
                                .tenant_id = look->tenant_id,
                                .object_type = CX_ID_BINDING,
                                .object_id = item->binding.binding_id};
    CX_TRY(field_details(look->arena, details, 2, &event.details));
    cx_err err = audit_commit(look->core, &event, write_lapse, &lapse);
    if (err.code == CX_E_POLICY && lapse.last) {
        lapse.keep = true;
        event.action = "review.item.keep";
        CX_TRY(audit_commit(look->core, &event, write_lapse, &lapse));
        return say_kept(look, review);
    }
    return err.code == CX_E_CONFLICT ? CX_OK : err; /* somebody was first */
}

struct open_items {
    const struct look *look;
    struct cx_id review_id;
    struct review_item *rows;
    size_t count;
};

static cx_err read_open_items(struct store_tx *tx, void *arg)
{
    struct open_items *items = arg;
    const struct look *look = items->look;
    return review_items(tx, look->tenant_id, items->review_id, (struct cx_id){{0}}, true,
                        LAPSE_PAGE, look->arena, items->rows, &items->count);
}

/* A page after the other: an item that was dealt with is no longer open. */
static cx_err lapse_all(const struct look *look, const struct review_row *review, bool *ret_settled)
{
    struct open_items items = {.look = look, .review_id = review->review_id};
    CX_TRY(ARENA_NEW_ARRAY(look->arena, LAPSE_PAGE, &items.rows));
    *ret_settled = false;
    CX_TRY(store_read(look->core->store, read_open_items, &items));
    if (review->deadline_us <= look->now_us) {
        for (size_t i = 0; i < items.count; i++)
            CX_TRY(lapse_one(look, review, &items.rows[i]));
        CX_TRY(store_read(look->core->store, read_open_items, &items));
    }
    *ret_settled = items.count == 0;
    return CX_OK;
}

struct closing {
    const struct look *look;
    struct cx_id review_id;
    uint8_t hash[CRYPTO_SHA256_LEN];
};

static cx_err write_closing(struct store_tx *tx, void *arg)
{
    const struct closing *closing = arg;
    return review_close(tx, closing->look->tenant_id, closing->review_id,
                        CX_BYTES(closing->hash, sizeof(closing->hash)), closing->look->now_us);
}

struct last_answer {
    const struct look *look;
    struct cx_id review_id;
    cx_time at_us; /* 0: none */
};

static cx_err read_last_answer(struct store_tx *tx, void *arg)
{
    struct last_answer *last = arg;
    return review_last_answer(tx, last->look->tenant_id, last->review_id, &last->at_us);
}

static cx_err close_one(const struct look *look, const struct review_row *review)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf document = CX_BUF_INIT(REVIEW_DOCUMENT_MAX);
    struct closing closing = {.look = look, .review_id = review->review_id};
    struct cx_str hex = CX_STR_NONE;
    struct last_answer last = {.look = look, .review_id = review->review_id};
    CX_TRY(store_read(look->core->store, read_last_answer, &last));
    if (last.at_us && look->now_us < last.at_us + REVIEW_SETTLE_S * CX_US_PER_S)
        return CX_OK; /* at the next pass */
    CX_TRY(review_document_write(look->core, look->tenant_id, review, look->now_us,
                                 REVIEW_DOCUMENT_VERSION, look->arena, &document));
    CX_TRY(crypto_sha256(cx_buf_view(&document), closing.hash));
    CX_TRY(page_hex_write(look->arena, CX_BYTES(closing.hash, sizeof(closing.hash)), &hex));
    struct field_detail details[] = {{"evidence_sha256", hex}};
    struct audit_event event = {.action = "review.close",
                                .tenant_id = look->tenant_id,
                                .object_type = CX_ID_REVIEW,
                                .object_id = review->review_id};
    CX_TRY(field_details(look->arena, details, 1, &event.details));
    cx_err err = audit_commit(look->core, &event, write_closing, &closing);
    return err.code == CX_E_CONFLICT ? CX_OK : err;
}

struct open_reviews {
    const struct look *look;
    struct review_row *rows;
    size_t count;
};

static cx_err read_open_reviews(struct store_tx *tx, void *arg)
{
    struct open_reviews *open = arg;
    return review_open_ones(tx, open->look->tenant_id, OPEN_MAX, open->look->arena, open->rows,
                            &open->count);
}

static cx_err look_at_reviews(const struct look *look)
{
    struct open_reviews open = {.look = look};
    cx_err first = CX_OK;
    CX_TRY(ARENA_NEW_ARRAY(look->arena, OPEN_MAX, &open.rows));
    CX_TRY(store_read(look->core->store, read_open_reviews, &open));
    for (size_t i = 0; i < open.count; i++) {
        bool settled = false;
        cx_err err = lapse_all(look, &open.rows[i], &settled);
        if (cx_is_ok(err) && settled)
            err = close_one(look, &open.rows[i]);
        if (cx_failed(err) && cx_is_ok(first))
            first = err;
    }
    return first;
}

struct leaving {
    const struct look *look;
    struct leaver_row *rows;
    size_t count;
    const struct leaver_row *now;
};

static cx_err read_due(struct store_tx *tx, void *arg)
{
    struct leaving *leaving = arg;
    const struct look *look = leaving->look;
    return leaver_due(tx, look->tenant_id, look->now_us, OPEN_MAX, look->arena, leaving->rows,
                      &leaving->count);
}

static cx_err write_leaving(struct store_tx *tx, void *arg)
{
    const struct leaving *leaving = arg;
    const struct look *look = leaving->look;
    CX_TRY(leaver_set_done(tx, look->tenant_id, leaving->now->leaver_id, look->now_us));
    return leaver_end(tx, look->tenant_id, leaving->now->user_id, look->now_us, look->arena);
}

static cx_err end_leavers(const struct look *look)
{
    struct leaving leaving = {.look = look};
    cx_err first = CX_OK;
    CX_TRY(ARENA_NEW_ARRAY(look->arena, OPEN_MAX, &leaving.rows));
    CX_TRY(store_read(look->core->store, read_due, &leaving));
    for (size_t i = 0; i < leaving.count; i++) {
        leaving.now = &leaving.rows[i];
        struct audit_event event = {.action = "leaver.end",
                                    .tenant_id = look->tenant_id,
                                    .object_type = CX_ID_USER,
                                    .object_id = leaving.now->user_id};
        cx_err err = audit_commit(look->core, &event, write_leaving, &leaving);
        if (cx_failed(err) && err.code != CX_E_CONFLICT && cx_is_ok(first))
            first = err;
    }
    return first;
}

cx_err review_pass(struct core *core, struct cx_id tenant_id, const struct os_worker *thread)
{
    (void)thread; /* short */
    cx_err (*const parts[])(const struct look *) = {end_leavers, open_due, look_at_reviews};
    cx_err first = CX_OK;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(PASS_ARENA_MAX);
        const struct look look = {
            .core = core, .tenant_id = tenant_id, .now_us = cx_now(core->clock), .arena = &arena};
        cx_err err = parts[i](&look);
        if (cx_failed(err) && cx_is_ok(first))
            first = err;
    }
    return first;
}
