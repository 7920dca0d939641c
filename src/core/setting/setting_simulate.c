#include "core/setting/setting_simulate.h"
#include "core/access/access_store.h"
#include "core/access/state_store.h"
#include "core/authentication/session_store.h"
#include "core/review/review.h"

enum { ROLES_MAX = 1000 };

static const enum setting_effect EFFECTS[SETTING_COUNT] = {
    [SETTING_SESSION_LIFE] = SETTING_SESSIONS_END,
    [SETTING_SESSION_IDLE] = SETTING_SESSIONS_END,
    [SETTING_SESSION_FACTOR_AGE] = SETTING_SESSIONS_STEP_UP,
    [SETTING_TOKEN_LIFE] = SETTING_TOKENS_LONGER,
    [SETTING_PRIVILEGED_BINDING_LIFE] = SETTING_BINDINGS_LONGER,
    [SETTING_ELEVATION_LIFE] = SETTING_BINDINGS_LONGER,
    [SETTING_DELEGATION_LIFE] = SETTING_DELEGATIONS_LONGER,
    [SETTING_APPROVAL_EXPIRY] = SETTING_TOUCHES_NOTHING, /* a rule keeps what it began with */
    [SETTING_REVIEW_PERIOD] = SETTING_REVIEWS_OPEN,
    [SETTING_REVIEW_ANSWER] = SETTING_TOUCHES_NOTHING, /* so does a review */
};

enum setting_effect setting_effect_of(enum setting_name name)
{
    return EFFECTS[name];
}

struct question {
    struct cx_id tenant_id;
    enum setting_name name;
    struct setting_values now, then; /* as it is, and with the other value */
    cx_time now_us;
    struct arena *arena;
};

static int64_t then_us(const struct question *question)
{
    return setting_us_at(&question->then, question->name, question->now_us);
}

static cx_err count_ending(struct store_tx *tx, const struct question *question, int64_t *ret_count)
{
    int64_t open = 0, stay = 0;
    CX_TRY(
        session_count_open(tx, question->tenant_id, &question->now, -1, question->now_us, &open));
    CX_TRY(
        session_count_open(tx, question->tenant_id, &question->then, -1, question->now_us, &stay));
    *ret_count = open > stay ? open - stay : 0;
    return CX_OK;
}

/* SQL counts rows of the tenant by now ($2) and a duration ($3). */
static cx_err count(struct store_tx *tx, const struct question *question, const char *sql,
                    int64_t duration_us, int64_t *ret_count)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx, sql, &q));
    store_bind_id(q, 1, question->tenant_id);
    store_bind_int(q, 2, question->now_us);
    store_bind_int(q, 3, duration_us);
    CX_TRY(store_step(q, &row));
    *ret_count = row ? store_col_int(q, 0) : 0;
    return CX_OK;
}

static cx_err count_fresh(struct store_tx *tx, const struct question *question, int64_t *ret_count)
{
    int64_t fresh = 0, stay = 0;
    cx_time now_us = question->now_us;
    CX_TRY(session_count_open(tx, question->tenant_id, &question->now,
                              now_us - setting_us_at(&question->now, question->name, now_us),
                              now_us, &fresh));
    CX_TRY(session_count_open(tx, question->tenant_id, &question->now, now_us - then_us(question),
                              now_us, &stay));
    *ret_count = fresh > stay ? fresh - stay : 0;
    return CX_OK;
}

struct held {
    struct cx_str role;
    int64_t count;
};

