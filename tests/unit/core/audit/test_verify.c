/* A real log is exported from each engine; then everything is done to the export that a cheat would do. */
#include "tests/lib/test.h"
#include "tests/lib/core_local.h"
#include "base/cleanup.h"
#include "core/audit/audit.h"
#include "core/audit/export.h"
#include "core/audit/verify.h"

enum { ENTRIES = 1300, LINES_MAX = 2000, EXPORT_MAX = 8 << 20 };

static struct test_databases databases;
static struct core_local local;
static struct cx_buf whole = {NULL, 0, 0, EXPORT_MAX};
static struct cx_buf early_note = {NULL, 0, 0,
                                   4096}; /* a checkpoint noted when the log was smaller */
static char vkey[256];

static void commit_many(struct core_local *it, int count)
{
    for (int i = 0; i < count; i++) {
        struct audit_event event = {.action = "system.test",
                                    .tenant_id = it->tenant_id,
                                    .object_type = CX_ID_USER,
                                    .object_id = {{(uint8_t)i, (uint8_t)(i >> 8), 1}}};
        assert_ok(audit_commit(&it->core, &event, NULL, NULL));
    }
    assert_ok(audit_flush(it->core.audit));
}

static void export_all(struct core_local *it, uint64_t from, uint64_t limit, struct cx_buf *out)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(65536);
    struct audit_export *export_ = NULL;
    assert_ok(audit_export_start(&it->core, it->tenant_id, from, limit, &arena, NULL, &export_));
    bool done = false;
    while (!done)
        assert_ok(audit_export_next(export_, out, &done));
}

static int setup(void **state)
{
    (void)state;
    if (test_databases_start(&databases) != 0)
        return -1;
    core_local_start(&local, &databases, STORE_SQLITE);
    assert_ok(audit_start(&local.core, &local.core.audit));
    commit_many(&local, 700);
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(65536);
    struct audit_latest latest;
    assert_ok(audit_latest_checkpoint(&local.core, local.tenant_id, &arena, &latest));
    assert_int_equal(latest.size, 700);
    assert_ok(cx_buf_add_str(&early_note, latest.note));
    snprintf(vkey, sizeof(vkey), "%.*s", CX_STR_ARG(latest.vkey));
    commit_many(&local, ENTRIES - 700);
    export_all(&local, 0, UINT64_MAX, &whole);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    audit_stop(local.core.audit);
    core_local_stop(&local);
    cx_buf_clear(&whole);
    cx_buf_clear(&early_note);
    test_databases_stop(&databases);
    return 0;
}

/* ---- an export as lines, to be rearranged ---- */

struct lines {
    size_t count;
    struct cx_buf line[LINES_MAX];
};

static struct lines *split(void)
{
    struct lines *lines = calloc(1, sizeof(*lines));
    struct cx_bytes rest = cx_buf_view(&whole);
    while (rest.len) {
        const uint8_t *end = memchr(rest.ptr, '\n', rest.len);
        assert_non_null(end);
        size_t len = (size_t)(end - rest.ptr) + 1;
        assert_true(lines->count < LINES_MAX);
        lines->line[lines->count] = CX_BUF_INIT(65536);
        assert_ok(cx_buf_add(&lines->line[lines->count++], CX_BYTES(rest.ptr, len)));
        rest = CX_BYTES(rest.ptr + len, rest.len - len);
    }
    return lines;
}

static void lines_free(struct lines *lines)
{
    for (size_t i = 0; i < LINES_MAX; i++)
        cx_buf_clear(&lines->line[i]);
    free(lines);
}

static void remove_lines(struct lines *lines, size_t at, size_t count)
{
    for (size_t i = 0; i < count; i++)
        cx_buf_clear(&lines->line[at + i]);
    memmove(&lines->line[at], &lines->line[at + count],
            (lines->count - at - count) * sizeof(lines->line[0]));
    lines->count -= count;
    memset(&lines->line[lines->count], 0, count * sizeof(lines->line[0]));
}

static void replace_in(struct cx_buf *line, const char *from, const char *to)
{
    uint8_t *at = memmem(line->ptr, line->len, from, strlen(from));
    assert_non_null(at);
    assert_int_equal(strlen(from), strlen(to));
    memcpy(at, to, strlen(to));
}

