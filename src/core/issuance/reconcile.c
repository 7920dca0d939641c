/*
 * What keys still has in its index is compared with the database: ids that were not told (a crash, a full queue, an
 * unknown commit) are told now. Without it the index would fill over months and then refuse everything.
 *
 *   keys has      the database has                what is done
 *   anything      the intent open                 nothing: the recovery's
 *   signed        the certificate                 settled
 *   signed        neither                         an error in the log, and kept: a signature without a record
 *   intended      the certificate                 settled (its record of signing was lost with the power)
 *   intended      neither                         abandoned
 *   abandoned     -                               settled; keys keeps it for a minute first
 */
#include "core/issuance/reconcile.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "core/core.h"
#include "keys/client.h"

struct known {
    bool is_open, has_certificate;
};

struct looking {
    const struct keys_unsettled *rows;
    size_t count;
    struct known known[KEYS_UNSETTLED_MAX];
};

static cx_err look_up(struct store_tx *tx, const struct keys_unsettled *row,
                      struct known *ret_known)
{
    struct store_stmt *q = NULL;
    struct known known = {0};
    CX_TRY(store_prepare(
        tx, "SELECT 1 FROM intent WHERE tenant_id = $1 AND intent_id = $2 AND state = 'open'", &q));
    store_bind_id(q, 1, row->tenant_id);
    store_bind_id(q, 2, row->intent_id);
    CX_TRY(store_step(q, &known.is_open));
    CX_TRY(store_prepare(
        tx, "SELECT 1 FROM certificate WHERE tenant_id = $1 AND serial = $2 AND issuer_id = $3",
        &q));
    store_bind_id(q, 1, row->tenant_id);
    store_bind_bytes(q, 2, CX_BYTES(row->serial, row->serial_len));
    store_bind_id(q, 3, row->issuer_id);
    CX_TRY(store_step(q, &known.has_certificate));
    *ret_known = known;
    return CX_OK;
}

static cx_err look(struct store_tx *tx, void *arg)
{
    struct looking *looking = arg;
    for (size_t i = 0; i < looking->count; i++)
        CX_TRY(look_up(tx, &looking->rows[i], &looking->known[i]));
    return CX_OK;
}

static void log_unrecorded(const struct keys_unsettled *row)
{
    char intent[CX_ID_TEXT_MAX], issuer[CX_ID_TEXT_MAX];
    cx_id_format(CX_ID_INTENT, row->intent_id, intent);
    cx_id_format(CX_ID_ISSUER, row->issuer_id, issuer);
    cx_log_err(CX_LOG_ERROR, CX_ERR(CONFLICT), "signature-without-certificate", "intent", intent,
               "issuer", issuer, NULL);
}

/* *ret_settle: the intent may leave the index of keys. */
static cx_err judge(struct core *core, const struct keys_unsettled *row, const struct known *known,
                    bool *ret_settle)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(64 * 1024);
    struct cx_bytes der = CX_BYTES_NONE;
    *ret_settle =
        !known->is_open && (known->has_certificate || row->state == KEYS_JOURNAL_ABANDONED);
    if (known->is_open || *ret_settle)
        return CX_OK;
    if (row->state == KEYS_JOURNAL_INTENDED)
        return keys_abandon(core->keys, row->intent_id, &arena, &der);
    log_unrecorded(row);
    return CX_OK;
}

cx_err issuance_reconcile(struct core *core)
{
    CX_AUTO_FREE struct keys_unsettled *rows = calloc(KEYS_UNSETTLED_MAX, sizeof(*rows));
    CX_AUTO_FREE struct looking *looking = calloc(1, sizeof(*looking));
    struct cx_id after = {{0}}, ids[KEYS_UNSETTLED_MAX];
    if (!rows || !looking)
        return CX_ERR(NOMEM);
    do {
        size_t settled = 0;
        CX_TRY(keys_list_unsettled(core->keys, after, rows, &looking->count));
        looking->rows = rows;
        CX_TRY(store_read(core->store, look,
                          looking)); /* after the list: what is in it was stored first */
        for (size_t i = 0; i < looking->count; i++) {
            bool settle = false;
            CX_TRY(judge(core, &rows[i], &looking->known[i], &settle));
            if (settle)
                ids[settled++] = rows[i].intent_id;
            after = rows[i].intent_id;
        }
        if (settled > 0)
            CX_TRY(keys_settle(core->keys, ids, settled));
    } while (looking->count == KEYS_UNSETTLED_MAX);
    return CX_OK;
}
