/*
 * Writers append under the lock with plain writes; one thread syncs. Whoever needs durability waits
 * until the synced sequence reaches his record, so that one fdatasync serves all who wrote before
 * it began.
 *
 * After a failed fdatasync the kernel may have dropped the dirty pages: the journal then refuses
 * everything until the process is started again and has read what is really there.
 */
#include "keys/journal_internal.h"
#include "base/cleanup.h"
#include "pki/certificate.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

enum { SCRATCH_MAX = 4 * 1024 * 1024, SETTLE_BATCH = 256 };

static void *sync_main(void *arg)
{
    struct journal *journal = arg;
    pthread_mutex_lock(&journal->lock);
    while (!journal->is_stopping) {
        if (journal->wanted <= journal->synced || journal->has_failed) {
            pthread_cond_wait(&journal->work, &journal->lock);
            continue;
        }
        uint64_t upto = journal->sequence - 1, length = journal->length;
        journal->is_syncing = true;
        pthread_mutex_unlock(&journal->lock);
        bool is_synced = fdatasync(journal->fd) == 0;
        pthread_mutex_lock(&journal->lock);
        journal->is_syncing = false;
        if (is_synced) {
            journal->synced = upto;
            journal->durable = length;
            journal->sync_count++;
            journal_mark_durable(journal);
        } else {
            journal->has_failed = true;
        }
        pthread_cond_broadcast(&journal->done);
    }
    pthread_mutex_unlock(&journal->lock);
    return NULL;
}

static cx_err wait_synced(struct journal *journal, uint64_t sequence)
{
    if (journal->wanted < sequence)
        journal->wanted = sequence;
    pthread_cond_signal(&journal->work);
    while (journal->synced < sequence && !journal->has_failed)
        pthread_cond_wait(&journal->done, &journal->lock);
    return journal->synced >= sequence ? CX_OK : CX_ERR(IO);
}

/* Syncs the current segment here and now: rotation and close. */
static cx_err sync_now(struct journal *journal)
{
    while (journal->is_syncing)
        pthread_cond_wait(&journal->done, &journal->lock);
    if (journal->has_failed || fdatasync(journal->fd) != 0) {
        journal->has_failed = true;
        pthread_cond_broadcast(&journal->done);
        return CX_ERR(IO);
    }
    journal->synced = journal->sequence - 1;
    journal->durable = journal->length;
    pthread_cond_broadcast(&journal->done);
    return CX_OK;
}

/* First in every act, before the index is looked at: it may let go of the lock, and the snapshot
 * that a rotation writes must hold only what the records before it say. */
static cx_err begin_act(struct journal *journal)
{
    while (journal->is_syncing && journal->length >= journal->segment_max)
        pthread_cond_wait(&journal->done, &journal->lock);
    if (journal->has_failed)
        return CX_ERR(IO);
    if (journal->length < journal->segment_max)
        return CX_OK;
    CX_TRY(sync_now(journal));
    CX_TRY(journal_segment_new(journal));
    journal_mark_durable(journal);
    return journal_snapshot_write(journal);
}

/* Appends one frame; on failure the file and the chain are as before. *ret_offset is where it lies.
 */
static cx_err append(struct journal *journal, const struct journal_record *record,
                     uint64_t *ret_offset)
{
    cx_buf_reset(&journal->scratch);
    CX_TRY(journal_body_write(record, &journal->scratch));
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(SCRATCH_MAX);
    struct journal_frame frame = {.sequence = journal->sequence,
                                  .durable = journal->durable,
                                  .at_us = cx_now(journal->clock),
                                  .type = record->type,
                                  .body = cx_buf_view(&journal->scratch)};
    CX_TRY(journal_frame_write(&frame, journal->chain, &out));
    cx_err err = journal_pwrite(journal->fd, journal->length, cx_buf_view(&out));
    if (cx_failed(err)) {
        if (ftruncate(journal->fd, (off_t)journal->length) != 0)
            journal->has_failed = true;
        return err;
    }
    *ret_offset = journal->length;
    journal->length += frame.len;
    journal->sequence++;
    journal->index.record_count++;
    memcpy(journal->chain, frame.hash, sizeof(journal->chain));
    return CX_OK;
}

static void unlock(pthread_mutex_t **lock)
{
    pthread_mutex_unlock(*lock);
}
#define WITH_LOCK(journal)                                                                         \
    CX_CLEANUP(unlock) pthread_mutex_t *held_ = &(journal)->lock;                                  \
    pthread_mutex_lock(held_)