/* Verifies the lines; checks the rule and the entry that the refusal names (-1: any). */
static void expect(const struct lines *lines, const char *rule, int64_t entry)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf file = CX_BUF_INIT(EXPORT_MAX);
    for (size_t i = 0; i < lines->count; i++)
        assert_ok(cx_buf_add(&file, cx_buf_view(&lines->line[i])));
    struct cx_diag diag = CX_DIAG_INIT;
    struct audit_verify_result result;
    struct audit_verify_options options = {.vkey = cx_str_from(vkey)};
    cx_err verified = audit_verify(cx_buf_view(&file), &options, &diag, &result);
    assert_true(cx_failed(verified));
    assert_string_equal(diag.rule, rule);
    char field[64];
    snprintf(field, sizeof(field), "/entries/%lld", (long long)entry);
    if (entry >= 0)
        assert_string_equal(diag.field, field);
}

static void test_sound(void **state)
{
    (void)state;
    struct cx_diag diag = CX_DIAG_INIT;
    struct audit_verify_result result;
    struct audit_verify_options options = {.vkey = cx_str_from(vkey),
                                           .checkpoint = {(char *)early_note.ptr, early_note.len}};
    assert_ok(audit_verify(cx_buf_view(&whole), &options, &diag, &result));
    assert_int_equal(result.size, ENTRIES);
    assert_true(result.trusted_key);
    assert_true(result.checkpoint_count >= 2);
    options = (struct audit_verify_options){0};
    assert_ok(audit_verify(cx_buf_view(&whole), &options, &diag, &result));
    assert_false(result.trusted_key);
}

/* Line 0 is the header; entry n is line n + 1 as long as no checkpoint line stands before it. */
static void test_edited(void **state)
{
    (void)state;
    struct lines *lines = split();
    replace_in(&lines->line[43], "system.test", "system.tesT");
    expect(lines, "entry-altered", 42);
    lines_free(lines);
}

static void test_edited_with_its_hash(void **state)
{
    (void)state;
    struct lines *lines = split();
    struct cx_buf *line = &lines->line[43];
    uint8_t *hash = memmem(line->ptr, line->len, "\"hash\":\"", 8);
    assert_non_null(hash);
    /* The content and hash of entry 43 under the number of entry 42: consistent in itself. */
    struct cx_buf copy = CX_BUF_INIT(65536);
    assert_ok(cx_buf_add(&copy, cx_buf_view(&lines->line[44])));
    replace_in(&copy, "{\"index\":43,", "{\"index\":42,");
    cx_buf_clear(line);
    *line = copy;
    expect(lines, "entries-altered", 0); /* found at the first checkpoint after it */
    lines_free(lines);
}

static void test_deleted(void **state)
{
    (void)state;
    struct lines *lines = split();
    remove_lines(lines, 43, 1);
    expect(lines, "entry-order", 42);
    lines_free(lines);
}

static void test_moved(void **state)
{
    (void)state;
    struct lines *lines = split();
    struct cx_buf swap = lines->line[43];
    lines->line[43] = lines->line[50];
    lines->line[50] = swap;
    expect(lines, "entry-order", 42);
    lines_free(lines);
}

static void test_moved_and_renumbered(void **state)
{
    (void)state;
    struct lines *lines = split();
    struct cx_buf swap = lines->line[43];
    lines->line[43] = lines->line[50];
    lines->line[50] = swap;
    replace_in(&lines->line[43], "{\"index\":49,", "{\"index\":42,");
    replace_in(&lines->line[50], "{\"index\":42,", "{\"index\":49,");
    expect(lines, "entries-altered", 0);
    lines_free(lines);
}

static void test_repeated(void **state)
{
    (void)state;
    struct lines *lines = split();
    cx_buf_reset(&lines->line[44]);
    assert_ok(cx_buf_add(&lines->line[44], cx_buf_view(&lines->line[43])));
    expect(lines, "entry-order", 43);
    lines_free(lines);
}

static void test_cut_off(void **state)
{
    (void)state;
    struct lines *lines = split();
    remove_lines(lines, lines->count - 1, 1); /* the closing checkpoint */
    expect(lines, "entries-missing", -1);
    remove_lines(lines, lines->count - 1, 1); /* and the last entry */
    expect(lines, "entries-missing", ENTRIES - 1);
    remove_lines(lines, 100, lines->count - 100);
    expect(lines, "entries-missing", 99);
    remove_lines(lines, 1, lines->count - 1);
    expect(lines, "entries-missing", 0);
    lines_free(lines);
}

