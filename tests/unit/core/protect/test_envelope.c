/* Envelope bytes: every move, every flipped bit and every other key must fail. */
#include "tests/lib/test.h"
#include "base/cleanup.h"
#include "core/protect/envelope.h"

static struct envelope_key key;
static struct arena arena = ARENA_INIT(4 << 20);
static const uint8_t nonce[ENVELOPE_NONCE_LEN] = {1, 2, 3};
static const struct protect_place place = {
    .tenant_id = {{1}}, .table = "person", .column = "email", .row = {(const uint8_t *)"row", 3}};

static int setup(void **state)
{
    (void)state;
    uint8_t data_key[32] = {42};
    return cx_is_ok(envelope_key_init(CX_BYTES(data_key, 32), 1, &key)) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    arena_clear(&arena);
    return 0;
}

static struct cx_sealed seal(struct cx_bytes plaintext)
{
    struct cx_sealed sealed = {0};
    assert_ok(envelope_seal(&key, &place, PROTECT_SCHEMA, nonce, plaintext, &arena, &sealed));
    return sealed;
}

static cx_err open_at(const struct protect_place *where, uint32_t schema, struct cx_sealed sealed)
{
    struct cx_bytes plaintext;
    return envelope_open(&key, where, schema, sealed, &arena, &plaintext);
}

static void test_round_trip(void **state)
{
    (void)state;
    static uint8_t text[70000];
    memset(text, 'x', sizeof(text));
    const size_t sizes[] = {0, 1, 15, 16, 17, 256, sizeof(text)};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct cx_sealed sealed = seal(CX_BYTES(text, sizes[i]));
        assert_int_equal(sealed.envelope.len, sizes[i] + ENVELOPE_OVERHEAD);
        struct cx_bytes plaintext;
        assert_ok(envelope_open(&key, &place, PROTECT_SCHEMA, sealed, &arena, &plaintext));
        assert_bytes(plaintext, text, sizes[i]);
    }
    assert_true(ENVELOPE_OVERHEAD <= 100);
}

static void test_every_move_fails(void **state)
{
    (void)state;
    struct cx_sealed sealed = seal(CX_BYTES("ada@example.org", 15));
    assert_ok(open_at(&place, PROTECT_SCHEMA, sealed));
    struct protect_place other = place;
    other.tenant_id.b[15] = 1;
    assert_err(open_at(&other, PROTECT_SCHEMA, sealed), CRYPTO);
    other = place;
    other.table = "persons";
    assert_err(open_at(&other, PROTECT_SCHEMA, sealed), CRYPTO);
    other = place;
    other.column = "name";
    assert_err(open_at(&other, PROTECT_SCHEMA, sealed), CRYPTO);
    other = place;
    other.row = CX_BYTES("rov", 3);
    assert_err(open_at(&other, PROTECT_SCHEMA, sealed), CRYPTO);
    assert_err(open_at(&place, PROTECT_SCHEMA + 1, sealed), CRYPTO);
    /* Lengths are part of it: the same letters cut elsewhere are another place. */
    other = place;
    other.table = "persone";
    other.column = "mail";
    assert_err(open_at(&other, PROTECT_SCHEMA, sealed), CRYPTO);
}

static void test_every_bit_counts(void **state)
{
    (void)state;
    struct cx_sealed sealed = seal(CX_BYTES("secret", 6));
    uint8_t copy[6 + ENVELOPE_OVERHEAD];
    for (size_t bit = 0; bit < sizeof(copy) * 8; bit++) {
        memcpy(copy, sealed.envelope.ptr, sizeof(copy));
        copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_err(open_at(&place, PROTECT_SCHEMA,
                           (struct cx_sealed){.envelope = CX_BYTES(copy, sizeof(copy))}),
                   CRYPTO);
    }
    for (size_t len = 0; len < sizeof(copy); len++)
        assert_err(open_at(&place, PROTECT_SCHEMA,
                           (struct cx_sealed){.envelope = CX_BYTES(sealed.envelope.ptr, len)}),
                   CRYPTO);
}