/* The intent is known already: sign it (again), return it, or refuse. */
static cx_err intend_again(struct journal *journal, struct journal_intent *intent,
                           const struct journal_record *record, struct arena *arena,
                           struct cx_diag *diag, struct cx_bytes *ret_der)
{
    if (intent->is_abandoned)
        return cx_refuse(diag, CX_ERR(POLICY), "", "intent-abandoned",
                         "this intent was abandoned and will never be signed");
    if (memcmp(intent->record.hash, record->hash, JOURNAL_HASH_LEN) != 0 ||
        !cx_id_eq(intent->record.issuer_id, record->issuer_id))
        return cx_refuse(diag, CX_ERR(CONFLICT), "", "intent-differs",
                         "this intent was journalled with other content");
    if (intent->is_busy)
        return CX_ERR(BUSY);
    if (intent->is_signed)
        return journal_read_der(journal, intent->segment, intent->offset, arena, ret_der);
    intent->is_busy = true;
    *ret_der = CX_BYTES_NONE;
    return CX_OK;
}

/* Made so long ago, or before this process watched, that it may have been used: what was settled is not remembered for
 * longer. One from the future could be used again after it is forgotten. */
static bool is_stale(const struct journal *journal, struct cx_bytes serial, cx_time now_us)
{
    cx_time made_us = 0;
    return cx_failed(pki_serial_time(serial, &made_us)) || made_us > now_us ||
           made_us <= journal->opened_us ||
           made_us < now_us - JOURNAL_SERIAL_AGE_MAX_S * CX_US_PER_S;
}

static cx_err check_serial(struct journal *journal, const struct journal_record *record,
                           struct cx_diag *diag)
{
    const cx_time now_us = cx_now(journal->clock);
    journal_index_expire(&journal->index, now_us);
    if (is_stale(journal, record->serial, now_us))
        return cx_refuse(diag, CX_ERR(BUSY), "/serial", "serial-stale",
                         "the serial number was not made just now");
    if (journal_index_is_retired(&journal->index, record->issuer_id, record->serial) ||
        journal_index_find_serial(&journal->index, record->issuer_id, record->serial) != NULL)
        return cx_refuse(diag, CX_ERR(CONFLICT), "/serial", "serial-reused",
                         "another intent of this issuer has this serial number");
    return CX_OK;
}

cx_err journal_intend(struct journal *journal, const struct journal_record *record,
                      struct arena *arena, struct cx_diag *diag, struct cx_bytes *ret_der)
{
    if (record->type != JOURNAL_INTENDED || record->serial.len == 0)
        return CX_ERR(USAGE);
    WITH_LOCK(journal);
    CX_TRY(begin_act(journal));
    struct journal_intent *intent = journal_index_find(&journal->index, record->intent_id);
    if (intent != NULL)
        return intend_again(journal, intent, record, arena, diag, ret_der);
    CX_TRY(check_serial(journal, record, diag));
    CX_TRY(journal_index_apply(&journal->index, record, 0, 0));
    uint64_t offset = 0;
    cx_err err = append(journal, record, &offset);
    if (cx_failed(err)) {
        journal_index_drop(&journal->index, record->intent_id);
        return err;
    }
    journal_index_find(&journal->index, record->intent_id)->is_busy = true;
    err = wait_synced(journal, journal->sequence - 1);
    if (cx_failed(err))
        return err;
    *ret_der = CX_BYTES_NONE;
    return CX_OK;
}

cx_err journal_signed(struct journal *journal, struct cx_id intent_id, struct cx_bytes der)
{
    WITH_LOCK(journal);
    CX_TRY(begin_act(journal));
    struct journal_intent *intent = journal_index_find(&journal->index, intent_id);
    if (intent == NULL || !intent->is_busy)
        return CX_ERR(USAGE);
    const struct journal_record record = {
        .type = JOURNAL_SIGNED, .intent_id = intent_id, .der = der};
    uint64_t offset = 0;
    CX_TRY(append(journal, &record, &offset));
    intent->is_busy = false;
    intent->is_signed = true;
    intent->segment = journal->segment;
    intent->offset = offset;
    journal->index.signed_count++;
    return CX_OK;
}