static void test_every_length_of_a_cut_file(void **state)
{
    (void)state;
    struct audit_verify_options options = {.vkey = cx_str_from(vkey)};
    for (size_t len = 0; len < whole.len; len += 997) {
        struct cx_diag diag = CX_DIAG_INIT;
        struct audit_verify_result result;
        assert_true(cx_failed(audit_verify(CX_BYTES(whole.ptr, len), &options, &diag, &result)));
        assert_true(diag.rule[0] && diag.text[0]);
    }
}

static void test_every_flipped_byte(void **state)
{
    (void)state;
    struct audit_verify_options options = {.vkey = cx_str_from(vkey)};
    size_t unused = 0;
    for (size_t at = 0; at < whole.len; at += 1009) {
        struct cx_diag diag = CX_DIAG_INIT;
        struct audit_verify_result result;
        whole.ptr[at] ^= 2;
        cx_err verified = audit_verify(cx_buf_view(&whole), &options, &diag, &result);
        whole.ptr[at] ^= 2;
        /* The header's tenant and vkey are words to the reader; everything else counts. */
        unused += cx_is_ok(verified);
    }
    assert_true(unused <= 1);
}

static void test_forged_checkpoint(void **state)
{
    (void)state;
    struct lines *lines = split();
    struct cx_buf *last = &lines->line[lines->count - 1];
    uint8_t *at = memmem(last->ptr, last->len, "\\n\\n", 4);
    assert_non_null(at);
    at[-5] = at[-5] == 'A' ? 'B' : 'A'; /* the root */
    expect(lines, "checkpoint-signature", ENTRIES);
    lines_free(lines);

    struct cx_diag diag = CX_DIAG_INIT;
    struct audit_verify_result result;
    struct audit_verify_options options = {
        .vkey = CX_STR("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")};
    assert_err(audit_verify(cx_buf_view(&whole), &options, &diag, &result), CRYPTO);
    assert_string_equal(diag.rule, "checkpoint-signature");
}

/* A log cut back to an older checkpoint is sound in itself; only a checkpoint noted later shows it. */
static void test_cut_back(void **state)
{
    (void)state;
    CX_CLEANUP(cx_buf_clear) struct cx_buf small = CX_BUF_INIT(EXPORT_MAX);
    export_all(&local, 0, 700, &small);
    struct cx_diag diag = CX_DIAG_INIT;
    struct audit_verify_result result;
    struct audit_verify_options options = {.vkey = cx_str_from(vkey)};
    assert_ok(audit_verify(cx_buf_view(&small), &options, &diag, &result));
    assert_int_equal(result.size, 700);
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(65536);
    struct audit_latest latest;
    assert_ok(audit_latest_checkpoint(&local.core, local.tenant_id, &arena, &latest));
    options.checkpoint = latest.note;
    assert_err(audit_verify(cx_buf_view(&small), &options, &diag, &result), CRYPTO);
    assert_string_equal(diag.rule, "entries-missing");
    assert_string_equal(diag.field, "/entries/700");
}

/* Another history under the same key: the checkpoint noted earlier is not one of its states. */
static void test_other_history(void **state)
{
    (void)state;
    struct core_local other;
    core_local_start(&other, &databases, STORE_SQLITE);
    other.tenant_id = core_local_tenant(&other, "again");
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(65536);
    uint8_t root[32] = {9};
    struct cx_str note;
    assert_ok(
        keys_sign_checkpoint(other.core.keys, local.tenant_id, 700, root, &arena, NULL, &note));
    struct cx_diag diag = CX_DIAG_INIT;
    struct audit_verify_result result;
    struct audit_verify_options options = {.vkey = cx_str_from(vkey), .checkpoint = note};
    assert_err(audit_verify(cx_buf_view(&whole), &options, &diag, &result), CRYPTO);
    assert_string_equal(diag.rule, "checkpoint-not-extended");
    core_local_stop(&other);
}