static void test_another_key_fails_at_the_commitment(void **state)
{
    (void)state;
    uint8_t data_key[32] = {43};
    struct envelope_key other;
    assert_ok(envelope_key_init(CX_BYTES(data_key, 32), 1, &other));
    struct cx_sealed sealed = seal(CX_BYTES("secret", 6));
    struct cx_bytes plaintext;
    assert_err(envelope_open(&other, &place, PROTECT_SCHEMA, sealed, &arena, &plaintext), CRYPTO);

    /* An attacker who also rewrites the key id meets the commitment, which differs in its first byte on. */
    memcpy(other.id, key.id, sizeof(other.id));
    assert_err(envelope_open(&other, &place, PROTECT_SCHEMA, sealed, &arena, &plaintext), CRYPTO);
    struct cx_sealed by_other = {0};
    assert_ok(envelope_seal(&other, &place, PROTECT_SCHEMA, nonce, CX_BYTES("secret", 6), &arena,
                            &by_other));
    assert_memory_not_equal(by_other.envelope.ptr + 48, sealed.envelope.ptr + 48, 32);

    /* Even with its commitment put in place the tag fails: nothing opens under two keys. */
    uint8_t copy[6 + ENVELOPE_OVERHEAD];
    memcpy(copy, sealed.envelope.ptr, sizeof(copy));
    memcpy(copy + 48, by_other.envelope.ptr + 48, 32);
    struct cx_sealed mixed = {.envelope = CX_BYTES(copy, sizeof(copy))};
    assert_err(envelope_open(&other, &place, PROTECT_SCHEMA, mixed, &arena, &plaintext), CRYPTO);
    assert_err(open_at(&place, PROTECT_SCHEMA, mixed), CRYPTO);
}

static void test_limits(void **state)
{
    (void)state;
    uint8_t row[ENVELOPE_ROW_MAX + 1] = {0};
    struct protect_place big = place;
    struct cx_sealed sealed;
    big.row = CX_BYTES(row, ENVELOPE_ROW_MAX);
    assert_ok(envelope_seal(&key, &big, PROTECT_SCHEMA, nonce, CX_BYTES_NONE, &arena, &sealed));
    big.row = CX_BYTES(row, ENVELOPE_ROW_MAX + 1);
    assert_err(envelope_seal(&key, &big, PROTECT_SCHEMA, nonce, CX_BYTES_NONE, &arena, &sealed),
               LIMIT);
    big = place;
    big.table = "";
    assert_err(envelope_seal(&key, &big, PROTECT_SCHEMA, nonce, CX_BYTES_NONE, &arena, &sealed),
               LIMIT);
    CX_CLEANUP(arena_clear) struct arena small = ARENA_INIT(64);
    assert_err(envelope_seal(&key, &place, PROTECT_SCHEMA, nonce, CX_BYTES_NONE, &small, &sealed),
               LIMIT);
    struct envelope_key short_key;
    assert_err(envelope_key_init(CX_BYTES(row, 16), 1, &short_key), CRYPTO);
}

static void test_index_is_separated(void **state)
{
    (void)state;
    struct cx_id tenant = {{1}}, other_tenant = {{2}};
    struct cx_bytes text = CX_BYTES("ada@example.org", 15);
    uint8_t token[16], again[16], other[16];
    assert_ok(envelope_index(&key, tenant, "person", "email", text, token));
    assert_ok(envelope_index(&key, tenant, "person", "email", text, again));
    assert_memory_equal(token, again, 16);
    assert_ok(envelope_index(&key, other_tenant, "person", "email", text, other));
    assert_memory_not_equal(token, other, 16);
    assert_ok(envelope_index(&key, tenant, "persone", "mail", text, other));
    assert_memory_not_equal(token, other, 16);
    assert_ok(
        envelope_index(&key, tenant, "person", "email", CX_BYTES("bob@example.org", 15), other));
    assert_memory_not_equal(token, other, 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_every_move_fails),
        cmocka_unit_test(test_every_bit_counts),
        cmocka_unit_test(test_another_key_fails_at_the_commitment),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_index_is_separated),
    };
    return cmocka_run_group_tests_name("core/protect/envelope", tests, setup, teardown);
}
