/*
 * The snapshot: the index at one place of the journal, so that start-up reads from there on. It is
 * authenticated under the key-encryption key and replaced as a whole. Deleting it costs time only.
 * magic, segment u64, length u64, sequence u64, chain[32], records u64, signed u64, then bodies of
 * journal records {type u32, length u32, body}, then HMAC-SHA256 over all of it.
 */
#include "base/cleanup.h"
#include "crypto/hash.h"
#include "keys/journal_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEAD_LEN = 8 + 8 + 8 + 8 + JOURNAL_HASH_LEN + 8 + 8, SNAPSHOT_MAX = 256 * 1024 * 1024 };

static const uint8_t snapshot_magic[8] = {'C', 'X', 'J', 'S', 'N', 'P', '1', '\n'};

struct writer {
    struct cx_buf *out;
    struct cx_buf body;
    cx_err err;
};

static cx_err add_record(struct writer *writer, const struct journal_record *record)
{
    uint8_t head[8];
    cx_buf_reset(&writer->body);
    CX_TRY(journal_body_write(record, &writer->body));
    journal_put_u32(head, (uint32_t)record->type);
    journal_put_u32(head + 4, (uint32_t)writer->body.len);
    CX_TRY(cx_buf_add(writer->out, CX_BYTES(head, sizeof(head))));
    return cx_buf_add(writer->out, cx_buf_view(&writer->body));
}

static cx_err add_intent(struct writer *writer, const struct journal_intent *intent)
{
    struct journal_record record = intent->record;
    if (record.type == JOURNAL_INTENDED)
        CX_TRY(add_record(writer, &record));
    if (intent->is_abandoned) {
        record.type = JOURNAL_ABANDONED;
        return add_record(writer, &record);
    }
    if (!intent->is_signed)
        return CX_OK;
    record.type = JOURNAL_SIGNED_AT;
    record.shard = intent->segment;
    record.number = intent->offset;
    return add_record(writer, &record);
}

static bool visit_intent(struct cx_bytes key, void *value, void *arg)
{
    struct writer *writer = arg;
    (void)key;
    writer->err = add_intent(writer, value);
    return cx_is_ok(writer->err);
}

static bool visit_number(struct cx_bytes key, void *value, void *arg)
{
    struct writer *writer = arg;
    const struct journal_number *number = value;
    struct journal_record record = {.type = JOURNAL_CRL, .number = number->number};
    (void)key;
    memcpy(record.issuer_id.b, number->key, sizeof(record.issuer_id.b));
    record.shard = journal_get_u32(number->key + sizeof(record.issuer_id.b));
    writer->err = add_record(writer, &record);
    return cx_is_ok(writer->err);
}

static bool visit_tree(struct cx_bytes key, void *value, void *arg)
{
    struct writer *writer = arg;
    const struct journal_tree *tree = value;
    struct journal_record record = {
        .type = JOURNAL_CHECKPOINT, .tenant_id = tree->tenant_id, .number = tree->size};
    (void)key;
    memcpy(record.hash, tree->root, sizeof(record.hash));
    writer->err = add_record(writer, &record);
    return cx_is_ok(writer->err);
}

static cx_err encode(const struct journal *journal, struct cx_buf *out)
{
    uint8_t head[HEAD_LEN];
    memcpy(head, snapshot_magic, sizeof(snapshot_magic));
    journal_put_u64(head + 8, journal->segment);
    journal_put_u64(head + 16, journal->length);
    journal_put_u64(head + 24, journal->sequence);
    memcpy(head + 32, journal->chain, JOURNAL_HASH_LEN);
    journal_put_u64(head + 64, journal->index.record_count);
    journal_put_u64(head + 72, journal->index.signed_count);
    CX_TRY(cx_buf_add(out, CX_BYTES(head, sizeof(head))));
    struct writer writer = {.out = out, .body = CX_BUF_INIT(JOURNAL_BODY_MAX), .err = CX_OK};
    cx_map_each(&journal->index.intents, visit_intent, &writer);
    if (cx_is_ok(writer.err))
        cx_map_each(&journal->index.numbers, visit_number, &writer);
    if (cx_is_ok(writer.err))
        cx_map_each(&journal->index.trees, visit_tree, &writer);
    cx_buf_clear(&writer.body);
    CX_TRY(writer.err);
    struct cx_bytes content = cx_buf_view(out);
    uint8_t mac[CRYPTO_SHA256_LEN];
    CX_TRY(crypto_hmac_sha256(CX_BYTES(journal->mac_key, JOURNAL_KEY_LEN), &content, 1, mac));
    return cx_buf_add(out, CX_BYTES(mac, sizeof(mac)));
}