static void test_part(void **state)
{
    (void)state;
    const uint64_t starts[] = {1, 64, 699, 700, 701, 1299};
    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
        CX_CLEANUP(cx_buf_clear) struct cx_buf part = CX_BUF_INIT(EXPORT_MAX);
        export_all(&local, starts[i], UINT64_MAX, &part);
        struct cx_diag diag = CX_DIAG_INIT;
        struct audit_verify_result result;
        struct audit_verify_options options = {.vkey = cx_str_from(vkey)};
        assert_ok(audit_verify(cx_buf_view(&part), &options, &diag, &result));
        assert_int_equal(result.from, starts[i]);
        assert_int_equal(result.size, ENTRIES);
        uint8_t *frontier = memmem(part.ptr, part.len, "\"frontier\":[\"", 13);
        assert_non_null(frontier);
        frontier[13] = frontier[13] == 'a' ? 'b' : 'a';
        assert_err(audit_verify(cx_buf_view(&part), &options, &diag, &result), CRYPTO);
    }
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(65536);
    struct audit_export *export_ = NULL;
    assert_err(audit_export_start(&local.core, local.tenant_id, ENTRIES, 1, &arena, NULL, &export_),
               NOTFOUND);
}

static void test_not_an_export(void **state)
{
    (void)state;
    static const char *const files[] = {"",     "\n", "{}\n",
                                        "[]\n", "x",  "{\"certinext-audit-export\":2}\n"};
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        struct cx_diag diag = CX_DIAG_INIT;
        struct audit_verify_result result;
        struct audit_verify_options options = {0};
        struct cx_bytes file = CX_BYTES(files[i], strlen(files[i]));
        assert_err(audit_verify(file, &options, &diag, &result), PARSE);
        assert_string_equal(diag.rule, "export-format");
    }
}

static cx_err alter(struct store_tx *tx, void *arg)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx, arg, &q));
    store_bind_id(q, 1, local.tenant_id);
    return store_exec(q);
}

/* The same cheats, done in the database. */
static void tamper_with_database(enum store_engine engine)
{
    if (!test_engine_available(&databases, engine))
        skip();
    static char edit[] =
        "UPDATE audit_entry SET outcome = 'failed' WHERE tenant_id = $1 AND leaf_index = 17";
    static char delete[] = "DELETE FROM audit_entry WHERE tenant_id = $1 AND leaf_index = 17";
    static char last[] = "DELETE FROM audit_entry WHERE tenant_id = $1 AND leaf_index >= 38";
    static char *const cheats[] = {edit, delete, last};
    static const char *const rules[] = {"entry-altered", "entry-order", "entries-missing"};
    static const char *const fields[] = {"/entries/17", "/entries/17", "/entries/38"};
    for (int i = 0; i < 3; i++) {
        struct core_local it;
        core_local_start(&it, &databases, engine);
        assert_ok(audit_start(&it.core, &it.core.audit));
        commit_many(&it, 40);
        struct cx_id kept = local.tenant_id;
        local.tenant_id = it.tenant_id;
        assert_ok(store_write(it.core.store, alter, cheats[i]));
        local.tenant_id = kept;
        CX_CLEANUP(cx_buf_clear) struct cx_buf file = CX_BUF_INIT(EXPORT_MAX);
        export_all(&it, 0, UINT64_MAX, &file);
        struct cx_diag diag = CX_DIAG_INIT;
        struct audit_verify_result result;
        struct audit_verify_options options = {0};
        assert_err(audit_verify(cx_buf_view(&file), &options, &diag, &result), CRYPTO);
        assert_string_equal(diag.rule, rules[i]);
        assert_string_equal(diag.field, fields[i]);
        audit_stop(it.core.audit);
        core_local_stop(&it);
    }
}

static void test_tampered_sqlite(void **state)
{
    (void)state;
    tamper_with_database(STORE_SQLITE);
}

static void test_tampered_postgres(void **state)
{
    (void)state;
    tamper_with_database(STORE_POSTGRES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sound),
        cmocka_unit_test(test_edited),
        cmocka_unit_test(test_edited_with_its_hash),
        cmocka_unit_test(test_deleted),
        cmocka_unit_test(test_moved),
        cmocka_unit_test(test_moved_and_renumbered),
        cmocka_unit_test(test_repeated),
        cmocka_unit_test(test_cut_off),
        cmocka_unit_test(test_every_length_of_a_cut_file),
        cmocka_unit_test(test_every_flipped_byte),
        cmocka_unit_test(test_forged_checkpoint),
        cmocka_unit_test(test_cut_back),
        cmocka_unit_test(test_other_history),
        cmocka_unit_test(test_part),
        cmocka_unit_test(test_not_an_export),
        cmocka_unit_test(test_tampered_sqlite),
        cmocka_unit_test(test_tampered_postgres),
    };
    return cmocka_run_group_tests_name("core/audit/verify", tests, setup, teardown);
}