static cx_err read_held(struct store_tx *tx, const struct question *question, struct held *held,
                        size_t *ret_count)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "SELECT role, COUNT(*) FROM role_binding WHERE tenant_id = $1 "
                         "AND ended_us IS NULL AND subject_type <> 'token' AND source_id IS NULL "
                         "AND expires_us > $2 AND expires_us - start_us > $3 GROUP BY role "
                         "ORDER BY role LIMIT $4",
                         &q));
    store_bind_id(q, 1, question->tenant_id);
    store_bind_int(q, 2, question->now_us);
    store_bind_int(q, 3, then_us(question));
    store_bind_int(q, 4, ROLES_MAX);
    for (*ret_count = 0; *ret_count < ROLES_MAX; (*ret_count)++) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        CX_TRY(arena_copy_str(question->arena, store_col_text(q, 0), &held[*ret_count].role));
        held[*ret_count].count = store_col_int(q, 1);
    }
    return CX_OK;
}

static cx_err count_privileged(struct store_tx *tx, const struct question *question,
                               int64_t *ret_count)
{
    struct held *held = NULL;
    size_t roles = 0;
    int64_t sum = 0;
    CX_TRY(ARENA_NEW_ARRAY(question->arena, ROLES_MAX, &held));
    CX_TRY(read_held(tx, question, held, &roles));
    for (size_t i = 0; i < roles; i++) {
        struct permission_set permissions;
        bool known = false;
        CX_TRY(access_role_permissions(tx, question->tenant_id, held[i].role, ACCESS_NOW,
                                       &permissions, &known));
        if (known && access_is_privileged(&permissions))
            sum += held[i].count;
    }
    *ret_count = sum;
    return CX_OK;
}

static cx_err count_reviews(struct store_tx *tx, const struct question *question,
                            int64_t *ret_count)
{
    struct cx_str key = CX_STR_NONE;
    bool due = false;
    CX_TRY(review_due(tx, question->tenant_id,
                      setting_at(&question->then, question->name, question->now_us),
                      question->now_us, question->arena, &key, &due));
    *ret_count = due;
    return CX_OK;
}

static cx_err answer(struct store_tx *tx, const struct question *question, int64_t *ret_count)
{
    switch (EFFECTS[question->name]) {
    case SETTING_SESSIONS_END:
        return count_ending(tx, question, ret_count);
    case SETTING_SESSIONS_STEP_UP:
        return count_fresh(tx, question, ret_count);
    case SETTING_TOKENS_LONGER:
        return count(tx, question,
                     "SELECT COUNT(*) FROM api_token WHERE tenant_id = $1 AND revoked_us IS NULL "
                     "AND expires_us > $2 AND expires_us - created_us > $3",
                     then_us(question), ret_count);
    case SETTING_BINDINGS_LONGER:
        if (question->name == SETTING_PRIVILEGED_BINDING_LIFE)
            return count_privileged(tx, question, ret_count);
        return count(tx, question,
                     "SELECT COUNT(*) FROM role_binding WHERE tenant_id = $1 AND ended_us IS NULL "
                     "AND source_id IS NOT NULL AND standing IS NULL AND expires_us > $2 "
                     "AND expires_us - start_us > $3",
                     then_us(question), ret_count);
    case SETTING_DELEGATIONS_LONGER:
        return count(tx, question,
                     "SELECT COUNT(*) FROM delegation WHERE tenant_id = $1 AND ended_us IS NULL "
                     "AND expires_us > $2 AND expires_us - start_us > $3",
                     then_us(question), ret_count);
    case SETTING_REVIEWS_OPEN:
        return count_reviews(tx, question, ret_count);
    case SETTING_TOUCHES_NOTHING:
    case SETTING_EFFECT_COUNT:
        break;
    }
    *ret_count = 0;
    return CX_OK;
}

cx_err setting_count_touched(struct store_tx *tx, struct cx_id tenant_id, enum setting_name name,
                             int64_t value, cx_time now_us, struct arena *arena, int64_t *ret_count)
{
    struct question question = {
        .tenant_id = tenant_id, .name = name, .now_us = now_us, .arena = arena};
    CX_TRY(setting_values_read(tx, tenant_id, &question.now));
    question.then = question.now;
    question.then.list[name] = (struct setting_value){value, value, 0};
    return answer(tx, &question, ret_count);
}
