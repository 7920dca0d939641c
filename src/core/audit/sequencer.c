/*
 * The sequencer thread. A pass gives every waiting entry its index, batch by batch, and then has keys sign the trees
 * that grew. A commit wakes it; it lets entries gather for a moment, so that a busy second costs a few
 * checkpoints and not thousands. Now and then it looks without being woken: another node may have died between its
 * commit and its pass, or this one between sequencing and checkpoint.
 *
 * Several nodes may do this at once. The tree's row decides: who finds another size than he read starts over.
 */
#include "core/audit/audit_internal.h"
#include "base/cleanup.h"
#include "base/fault.h"
#include "base/log.h"
#include "core/core.h"

#include <pthread.h>

enum {
    GATHER_US = 200 * 1000,    /* commit → pass; with the pass itself well under a second */
    LOOK_US = 5 * 1000 * 1000, /* without being woken, and after a failure the wait is RETRY_US */
    RETRY_US = 500 * 1000,
    BATCHES_PER_TENANT =
        16, /* of one pass: a busy tenant does not keep the others' checkpoints waiting */
    CONFLICT_MAX = 20,
    PASS_ARENA_MAX = 2 * 1024 * 1024
};

struct audit {
    struct core *core;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool woken, stopping;
    uint64_t flush_wanted, flush_done;
    cx_err flush_result;
    bool more;                /* the last pass left entries */
    struct audit_batch batch; /* the thread's own */
};

struct sequence {
    const struct audit_batch *batch;
    const struct merkle_tree *grown;
};

static cx_err write_sequence(struct store_tx *tx, void *arg)
{
    const struct sequence *sequence = arg;
    return audit_store_sequence(tx, sequence->batch, sequence->grown);
}

struct signed_checkpoint {
    struct cx_id tenant_id;
    uint64_t size;
    struct cx_str note;
    cx_time now_us;
};

static cx_err write_checkpoint(struct store_tx *tx, void *arg)
{
    const struct signed_checkpoint *it = arg;
    return audit_store_checkpoint(tx, it->tenant_id, it->size, it->note, it->now_us);
}

static cx_err sequence_batch(struct audit *audit)
{
    struct audit_batch *batch = &audit->batch;
    CX_TRY(audit_store_read_batch(audit->core->store, batch));
    if (batch->count == 0)
        return CX_OK;
    struct merkle_tree grown = batch->tree;
    for (size_t i = 0; i < batch->count; i++)
        CX_TRY(merkle_append(&grown, &batch->leaves[i]));
    struct sequence sequence = {batch, &grown};
    return store_write(audit->core->store, write_sequence, &sequence);
}

static cx_err sequence_tenant(struct audit *audit, struct cx_id tenant_id)
{
    unsigned conflicts = 0;
    for (unsigned batches = 0; batches < BATCHES_PER_TENANT;) {
        audit->batch.tenant_id = tenant_id;
        cx_err sequenced = sequence_batch(audit);
        bool rival = sequenced.code == CX_E_CONFLICT || sequenced.code == CX_E_BUSY;
        if (rival && ++conflicts <= CONFLICT_MAX)
            continue;
        CX_TRY(sequenced);
        if (audit->batch.count < AUDIT_BATCH)
            return CX_OK;
        batches++;
    }
    audit->more = true;
    return CX_OK;
}

/* keys remembers a larger or another tree. Either another node signed that tree since ours was read, or the
 * database was put back or altered: the second is an alarm. */
static cx_err judge_refusal(struct core *core, const struct audit_unsigned *tree,
                            const struct cx_diag *diag)
{
    uint64_t signed_size = 0;
    CX_TRY(audit_store_signed_size(core->store, tree->tenant_id, &signed_size));
    if (signed_size >= tree->tree.size)
        return CX_OK;
    char tenant[CX_ID_TEXT_MAX];
    cx_id_format(CX_ID_TENANT, tree->tenant_id, tenant);
    cx_log_err(CX_LOG_ERROR, CX_ERR(POLICY), "audit-checkpoint-refused", "tenant", tenant, "reason",
               diag->text, NULL);
    return CX_ERR(POLICY);
}

static cx_err sign_tree(struct core *core, const struct audit_unsigned *tree)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(64 * 1024);
    struct cx_diag diag = CX_DIAG_INIT;
    struct merkle_hash root;
    struct signed_checkpoint it = {.tenant_id = tree->tenant_id, .size = tree->tree.size};
    CX_TRY(merkle_root(&tree->tree, &root));
    cx_err signing = keys_sign_checkpoint(core->keys, tree->tenant_id, tree->tree.size, root.b,
                                          &arena, &diag, &it.note);
    if (signing.code == CX_E_POLICY)
        return judge_refusal(core, tree, &diag);
    CX_TRY(signing);
    cx_fault_point("checkpoint-signed");
    it.now_us = cx_now(core->clock);
    return store_write(core->store, write_checkpoint, &it);
}

