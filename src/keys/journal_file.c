/*
 * Segments on disk. A segment starts with magic, its number, the sequence of its first record and
 * the chain hash so far; that hash comes last, so that the 32 octets before any record are the hash
 * it follows.
 */
#include "base/cleanup.h"
#include "keys/journal_internal.h"

#include "crypto/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const uint8_t segment_magic[8] = {'C', 'X', 'J', 'R', 'N', 'L', '1', '\n'};
static const uint8_t durable_magic[8] = {'C', 'X', 'J', 'D', 'U', 'R', '1', '\n'};

enum { DURABLE_LEN = 8 + 8 + 8 + 8, SEGMENTS_MAX = 10 * 1000 * 1000 };

void journal_segment_name(uint32_t segment, char ret_name[static SEGMENT_NAME_MAX])
{
    (void)snprintf(ret_name, SEGMENT_NAME_MAX, "%08u.log", segment);
}

cx_err journal_pread(int fd, uint64_t offset, uint8_t *ret_bytes, size_t len)
{
    for (size_t done = 0; done < len;) {
        ssize_t n = pread(fd, ret_bytes + done, len - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return CX_ERR(IO);
        done += (size_t)n;
    }
    return CX_OK;
}

cx_err journal_pwrite(int fd, uint64_t offset, struct cx_bytes bytes)
{
    for (size_t done = 0; done < bytes.len;) {
        ssize_t n = pwrite(fd, bytes.ptr + done, bytes.len - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return CX_ERR(IO);
        done += (size_t)n;
    }
    return CX_OK;
}

cx_err journal_segment_new(struct journal *journal)
{
    if (journal->segment >= SEGMENTS_MAX)
        return CX_ERR(LIMIT);
    uint8_t header[SEGMENT_HEADER_LEN];
    memcpy(header, segment_magic, sizeof(segment_magic));
    journal_put_u64(header + 8, journal->segment + 1u);
    journal_put_u64(header + 16, journal->sequence);
    memcpy(header + 24, journal->chain, JOURNAL_HASH_LEN);
    char name[SEGMENT_NAME_MAX];
    journal_segment_name(journal->segment + 1, name);
    CX_AUTO_CLOSE int fd =
        openat(journal->dir_fd, ".new", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return CX_ERR(IO);
    CX_TRY(journal_pwrite(fd, 0, CX_BYTES(header, sizeof(header))));
    if (fsync(fd) != 0 || renameat(journal->dir_fd, ".new", journal->dir_fd, name) != 0 ||
        fsync(journal->dir_fd) != 0)
        return CX_ERR(IO);
    if (journal->fd >= 0)
        close(journal->fd);
    journal->fd = CX_TAKE_FD(fd);
    journal->segment++;
    journal->length = journal->durable = SEGMENT_HEADER_LEN;
    return CX_OK;
}

static cx_err durable_sum(const uint8_t *bytes, uint8_t *ret_sum)
{
    uint8_t digest[CRYPTO_SHA256_LEN];
    CX_TRY(crypto_sha256(CX_BYTES(bytes, DURABLE_LEN - 8), digest));
    memcpy(ret_sum, digest, 8);
    return CX_OK;
}

/* Written after each sync and itself not synced: it never claims more than is on disk, and after a
 * power loss it may claim less. Its only use is to notice that something durable has gone. */
void journal_mark_durable(struct journal *journal)
{
    uint8_t mark[DURABLE_LEN];
    memcpy(mark, durable_magic, sizeof(durable_magic));
    journal_put_u64(mark + 8, journal->segment);
    journal_put_u64(mark + 16, journal->durable);
    if (cx_is_ok(durable_sum(mark, mark + 24)))
        CX_IGNORE(journal_pwrite(journal->durable_fd, 0, CX_BYTES(mark, sizeof(mark))));
}

/* 0 when there is no readable mark. */
static void read_durable(const struct journal *journal, uint64_t *ret_segment, uint64_t *ret_length)
{
    uint8_t mark[DURABLE_LEN], sum[8];
    *ret_segment = *ret_length = 0;
    if (cx_failed(journal_pread(journal->durable_fd, 0, mark, sizeof(mark))) ||
        memcmp(mark, durable_magic, sizeof(durable_magic)) != 0 ||
        cx_failed(durable_sum(mark, sum)) || memcmp(sum, mark + 24, sizeof(sum)) != 0)
        return;
    *ret_segment = journal_get_u64(mark + 8);
    *ret_length = journal_get_u64(mark + 16);
}

struct mapping {
    uint8_t *ptr;
    size_t len;
};

static void mapping_clear(struct mapping *map)
{
    if (map->ptr != NULL)
        munmap(map->ptr, map->len);
}

/* CX_E_NOTFOUND when there is no such segment; CX_E_PARSE when its header is not the one expected.
 */
static cx_err map_segment(int dir_fd, uint32_t segment, uint64_t sequence, const uint8_t *chain,
                          int *ret_fd, struct mapping *ret_map)
{
    char name[SEGMENT_NAME_MAX];
    journal_segment_name(segment, name);
    CX_AUTO_CLOSE int fd = openat(dir_fd, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT ? CX_ERR(NOTFOUND) : CX_ERR(IO);
    struct stat st;
    if (fstat(fd, &st) != 0)
        return CX_ERR(IO);
    if (st.st_size < SEGMENT_HEADER_LEN)
        return CX_ERR(PARSE);
    void *ptr = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (ptr == MAP_FAILED)
        return CX_ERR(NOMEM);
    CX_CLEANUP(mapping_clear) struct mapping map = {ptr, (size_t)st.st_size};
    if (memcmp(map.ptr, segment_magic, sizeof(segment_magic)) != 0 ||
        journal_get_u64(map.ptr + 8) != segment ||
        (chain != NULL && (journal_get_u64(map.ptr + 16) != sequence ||
                           memcmp(map.ptr + 24, chain, JOURNAL_HASH_LEN) != 0)))
        return CX_ERR(PARSE);
    *ret_map = map;
    map.ptr = NULL;
    *ret_fd = CX_TAKE_FD(fd);
    return CX_OK;
}

/* Does an intact record that lies beyond bad say that bad was on disk when it was written? */
static bool is_durable_damage(struct cx_bytes file, uint64_t bad)
{
    for (uint64_t at = bad + 1; at + JOURNAL_HEADER_LEN + JOURNAL_HASH_LEN <= file.len; at++) {
        struct journal_frame frame;
        if (file.ptr[at] == 'C' && at >= JOURNAL_HASH_LEN &&
            cx_is_ok(journal_frame_parse(CX_BYTES(file.ptr + at, file.len - at),
                                         file.ptr + at - JOURNAL_HASH_LEN, &frame)) &&
            frame.durable > bad)
            return true;
    }
    return false;
}

struct walk {
    int dir_fd;
    uint32_t segment;
    uint64_t offset, sequence;
    uint8_t chain[JOURNAL_HASH_LEN];
    uint64_t durable_segment, durable_length;
    struct journal_index *index; /* or NULL */
    journal_visit visit;         /* or NULL */
    void *arg;
    int fd; /* of the last segment walked */
    uint64_t torn_len;
};

static cx_err walk_frame(struct walk *walk, const struct journal_frame *frame)
{
    struct journal_record record;
    CX_TRY(journal_body_parse(frame->type, frame->body, &record));
    if (frame->sequence != walk->sequence)
        return CX_ERR(PARSE);
    if (walk->index != NULL) {
        CX_TRY(journal_index_apply(walk->index, &record, walk->segment, walk->offset));
        walk->index->record_count++;
    }
    if (walk->visit != NULL)
        CX_TRY(walk->visit(frame, &record, walk->arg));
    memcpy(walk->chain, frame->hash, sizeof(walk->chain));
    walk->sequence++;
    walk->offset += frame->len;
    return CX_OK;
}

static bool segment_exists(int dir_fd, uint32_t segment)
{
    char name[SEGMENT_NAME_MAX];
    journal_segment_name(segment, name);
    return faccessat(dir_fd, name, F_OK, 0) == 0;
}

static cx_err damaged(const struct walk *walk, struct cx_diag *diag, const char *what)
{
    return cx_refuse(diag, CX_ERR(PARSE), "", "journal-damaged",
                     "journal segment %08u is damaged at octet %llu (%s): restore keys/journal "
                     "from a backup, do not edit it",
                     walk->segment, (unsigned long long)walk->offset, what);
}

/* Walks one segment from walk->offset to its end. */
static cx_err walk_segment(struct walk *walk, struct cx_bytes file, bool is_last,
                           struct cx_diag *diag)
{
    if (walk->offset > file.len)
        return damaged(walk, diag, "shorter than its snapshot says");
    while (walk->offset < file.len) {
        struct journal_frame frame;
        struct cx_bytes rest = CX_BYTES(file.ptr + walk->offset, file.len - walk->offset);
        if (cx_failed(journal_frame_parse(rest, walk->chain, &frame)))
            break;
        cx_err err = walk_frame(walk, &frame);
        if (err.code == CX_E_PARSE)
            return damaged(walk, diag, "a record that cannot follow");
        CX_TRY(err);
    }
    if (walk->durable_segment == walk->segment && walk->offset < walk->durable_length)
        return damaged(walk, diag, "records known to be on disk are gone");
    if (walk->offset < file.len && (!is_last || is_durable_damage(file, walk->offset)))
        return damaged(walk, diag, "intact records follow");
    walk->torn_len = file.len - walk->offset;
    return CX_OK;
}

static cx_err walk_segments(struct walk *walk, struct cx_diag *diag)
{
    for (;;) {
        CX_CLEANUP(mapping_clear) struct mapping map = {0};
        CX_AUTO_CLOSE int fd = -1;
        /* Further in than its header, where a snapshot may start, the chain has moved on. */
        const uint8_t *chain = walk->offset == SEGMENT_HEADER_LEN ? walk->chain : NULL;
        cx_err err = map_segment(walk->dir_fd, walk->segment, walk->sequence, chain, &fd, &map);
        if (err.code == CX_E_PARSE)
            return damaged(walk, diag, "its header does not continue the segment before");
        if (err.code == CX_E_NOTFOUND)
            return damaged(walk, diag, "the file is missing");
        CX_TRY(err);
        bool is_last = !segment_exists(walk->dir_fd, walk->segment + 1);
        CX_TRY(walk_segment(walk, CX_BYTES(map.ptr, map.len), is_last, diag));
        if (is_last) {
            if (walk->durable_segment > walk->segment)
                return damaged(walk, diag, "a later segment is gone");
            walk->fd = CX_TAKE_FD(fd);
            return CX_OK;
        }
        walk->segment++;
        walk->offset = SEGMENT_HEADER_LEN;
    }
}

cx_err journal_replay(struct journal *journal, struct cx_diag *diag)
{
    cx_err err = journal_snapshot_read(journal);
    bool has_snapshot = cx_is_ok(err);
    if (err.code == CX_E_PARSE)
        return cx_refuse(diag, err, "", "journal-damaged",
                         "the journal's snapshot is damaged or belongs to another key: restore "
                         "keys/journal from a backup");
    if (!has_snapshot && err.code != CX_E_NOTFOUND)
        return err;
    struct walk walk = {.dir_fd = journal->dir_fd,
                        .segment = 1,
                        .offset = SEGMENT_HEADER_LEN,
                        .sequence = 1,
                        .index = &journal->index,
                        .fd = -1};
    if (has_snapshot) {
        walk.segment = journal->segment;
        walk.offset = journal->length;
        walk.sequence = journal->sequence;
        memcpy(walk.chain, journal->chain, sizeof(walk.chain));
    }
    read_durable(journal, &walk.durable_segment, &walk.durable_length);
    if (!has_snapshot && walk.durable_segment == 0 && !segment_exists(journal->dir_fd, 1)) {
        journal->sequence = 1;
        return journal_segment_new(journal);
    }
    CX_TRY(walk_segments(&walk, diag));
    CX_AUTO_CLOSE int fd = walk.fd;
    /* A torn tail is cut, and what remains is made durable before anything is built on it. */
    if ((walk.torn_len > 0 && ftruncate(fd, (off_t)walk.offset) != 0) || fsync(fd) != 0)
        return CX_ERR(IO);
    journal->fd = CX_TAKE_FD(fd);
    journal->segment = walk.segment;
    journal->length = journal->durable = walk.offset;
    journal->sequence = walk.sequence;
    memcpy(journal->chain, walk.chain, sizeof(journal->chain));
    journal->torn_len = walk.torn_len;
    return CX_OK;
}

cx_err journal_scan(int dir_fd, journal_visit visit, void *arg, struct cx_diag *diag)
{
    struct walk walk = {.dir_fd = dir_fd,
                        .segment = 1,
                        .offset = SEGMENT_HEADER_LEN,
                        .sequence = 1,
                        .visit = visit,
                        .arg = arg,
                        .fd = -1};
    CX_TRY(walk_segments(&walk, diag));
    close(walk.fd);
    return CX_OK;
}

cx_err journal_read_der(const struct journal *journal, uint32_t segment, uint64_t offset,
                        struct arena *arena, struct cx_bytes *ret_der)
{
    char name[SEGMENT_NAME_MAX];
    journal_segment_name(segment, name);
    CX_AUTO_CLOSE int fd = openat(journal->dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || offset < SEGMENT_HEADER_LEN)
        return CX_ERR(IO);
    uint8_t before[JOURNAL_HASH_LEN + JOURNAL_HEADER_LEN];
    CX_TRY(journal_pread(fd, offset - JOURNAL_HASH_LEN, before, sizeof(before)));
    size_t body_len = journal_get_u32(before + JOURNAL_HASH_LEN + 4);
    if (body_len > JOURNAL_BODY_MAX)
        return CX_ERR(PARSE);
    size_t len = JOURNAL_HEADER_LEN + body_len + JOURNAL_HASH_LEN;
    CX_CLEANUP(cx_buf_clear) struct cx_buf buf = CX_BUF_INIT(JOURNAL_BODY_MAX + 1024);
    CX_TRY(cx_buf_reserve(&buf, len));
    CX_TRY(journal_pread(fd, offset, buf.ptr, len));
    struct journal_frame frame;
    struct journal_record record;
    CX_TRY(journal_frame_parse(CX_BYTES(buf.ptr, len), before, &frame));
    CX_TRY(journal_body_parse(frame.type, frame.body, &record));
    if (record.type != JOURNAL_SIGNED)
        return CX_ERR(PARSE);
    return arena_copy(arena, record.der, ret_der);
}