void journal_release(struct journal *journal, struct cx_id intent_id)
{
    WITH_LOCK(journal);
    struct journal_intent *intent = journal_index_find(&journal->index, intent_id);
    if (intent != NULL)
        intent->is_busy = false;
}

cx_err journal_find(struct journal *journal, struct cx_id intent_id, struct arena *arena,
                    enum journal_state *ret_state, struct cx_bytes *ret_der)
{
    WITH_LOCK(journal);
    const struct journal_intent *intent = journal_index_find(&journal->index, intent_id);
    struct cx_bytes der = CX_BYTES_NONE;
    if (intent != NULL && intent->is_signed)
        CX_TRY(journal_read_der(journal, intent->segment, intent->offset, arena, &der));
    *ret_state = intent == NULL || intent->is_abandoned ? JOURNAL_STATE_ABSENT
                 : intent->is_signed                    ? JOURNAL_STATE_SIGNED
                                                        : JOURNAL_STATE_INTENDED;
    *ret_der = der;
    return CX_OK;
}

/* A message that asks to sign it can still be on its way. */
static bool may_be_asked(const struct journal *journal, const struct journal_intent *intent,
                         cx_time now_us)
{
    const cx_time since_us = intent->abandoned_us != 0 ? intent->abandoned_us : journal->opened_us;
    if (intent->is_abandoned)
        return now_us - since_us <= JOURNAL_SERIAL_AGE_MAX_S * CX_US_PER_S;
    return !intent->is_signed && !is_stale(journal, intent->record.serial, now_us);
}

static cx_err settle_one(struct journal *journal, struct cx_id intent_id)
{
    const cx_time now_us = cx_now(journal->clock);
    const struct journal_intent *intent = journal_index_find(&journal->index, intent_id);
    if (intent == NULL || (!intent->is_busy && may_be_asked(journal, intent, now_us)))
        return CX_OK;
    if (intent->is_busy)
        return CX_ERR(BUSY);
    journal_index_expire(&journal->index, now_us);
    if (intent->is_signed && !is_stale(journal, intent->record.serial, now_us))
        CX_TRY(journal_index_retire(&journal->index, intent,
                                    now_us + JOURNAL_SERIAL_AGE_MAX_S * CX_US_PER_S));
    const struct journal_record record = {.type = JOURNAL_SETTLED, .intent_id = intent_id};
    uint64_t offset = 0;
    CX_TRY(append(journal, &record, &offset));
    journal_index_drop(&journal->index, intent_id);
    return CX_OK;
}

cx_err journal_settle(struct journal *journal, const struct cx_id *intent_ids, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        WITH_LOCK(journal);
        CX_TRY(begin_act(journal));
        CX_TRY(settle_one(journal, intent_ids[i]));
    }
    return CX_OK;
}

void journal_list(struct journal *journal, struct cx_id after, size_t limit,
                  struct journal_unsettled *rows, size_t *ret_count)
{
    WITH_LOCK(journal);
    journal_index_list(&journal->index, after, limit, rows, ret_count);
}

cx_err journal_abandon(struct journal *journal, struct cx_id intent_id, struct arena *arena,
                       struct cx_bytes *ret_der)
{
    WITH_LOCK(journal);
    CX_TRY(begin_act(journal));
    const struct journal_intent *intent = journal_index_find(&journal->index, intent_id);
    if (intent != NULL && intent->is_busy)
        return CX_ERR(BUSY);
    if (intent != NULL && intent->is_signed) {
        CX_TRY(journal_read_der(journal, intent->segment, intent->offset, arena, ret_der));
        return CX_ERR(CONFLICT);
    }
    if (intent != NULL && intent->is_abandoned)
        return wait_synced(journal, journal->sequence - 1);
    const bool was_known = intent != NULL;
    const struct journal_record record = {.type = JOURNAL_ABANDONED, .intent_id = intent_id};
    uint64_t offset = 0;
    if (!was_known)
        CX_TRY(journal_index_apply(&journal->index, &record, 0, 0));
    cx_err err = append(journal, &record, &offset);
    if (cx_failed(err)) {
        if (!was_known)
            journal_index_drop(&journal->index, intent_id);
        return err;
    }
    struct journal_intent *abandoned = journal_index_find(&journal->index, intent_id);
    abandoned->is_abandoned = true;
    abandoned->abandoned_us = cx_now(journal->clock);
    return wait_synced(journal, journal->sequence - 1);
}