/* Keeps the first failure and goes on: one tenant's trouble is not the others'. */
static void keep(cx_err *first, cx_err err)
{
    if (cx_is_ok(*first))
        *first = err;
}

static cx_err run_pass(struct audit *audit)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(PASS_ARENA_MAX);
    struct core *core = audit->core;
    cx_err result = CX_OK;
    struct cx_id *tenants = NULL;
    size_t count = 0;
    audit->more = false;
    CX_TRY(audit_store_pending(core->store, &arena, &tenants, &count));
    for (size_t i = 0; i < count; i++)
        keep(&result, sequence_tenant(audit, tenants[i]));
    struct audit_unsigned *trees = NULL;
    size_t tree_count = 0;
    CX_TRY(audit_store_unsigned(core->store, &arena, &trees, &tree_count));
    for (size_t i = 0; i < tree_count; i++)
        keep(&result, sign_tree(core, &trees[i]));
    if (count == AUDIT_TENANTS_MAX || tree_count == AUDIT_TREES_MAX)
        audit->more = true;
    return result;
}

/* Waits with the lock held, at most wait_us, until urgent work is there. */
static void wait_for(struct audit *audit, int64_t wait_us, bool until_woken)
{
    int64_t until_us = cx_monotonic_us() + wait_us;
    const struct timespec until = {.tv_sec = until_us / CX_US_PER_S,
                                   .tv_nsec = until_us % CX_US_PER_S * 1000};
    while (!audit->stopping && audit->flush_wanted == audit->flush_done &&
           !(until_woken && audit->woken) && cx_monotonic_us() < until_us)
        pthread_cond_timedwait(&audit->changed, &audit->lock, &until);
}

/* One pass for everything committed before it began; loops while it had to leave something. */
static cx_err run_passes(struct audit *audit)
{
    do {
        cx_err passed = run_pass(audit);
        if (cx_failed(passed)) {
            cx_log_err(CX_LOG_WARN, passed, "audit-sequencer", NULL);
            return passed;
        }
    } while (audit->more);
    return CX_OK;
}

static void *sequencer_main(void *arg)
{
    struct audit *audit = arg;
    bool failed = false, stop = false;
    while (!stop) {
        pthread_mutex_lock(&audit->lock);
        if (failed)
            wait_for(audit, RETRY_US, false);
        else
            wait_for(audit, LOOK_US, true);
        if (audit->woken && !failed)
            wait_for(audit, GATHER_US, false);
        audit->woken = false;
        stop = audit->stopping;
        uint64_t flush = audit->flush_wanted;
        pthread_mutex_unlock(&audit->lock);

        cx_err passed = run_passes(audit);
        failed = cx_failed(passed);

        pthread_mutex_lock(&audit->lock);
        audit->flush_done = flush;
        audit->flush_result = passed;
        pthread_cond_broadcast(&audit->changed);
        pthread_mutex_unlock(&audit->lock);
    }
    return NULL;
}

cx_err audit_start(struct core *core, struct audit **ret_audit)
{
    struct audit *audit = calloc(1, sizeof(*audit));
    if (!audit)
        return CX_ERR(NOMEM);
    audit->core = core;
    audit->woken = true; /* what a crash left is the first work */
    pthread_mutex_init(&audit->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&audit->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (pthread_create(&audit->thread, NULL, sequencer_main, audit) != 0) {
        free(audit);
        return CX_ERR(NOMEM);
    }
    *ret_audit = audit;
    return CX_OK;
}

void audit_stop(struct audit *audit)
{
    if (!audit)
        return;
    pthread_mutex_lock(&audit->lock);
    audit->stopping = true;
    pthread_cond_broadcast(&audit->changed);
    pthread_mutex_unlock(&audit->lock);
    pthread_join(audit->thread, NULL); /* after a last pass */
    pthread_cond_destroy(&audit->changed);
    pthread_mutex_destroy(&audit->lock);
    free(audit);
}

void audit_wake(struct audit *audit)
{
    if (!audit)
        return;
    pthread_mutex_lock(&audit->lock);
    if (!audit->woken) {
        audit->woken = true;
        pthread_cond_broadcast(&audit->changed);
    }
    pthread_mutex_unlock(&audit->lock);
}

cx_err audit_flush(struct audit *audit)
{
    pthread_mutex_lock(&audit->lock);
    uint64_t wanted = ++audit->flush_wanted;
    pthread_cond_broadcast(&audit->changed);
    while (audit->flush_done < wanted)
        pthread_cond_wait(&audit->changed, &audit->lock);
    cx_err result = audit->flush_result;
    pthread_mutex_unlock(&audit->lock);
    return result;
}