/* The place a snapshot names must be on disk before the snapshot is: the caller has synced the
 * segment. */
cx_err journal_snapshot_write(struct journal *journal)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(SNAPSHOT_MAX);
    CX_TRY(encode(journal, &out));
    CX_AUTO_CLOSE int fd = openat(journal->dir_fd, ".snapshot",
                                  O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return CX_ERR(IO);
    CX_TRY(journal_pwrite(fd, 0, cx_buf_view(&out)));
    if (fsync(fd) != 0 ||
        renameat(journal->dir_fd, ".snapshot", journal->dir_fd, "snapshot") != 0 ||
        fsync(journal->dir_fd) != 0)
        return CX_ERR(IO);
    return CX_OK;
}

static cx_err decode_records(struct journal *journal, struct cx_bytes rest)
{
    while (rest.len > 0) {
        if (rest.len < 8)
            return CX_ERR(PARSE);
        enum journal_type type = (enum journal_type)journal_get_u32(rest.ptr);
        size_t len = journal_get_u32(rest.ptr + 4);
        if (len > rest.len - 8)
            return CX_ERR(PARSE);
        struct journal_record record;
        CX_TRY(journal_body_parse(type, CX_BYTES(rest.ptr + 8, len), &record));
        CX_TRY(journal_index_apply(&journal->index, &record, 0, 0));
        rest = CX_BYTES(rest.ptr + 8 + len, rest.len - 8 - len);
    }
    return CX_OK;
}

static cx_err decode(struct journal *journal, struct cx_bytes file)
{
    if (file.len < HEAD_LEN + CRYPTO_SHA256_LEN ||
        memcmp(file.ptr, snapshot_magic, sizeof(snapshot_magic)) != 0)
        return CX_ERR(PARSE);
    struct cx_bytes content = CX_BYTES(file.ptr, file.len - CRYPTO_SHA256_LEN);
    uint8_t mac[CRYPTO_SHA256_LEN];
    CX_TRY(crypto_hmac_sha256(CX_BYTES(journal->mac_key, JOURNAL_KEY_LEN), &content, 1, mac));
    if (!crypto_ct_equal(CX_BYTES(mac, sizeof(mac)),
                         CX_BYTES(content.ptr + content.len, sizeof(mac))))
        return CX_ERR(PARSE);
    CX_TRY(decode_records(journal, CX_BYTES(content.ptr + HEAD_LEN, content.len - HEAD_LEN)));
    journal->segment = (uint32_t)journal_get_u64(content.ptr + 8);
    journal->length = journal_get_u64(content.ptr + 16);
    journal->sequence = journal_get_u64(content.ptr + 24);
    memcpy(journal->chain, content.ptr + 32, JOURNAL_HASH_LEN);
    journal->index.record_count = journal_get_u64(content.ptr + 64);
    journal->index.signed_count = journal_get_u64(content.ptr + 72);
    return CX_OK;
}

cx_err journal_snapshot_read(struct journal *journal)
{
    CX_AUTO_CLOSE int fd = openat(journal->dir_fd, "snapshot", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT ? CX_ERR(NOTFOUND) : CX_ERR(IO);
    struct stat st;
    if (fstat(fd, &st) != 0)
        return CX_ERR(IO);
    if (st.st_size < 0 || st.st_size > SNAPSHOT_MAX)
        return CX_ERR(PARSE);
    CX_CLEANUP(cx_buf_clear) struct cx_buf file = CX_BUF_INIT(SNAPSHOT_MAX);
    CX_TRY(cx_buf_reserve(&file, (size_t)st.st_size + 1));
    CX_TRY(journal_pread(fd, 0, file.ptr, (size_t)st.st_size));
    return decode(journal, CX_BYTES(file.ptr, (size_t)st.st_size));
}
