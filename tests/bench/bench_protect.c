/* Sealing, opening and indexing of a 256-byte field with a warm data key, one thread. */
#include "tests/lib/test.h"
#include "tests/bench/bench.h"
#include "core/protect/protect.h"
#include "store/rows.h"
#include "tests/lib/core_local.h"

enum { FIELD_LEN = 256 };

struct run {
    struct core_local local;
    struct protect_place place;
    uint8_t field[FIELD_LEN];
    struct cx_sealed sealed;
    struct arena keep, arena;
};

static void seal(void *arg)
{
    struct run *run = arg;
    struct cx_sealed sealed;
    assert_ok(protect_seal(run->local.core.protect, &run->place, CX_BYTES(run->field, FIELD_LEN),
                           &run->arena, &sealed));
    if (run->arena.used > 4096)
        arena_clear(&run->arena);
}

static void open_field(void *arg)
{
    struct run *run = arg;
    struct cx_bytes plaintext;
    assert_ok(
        protect_open(run->local.core.protect, &run->place, run->sealed, &run->arena, &plaintext));
    if (run->arena.used > 4096)
        arena_clear(&run->arena);
}

static void make_index(void *arg)
{
    struct run *run = arg;
    uint8_t token[PROTECT_INDEX_LEN];
    assert_ok(protect_index(run->local.core.protect, run->local.tenant_id, run->place.table,
                            run->place.column, CX_BYTES(run->field, 32), token));
}

int main(void)
{
    static struct run run = {.keep = {NULL, 0, 1 << 16}, .arena = {NULL, 0, 1 << 16}};
    struct test_databases databases;
    if (test_databases_start(&databases) != 0)
        return 1;
    core_local_start(&run.local, &databases, STORE_SQLITE);
    run.place = (struct protect_place){.tenant_id = run.local.tenant_id,
                                       PLACE_AUDIT_ENTRY_DETAILS,
                                       .row = CX_BYTES("0123456789abcdef", 16)};
    assert_ok(protect_seal(run.local.core.protect, &run.place, CX_BYTES(run.field, FIELD_LEN),
                           &run.keep, &run.sealed));
    double gcm = bench_limit_gcm(FIELD_LEN);
    const char *conditions = "256-byte field, one thread, warm key, per processor second; limit: "
                             "bare AES-256-GCM of 256 bytes, key kept";
    bench_line("protect_open", bench_cpu_rate(open_field, &run), "fields/s", gcm, conditions);
    bench_line("protect_seal", bench_cpu_rate(seal, &run), "fields/s", gcm, conditions);
    bench_line("protect_index", bench_cpu_rate(make_index, &run), "tokens/s",
               bench_limit_sha256(64), "32-byte text, one thread; limit: bare SHA-256 of 64 bytes");
    core_local_stop(&run.local);
    test_databases_stop(&databases);
    return 0;
}
