/* A journal in a folder of its own under a clock that the test moves: what the tests of the journal share. */
#pragma once
#include "tests/lib/test.h"

#include "base/cleanup.h"
#include "keys/journal.h"
#include "pki/certificate.h"
#include "scratch_dir.h"

#include <fcntl.h>

struct fixture {
    struct scratch_dir dir;
    struct cx_clock clock;
    cx_time at_us; /* what clock says */
    struct journal *journal;
    struct arena arena;
    struct cx_diag diag;
    uint64_t segment_max;
};

static const uint8_t mac_key[JOURNAL_KEY_LEN] = {42};

static inline void later(struct fixture *f, int64_t seconds)
{
    f->at_us += seconds * CX_US_PER_S;
    cx_clock_fixed(&f->clock, f->at_us);
}

static inline cx_err open_with(struct fixture *f, const uint8_t *key)
{
    CX_AUTO_CLOSE int dir_fd = open(f->dir.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(dir_fd >= 0);
    struct journal_options options = {.dir_fd = dir_fd,
                                      .clock = &f->clock,
                                      .mac_key = CX_BYTES(key, JOURNAL_KEY_LEN),
                                      .segment_max = f->segment_max};
    f->diag = CX_DIAG_INIT;
    CX_TRY(journal_open(&options, &f->diag, &f->journal));
    later(f, 1); /* serial numbers made before the journal was open are refused */
    return CX_OK;
}

static inline cx_err reopen(struct fixture *f)
{
    return open_with(f, mac_key);
}

static inline void close_journal(struct fixture *f)
{
    journal_close(f->journal);
    f->journal = NULL;
}

static inline int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    scratch_make(&f->dir);
    later(f, 1000);
    f->arena = ARENA_INIT(1 << 20);
    assert_ok(reopen(f));
    *state = f;
    return 0;
}

static inline int teardown(void **state)
{
    struct fixture *f = *state;
    journal_close(f->journal);
    arena_clear(&f->arena);
    scratch_clear(&f->dir);
    free(f);
    return 0;
}

static inline void make_serial(struct fixture *f, uint32_t n,
                               uint8_t ret_serial[static PKI_SERIAL_LEN])
{
    uint8_t random[16] = {0};
    journal_put_u32(random + 8, n);
    pki_serial_make(0, random, ret_serial);
    pki_serial_stamp(ret_serial, f->at_us);
}

static inline struct journal_record intended(uint8_t n, const uint8_t *serial)
{
    struct journal_record record = {.type = JOURNAL_INTENDED,
                                    .intent_id = {{n}},
                                    .tenant_id = {{7}},
                                    .issuer_id = {{8}},
                                    .profile = CX_STR("server-tls"),
                                    .version = 1,
                                    .serial = CX_BYTES(serial, PKI_SERIAL_LEN)};
    memset(record.hash, n, sizeof(record.hash));
    return record;
}

static inline cx_err intend(struct fixture *f, uint8_t n, uint32_t serial, struct cx_bytes *ret_der)
{
    uint8_t bytes[PKI_SERIAL_LEN];
    make_serial(f, serial, bytes);
    struct journal_record record = intended(n, bytes);
    f->diag = CX_DIAG_INIT;
    return journal_intend(f->journal, &record, &f->arena, &f->diag, ret_der);
}

static inline void issue(struct fixture *f, uint8_t n, struct cx_str der)
{
    struct cx_bytes known;
    assert_ok(intend(f, n, n, &known));
    assert_int_equal(known.len, 0);
    assert_ok(journal_signed(f->journal, (struct cx_id){{n}}, cx_str_bytes(der)));
}