cx_err journal_crl(struct journal *journal, struct cx_id issuer_id, uint32_t shard, uint64_t number,
                   struct cx_diag *diag, uint64_t *ret_number)
{
    WITH_LOCK(journal);
    CX_TRY(begin_act(journal));
    const uint64_t last = journal_index_number(&journal->index, issuer_id, shard);
    if (last >= INT64_MAX)
        return CX_ERR(LIMIT);
    if (number > last && number - last > JOURNAL_CRL_STEP_MAX)
        return cx_refuse(diag, CX_ERR(POLICY), "/number", "crl-number-jump",
                         "the last CRL number of this shard is %llu", (unsigned long long)last);
    const struct journal_record record = {.type = JOURNAL_CRL,
                                          .issuer_id = issuer_id,
                                          .shard = shard,
                                          .number = number > last ? number : last + 1};
    uint64_t offset = 0;
    CX_TRY(append(journal, &record, &offset));
    CX_TRY(journal_index_apply(&journal->index, &record, journal->segment, offset));
    CX_TRY(wait_synced(journal, journal->sequence - 1));
    *ret_number = record.number;
    return CX_OK;
}

/* How many entries a log may have more than at its last checkpoint. */
static uint64_t tree_room(const struct journal *journal, const struct journal_tree *last,
                          cx_time now_us)
{
    const bool seen = last != NULL && last->room_us != 0;
    const uint64_t room = seen ? last->room : JOURNAL_TREE_START;
    const cx_time since_us = seen ? last->room_us : journal->opened_us;
    const uint64_t passed_s = now_us > since_us ? (uint64_t)(now_us - since_us) / CX_US_PER_S : 0;
    if (passed_s >= JOURNAL_TREE_GROWTH_MAX / JOURNAL_TREE_RATE)
        return JOURNAL_TREE_GROWTH_MAX;
    const uint64_t grown = room + passed_s * JOURNAL_TREE_RATE;
    return grown < JOURNAL_TREE_GROWTH_MAX ? grown : JOURNAL_TREE_GROWTH_MAX;
}

cx_err journal_checkpoint(struct journal *journal, struct cx_id tenant_id, uint64_t size,
                          const uint8_t root[static JOURNAL_HASH_LEN], struct cx_diag *diag)
{
    WITH_LOCK(journal);
    CX_TRY(begin_act(journal));
    const struct journal_tree *last = journal_index_tree(&journal->index, tenant_id);
    const cx_time now_us = cx_now(journal->clock);
    const uint64_t room = tree_room(journal, last, now_us);
    const uint64_t last_size = last != NULL ? last->size : 0;
    if (last != NULL && size < last->size)
        return cx_refuse(diag, CX_ERR(POLICY), "/size", "checkpoint-smaller",
                         "a checkpoint of %llu entries was signed before: the log is older than "
                         "what was published",
                         (unsigned long long)last->size);
    if (last != NULL && size == last->size) {
        if (memcmp(last->root, root, JOURNAL_HASH_LEN) != 0)
            return cx_refuse(diag, CX_ERR(POLICY), "/root", "checkpoint-split",
                             "another root was signed for this size: the log was changed");
        return wait_synced(journal, journal->sequence - 1);
    }
    if (size > last_size && size - last_size > room)
        return cx_refuse(diag, CX_ERR(POLICY), "/size", "checkpoint-jump",
                         "the last checkpoint has %llu entries: no log grows this fast",
                         (unsigned long long)last_size);
    struct journal_record record = {
        .type = JOURNAL_CHECKPOINT, .tenant_id = tenant_id, .number = size};
    memcpy(record.hash, root, JOURNAL_HASH_LEN);
    uint64_t offset = 0;
    CX_TRY(append(journal, &record, &offset));
    CX_TRY(journal_index_apply(&journal->index, &record, journal->segment, offset));
    struct journal_tree *tree = journal_index_tree(&journal->index, tenant_id);
    tree->room = room - (size - last_size);
    tree->room_us = now_us;
    return wait_synced(journal, journal->sequence - 1);
}

cx_err journal_responder(struct journal *journal, struct cx_id issuer_id,
                         const uint8_t certificate_hash[static JOURNAL_HASH_LEN])
{
    WITH_LOCK(journal);
    CX_TRY(begin_act(journal));
    struct journal_record record = {.type = JOURNAL_RESPONDER, .issuer_id = issuer_id};
    memcpy(record.hash, certificate_hash, JOURNAL_HASH_LEN);
    uint64_t offset = 0;
    CX_TRY(append(journal, &record, &offset));
    return wait_synced(journal, journal->sequence - 1);
}

