/* The state that the records add up to: unsettled intents, last CRL numbers, last checkpoints. */
#include "keys/journal_internal.h"

#include <stdlib.h>

enum { SERIAL_KEY_MAX = 16 + PKI_SERIAL_MAX, NUMBER_KEY_LEN = 20 };

static struct cx_bytes serial_key(uint8_t key[static SERIAL_KEY_MAX], struct cx_id issuer_id,
                                  struct cx_bytes serial)
{
    memcpy(key, issuer_id.b, sizeof(issuer_id.b));
    if (serial.len > 0)
        memcpy(key + sizeof(issuer_id.b), serial.ptr, serial.len);
    return CX_BYTES(key, sizeof(issuer_id.b) + serial.len);
}

static struct cx_bytes number_key(uint8_t key[static NUMBER_KEY_LEN], struct cx_id issuer_id,
                                  uint32_t shard)
{
    memcpy(key, issuer_id.b, sizeof(issuer_id.b));
    journal_put_u32(key + sizeof(issuer_id.b), shard);
    return CX_BYTES(key, NUMBER_KEY_LEN);
}

struct journal_intent *journal_index_find(const struct journal_index *index, struct cx_id intent_id)
{
    return cx_map_get(&index->intents, cx_id_bytes(&intent_id));
}

struct journal_intent *journal_index_find_serial(const struct journal_index *index,
                                                 struct cx_id issuer_id, struct cx_bytes serial)
{
    uint8_t key[SERIAL_KEY_MAX];
    return cx_map_get(&index->serials, serial_key(key, issuer_id, serial));
}

void journal_index_drop(struct journal_index *index, struct cx_id intent_id)
{
    struct journal_intent *intent = cx_map_take(&index->intents, cx_id_bytes(&intent_id));
    if (intent == NULL)
        return;
    uint8_t key[SERIAL_KEY_MAX];
    struct cx_bytes view = serial_key(key, intent->record.issuer_id, intent->record.serial);
    if (intent->record.serial.len > 0 && cx_map_get(&index->serials, view) == intent)
        (void)cx_map_take(&index->serials, view);
    free(intent);
}

cx_err journal_index_retire(struct journal_index *index, const struct journal_intent *intent,
                            cx_time until_us)
{
    struct journal_retired *retired = calloc(1, sizeof(*retired));
    if (retired == NULL)
        return CX_ERR(NOMEM);
    struct cx_bytes key = serial_key(retired->key, intent->record.issuer_id, intent->record.serial);
    retired->key_len = key.len;
    retired->until_us = until_us;
    cx_err err = cx_map_put(&index->retired, key, retired, NULL);
    if (cx_failed(err)) {
        free(retired);
        return err.code == CX_E_LIMIT ? CX_ERR(BUSY) : err;
    }
    *(index->newest != NULL ? &index->newest->next : &index->oldest) = retired;
    index->newest = retired;
    return CX_OK;
}

bool journal_index_is_retired(const struct journal_index *index, struct cx_id issuer_id,
                              struct cx_bytes serial)
{
    uint8_t key[SERIAL_KEY_MAX];
    return cx_map_get(&index->retired, serial_key(key, issuer_id, serial)) != NULL;
}

void journal_index_expire(struct journal_index *index, cx_time now_us)
{
    while (index->oldest != NULL && index->oldest->until_us < now_us) {
        struct journal_retired *retired = index->oldest;
        index->oldest = retired->next;
        if (index->oldest == NULL)
            index->newest = NULL;
        free(cx_map_take(&index->retired, CX_BYTES(retired->key, retired->key_len)));
    }
}

struct listing {
    struct cx_id after;
    size_t limit, count;
    struct journal_unsettled *rows;
};

static int compare(struct cx_id a, struct cx_id b)
{
    return cx_bytes_cmp(cx_id_bytes(&a), cx_id_bytes(&b));
}

static struct journal_unsettled unsettled_of(const struct journal_intent *intent)
{
    const struct journal_record *record = &intent->record;
    struct journal_unsettled row = {.intent_id = record->intent_id,
                                    .tenant_id = record->tenant_id,
                                    .issuer_id = record->issuer_id,
                                    .serial_len = record->serial.len,
                                    .state = intent->is_abandoned ? JOURNAL_STATE_ABANDONED
                                             : intent->is_signed  ? JOURNAL_STATE_SIGNED
                                                                  : JOURNAL_STATE_INTENDED};
    memcpy(row.serial, intent->serial, sizeof(row.serial));
    return row;
}

/* Keeps the smallest ids above list->after in order. */
static bool visit_listed(struct cx_bytes key, void *value, void *arg)
{
    const struct journal_intent *intent = value;
    const struct cx_id id = intent->record.intent_id;
    struct listing *list = arg;
    (void)key;
    if (compare(id, list->after) <= 0 ||
        (list->count == list->limit && compare(id, list->rows[list->count - 1].intent_id) > 0))
        return true;
    size_t at = list->count < list->limit ? list->count++ : list->limit - 1;
    for (; at > 0 && compare(list->rows[at - 1].intent_id, id) > 0; at--)
        list->rows[at] = list->rows[at - 1];
    list->rows[at] = unsettled_of(intent);
    return true;
}

void journal_index_list(const struct journal_index *index, struct cx_id after, size_t limit,
                        struct journal_unsettled *rows, size_t *ret_count)
{
    struct listing list = {.after = after, .limit = limit, .rows = rows};
    if (limit > 0)
        cx_map_each(&index->intents, visit_listed, &list);
    *ret_count = list.count;
}

