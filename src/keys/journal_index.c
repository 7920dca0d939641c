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
    cx_map_clear(&index->numbers, free);
    cx_map_clear(&index->trees, free);
}