void journal_get_stats(struct journal *journal, struct journal_stats *ret_stats)
{
    WITH_LOCK(journal);
    *ret_stats = (struct journal_stats){.record_count = journal->index.record_count,
                                        .signed_count = journal->index.signed_count,
                                        .sync_count = journal->sync_count,
                                        .torn_len = journal->torn_len,
                                        .unsettled_count = (uint32_t)journal->index.intents.count};
}

static void stop_thread(struct journal *journal)
{
    if (!journal->has_thread)
        return;
    pthread_mutex_lock(&journal->lock);
    journal->is_stopping = true;
    pthread_cond_signal(&journal->work);
    pthread_mutex_unlock(&journal->lock);
    pthread_join(journal->thread, NULL);
    journal->has_thread = false;
}

static void release(struct journal *journal)
{
    stop_thread(journal);
    journal_index_clear(&journal->index);
    cx_buf_clear(&journal->scratch);
    cx_closep(&journal->fd);
    cx_closep(&journal->durable_fd);
    cx_closep(&journal->lock_fd);
    cx_closep(&journal->dir_fd);
    pthread_cond_destroy(&journal->work);
    pthread_cond_destroy(&journal->done);
    pthread_mutex_destroy(&journal->lock);
    cx_wipe(journal->mac_key, sizeof(journal->mac_key));
    free(journal);
}

void journal_close(struct journal *journal)
{
    if (journal == NULL)
        return;
    stop_thread(journal);
    pthread_mutex_lock(&journal->lock);
    if (cx_is_ok(sync_now(journal))) {
        journal_mark_durable(journal);
        CX_IGNORE(journal_snapshot_write(journal)); /* without it the next start reads more */
    }
    pthread_mutex_unlock(&journal->lock);
    release(journal);
}

static cx_err open_files(struct journal *journal, const struct journal_options *options,
                         struct cx_diag *diag)
{
    journal->dir_fd = fcntl(options->dir_fd, F_DUPFD_CLOEXEC, 3);
    if (journal->dir_fd < 0)
        return CX_ERR(IO);
    journal->lock_fd =
        openat(journal->dir_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    journal->durable_fd =
        openat(journal->dir_fd, "durable", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (journal->lock_fd < 0 || journal->durable_fd < 0)
        return CX_ERR(IO);
    if (flock(journal->lock_fd, LOCK_EX | LOCK_NB) != 0)
        return cx_refuse(diag, CX_ERR(BUSY), "", "journal-locked",
                         "another keys process has this journal open");
    CX_TRY(journal_replay(journal, diag));
    journal->synced = journal->sequence - 1;
    journal->opened_us = cx_now(journal->clock);
    journal_mark_durable(journal);
    return CX_OK;
}

cx_err journal_open(const struct journal_options *options, struct cx_diag *diag,
                    struct journal **ret_journal)
{
    if (options->mac_key.len != JOURNAL_KEY_LEN)
        return CX_ERR(USAGE);
    struct journal *journal = calloc(1, sizeof(*journal));
    if (journal == NULL)
        return CX_ERR(NOMEM);
    journal->dir_fd = journal->lock_fd = journal->durable_fd = journal->fd = -1;
    journal->clock = options->clock;
    journal->segment_max = options->segment_max != 0 ? options->segment_max : JOURNAL_SEGMENT_MAX;
    journal->index = JOURNAL_INDEX_INIT;
    journal->scratch = CX_BUF_INIT(JOURNAL_BODY_MAX);
    memcpy(journal->mac_key, options->mac_key.ptr, JOURNAL_KEY_LEN);
    pthread_mutex_init(&journal->lock, NULL);
    pthread_cond_init(&journal->work, NULL);
    pthread_cond_init(&journal->done, NULL);
    cx_err err = open_files(journal, options, diag);
    if (cx_is_ok(err) && pthread_create(&journal->thread, NULL, sync_main, journal) != 0)
        err = CX_ERR(NOMEM);
    if (cx_failed(err)) {
        release(journal);
        return err;
    }
    journal->has_thread = true;
    *ret_journal = journal;
    return CX_OK;
}
