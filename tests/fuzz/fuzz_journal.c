/* The journal of keys: records and frames, and a whole segment as a start reads it. A body that is accepted is written as it
 * was read; of a segment the intact records are kept, and what is read once is read the same again. */
#include "tests/fuzz/fuzz.h"
#include "base/cleanup.h"
#include "keys/journal.h"
#include "keys/journal_record.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[64];
static int dir_fd = -1;

static void body(enum journal_type type, struct cx_bytes bytes)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(JOURNAL_BODY_MAX);
    struct journal_record record;
    if (cx_failed(journal_body_parse(type, bytes, &record)))
        return;
    FUZZ_REQUIRE(record.type == type && cx_is_ok(journal_body_write(&record, &out)));
    FUZZ_REQUIRE(cx_bytes_eq(cx_buf_view(&out), bytes));
}

/* The hash at the end is made to fit, or no mutation would be read any further. */
static void frame(struct cx_bytes bytes)
{
    static const uint8_t previous[JOURNAL_HASH_LEN];
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(JOURNAL_BODY_MAX + 128);
    struct journal_frame parsed, written;
    if (bytes.len < 2)
        return;
    written = (struct journal_frame){.sequence = bytes.ptr[1],
                                     .durable = bytes.len,
                                     .type = (enum journal_type)bytes.ptr[0],
                                     .body = CX_BYTES(bytes.ptr + 1, bytes.len - 1)};
    if (cx_failed(journal_frame_write(&written, previous, &out)))
        return;
    if (cx_is_ok(journal_frame_parse(cx_buf_view(&out), previous, &parsed)))
        FUZZ_REQUIRE(parsed.len == out.len && cx_bytes_eq(parsed.body, written.body) &&
                     parsed.sequence == written.sequence && parsed.durable == written.durable);
    (void)journal_frame_parse(bytes, previous, &parsed);
}

static bool read_journal(struct journal_stats *ret_stats)
{
    static const uint8_t mac_key[JOURNAL_KEY_LEN];
    struct cx_clock clock;
    struct cx_diag diag = CX_DIAG_INIT;
    struct journal *journal = NULL;
    cx_clock_system(&clock);
    const struct journal_options options = {
        .dir_fd = dir_fd, .clock = &clock, .mac_key = CX_BYTES(mac_key, sizeof(mac_key))};
    if (cx_failed(journal_open(&options, &diag, &journal)))
        return false;
    journal_get_stats(journal, ret_stats);
    journal_close(journal);
    return true;
}

static void put(const char *name, struct cx_bytes content)
{
    int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FUZZ_REQUIRE(fd >= 0 && write(fd, content.ptr, content.len) == (ssize_t)content.len);
    close(fd);
}

/* A segment of records {type, length, body}, chained as they have to be; what is left over is its end as it is. */
static void make_segment(struct cx_bytes bytes, struct cx_buf *out)
{
    uint8_t previous[JOURNAL_HASH_LEN] = {0};
    uint8_t header[56] = "CXJRNL1\n";
    header[8] = 1;  /* segment */
    header[16] = 1; /* sequence of the first record */
    FUZZ_REQUIRE(cx_is_ok(cx_buf_add(out, CX_BYTES(header, sizeof(header)))));
    for (uint64_t sequence = 1; bytes.len > 2 && bytes.ptr[1] <= bytes.len - 2; sequence++) {
        struct journal_frame frame = {.sequence = sequence,
                                      .type = (enum journal_type)bytes.ptr[0],
                                      .body = CX_BYTES(bytes.ptr + 2, bytes.ptr[1])};
        if (cx_failed(journal_frame_write(&frame, previous, out)))
            break;
        memcpy(previous, frame.hash, sizeof(previous));
        bytes = CX_BYTES(bytes.ptr + 2 + frame.body.len, bytes.len - 2 - frame.body.len);
    }
    FUZZ_REQUIRE(cx_is_ok(cx_buf_add(out, bytes)));
}

static void empty_directory(void)
{
    static const char *const files[] = {"00000001.log", "00000002.log", "snapshot", "durable",
                                        "lock"};
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        (void)unlinkat(dir_fd, files[i], 0);
}

static void remove_directory(void)
{
    empty_directory();
    (void)rmdir(dir);
}

/* In memory where there is such a place: the journal syncs a lot. */
static void make_directory(void)
{
    snprintf(dir, sizeof(dir), "%s/certinext-fuzz-journal-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    FUZZ_REQUIRE(mkdtemp(dir) != NULL);
    dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    FUZZ_REQUIRE(dir_fd >= 0 && atexit(remove_directory) == 0);
}

static void segment(struct cx_bytes bytes)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf file = CX_BUF_INIT(1 << 22);
    struct journal_stats first, second;
    if (dir_fd < 0)
        make_directory();
    empty_directory();
    make_segment(bytes, &file);
    put("00000001.log", cx_buf_view(&file));
    if (!read_journal(&first))
        return;
    FUZZ_REQUIRE(read_journal(&second)); /* from the snapshot that closing wrote */
    FUZZ_REQUIRE(first.record_count == second.record_count && second.torn_len == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct cx_bytes bytes = CX_BYTES(data, size);
    if (size > 0)
        body((enum journal_type)(data[0] % (JOURNAL_TYPE_COUNT + 1)), CX_BYTES(data + 1, size - 1));
    frame(bytes);
    segment(bytes);
    return 0;
}