static cx_err add_intent(struct journal_index *index, const struct journal_record *record,
                         struct journal_intent **ret_intent)
{
    struct journal_intent *intent = calloc(1, sizeof(*intent));
    if (intent == NULL)
        return CX_ERR(NOMEM);
    intent->record = *record;
    if (record->serial.len > 0)
        memcpy(intent->serial, record->serial.ptr, record->serial.len);
    if (record->profile.len > 0)
        memcpy(intent->profile, record->profile.ptr, record->profile.len);
    intent->record.serial.ptr = intent->serial;
    intent->record.profile.ptr = intent->profile;
    intent->record.der = CX_BYTES_NONE;
    cx_err err = cx_map_put(&index->intents, cx_id_bytes(&record->intent_id), intent, NULL);
    if (cx_failed(err)) {
        free(intent);
        return err.code == CX_E_LIMIT ? CX_ERR(BUSY) : err;
    }
    uint8_t key[SERIAL_KEY_MAX];
    if (record->serial.len > 0) {
        err = cx_map_put(&index->serials, serial_key(key, record->issuer_id, record->serial),
                         intent, NULL);
        if (cx_failed(err)) {
            journal_index_drop(index, record->intent_id);
            return err.code == CX_E_LIMIT ? CX_ERR(BUSY) : err;
        }
    }
    *ret_intent = intent;
    return CX_OK;
}

static cx_err set_number(struct journal_index *index, const struct journal_record *record)
{
    uint8_t key[NUMBER_KEY_LEN];
    struct cx_bytes view = number_key(key, record->issuer_id, record->shard);
    struct journal_number *number = cx_map_get(&index->numbers, view);
    if (number == NULL) {
        number = calloc(1, sizeof(*number));
        if (number == NULL)
            return CX_ERR(NOMEM);
        memcpy(number->key, key, sizeof(key));
        cx_err err = cx_map_put(&index->numbers, view, number, NULL);
        if (cx_failed(err)) {
            free(number);
            return err;
        }
    }
    number->number = record->number;
    return CX_OK;
}

static cx_err set_tree(struct journal_index *index, const struct journal_record *record)
{
    struct journal_tree *tree = cx_map_get(&index->trees, cx_id_bytes(&record->tenant_id));
    if (tree == NULL) {
        tree = calloc(1, sizeof(*tree));
        if (tree == NULL)
            return CX_ERR(NOMEM);
        tree->tenant_id = record->tenant_id;
        cx_err err = cx_map_put(&index->trees, cx_id_bytes(&record->tenant_id), tree, NULL);
        if (cx_failed(err)) {
            free(tree);
            return err;
        }
    }
    tree->size = record->number;
    memcpy(tree->root, record->hash, sizeof(tree->root));
    return CX_OK;
}

static cx_err set_signed(struct journal_index *index, const struct journal_record *record,
                         uint32_t segment, uint64_t offset)
{
    struct journal_intent *intent = journal_index_find(index, record->intent_id);
    if (intent == NULL || intent->is_abandoned)
        return CX_ERR(PARSE); /* no intent was journalled before it: not written by this program */
    intent->is_signed = true;
    intent->segment = segment;
    intent->offset = offset;
    return CX_OK;
}

static cx_err set_abandoned(struct journal_index *index, const struct journal_record *record)
{
    struct journal_intent *intent = journal_index_find(index, record->intent_id);
    if (intent == NULL)
        CX_TRY(add_intent(index, record, &intent));
    if (intent->is_signed)
        return CX_ERR(PARSE);
    intent->is_abandoned = true;
    return CX_OK;
}

cx_err journal_index_apply(struct journal_index *index, const struct journal_record *record,
                           uint32_t segment, uint64_t offset)
{
    struct journal_intent *intent = NULL;
    switch (record->type) {
    case JOURNAL_INTENDED:
        if (journal_index_find(index, record->intent_id) != NULL)
            return CX_ERR(PARSE);
        return add_intent(index, record, &intent);
    case JOURNAL_SIGNED:
        index->signed_count++;
        return set_signed(index, record, segment, offset);
    case JOURNAL_SIGNED_AT:
        return set_signed(index, record, record->shard, record->number);
    case JOURNAL_ABANDONED:
        return set_abandoned(index, record);
    case JOURNAL_SETTLED:
        journal_index_drop(index, record->intent_id);
        return CX_OK;
    case JOURNAL_CRL:
        return set_number(index, record);
    case JOURNAL_CHECKPOINT:
        return set_tree(index, record);
    case JOURNAL_RESPONDER:
        return CX_OK; /* evidence only */
    case JOURNAL_TYPE_COUNT:
        break;
    }
    return CX_ERR(PARSE);
}

uint64_t journal_index_number(const struct journal_index *index, struct cx_id issuer_id,
                              uint32_t shard)
{
    uint8_t key[NUMBER_KEY_LEN];
    const struct journal_number *number =
        cx_map_get(&index->numbers, number_key(key, issuer_id, shard));
    return number != NULL ? number->number : 0;
}

struct journal_tree *journal_index_tree(const struct journal_index *index, struct cx_id tenant_id)
{
    return cx_map_get(&index->trees, cx_id_bytes(&tenant_id));
}

void journal_index_clear(struct journal_index *index)
{
    cx_map_clear(&index->serials, NULL); /* its values belong to intents */
    cx_map_clear(&index->intents, free);
    cx_map_clear(&index->retired, free);
    index->oldest = index->newest = NULL;
    cx_map_clear(&index->numbers, free);
    cx_map_clear(&index->trees, free);
}
