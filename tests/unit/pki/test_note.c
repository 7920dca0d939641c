/* Signed notes: the example of the specification, round trips, and everything that must be refused. */
#include "tests/lib/test.h"
#include "base/cleanup.h"
#include "crypto/key.h"
#include "pki/note.h"

/* https://c2sp.org/signed-note, "Example" */
static const char example_vkey[] =
    "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
static const char example_note[] = "This is an example message.\n\n\u2014 example.com/foo "
                                   "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsY"
                                   "jOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

static struct crypto_key *key;
static struct note_key verifier;

static int setup(void **state)
{
    (void)state;
    uint8_t seed[32] = {7};
    if (cx_failed(crypto_key_from_seed(CX_BYTES(seed, sizeof(seed)), &key)))
        return -1;
    struct cx_bytes spki = crypto_key_spki(key);
    return cx_is_ok(
               note_key_make(CX_STR("certinext.test/log"), spki.ptr + spki.len - 32, &verifier))
               ? 0
               : -1;
}

static int teardown(void **state)
{
    (void)state;
    crypto_key_free(key);
    return 0;
}

static void sign(struct cx_str text, struct cx_buf *out)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf signature = CX_BUF_INIT(64);
    assert_ok(crypto_sign(key, CRYPTO_SIGNATURE_ED25519, cx_str_bytes(text), &signature));
    assert_int_equal(signature.len, NOTE_SIGNATURE_LEN);
    assert_ok(note_write(text, &verifier, signature.ptr, out));
}

static struct cx_str as_text(const struct cx_buf *buf)
{
    return (struct cx_str){(const char *)buf->ptr, buf->len};
}

static void test_example_of_the_specification(void **state)
{
    (void)state;
    struct note_key example;
    assert_ok(note_key_parse(cx_str_from(example_vkey), &example));
    assert_string_equal(example.name, "example.com/foo");
    assert_true(example.id == 0x530d903a);
    struct cx_str text;
    assert_ok(note_verify(cx_str_from(example_note), &example, &text));
    assert_str(text, "This is an example message.\n");
}

static void test_vkey(void **state)
{
    (void)state;
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(NOTE_VKEY_MAX);
    assert_ok(note_key_write(&verifier, &text));
    struct note_key again;
    assert_ok(note_key_parse(as_text(&text), &again));
    assert_true(again.id == verifier.id);
    assert_memory_equal(again.public_key, verifier.public_key, 32);
    text.ptr[text.len - 10] ^= 1; /* another key: the id no longer fits */
    assert_err(note_key_parse(as_text(&text), &again), PARSE);
    static const char *const bad[] = {"",
                                      "a",
                                      "a+b",
                                      "a+00000000+",
                                      "a b+00000000+AQ==",
                                      "+12345678+AQ==",
                                      "a+1234567+AQ==",
                                      "a+12345678+AQ"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_err(note_key_parse(cx_str_from(bad[i]), &again), PARSE);
}

static void test_checkpoint_round_trip(void **state)
{
    (void)state;
    struct checkpoint checkpoint = {.origin = CX_STR("certinext.test/log"), .size = 20852163};
    memset(checkpoint.root, 0xab, sizeof(checkpoint.root));
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(NOTE_MAX);
    CX_CLEANUP(cx_buf_clear) struct cx_buf note = CX_BUF_INIT(NOTE_MAX);
    assert_ok(checkpoint_write(&checkpoint, &text));
    sign(as_text(&text), &note);
    struct cx_str verified;
    assert_ok(note_verify(as_text(&note), &verifier, &verified));
    struct checkpoint again;
    assert_ok(checkpoint_parse(verified, &again));
    assert_true(again.size == 20852163);
    assert_str(again.origin, "certinext.test/log");
    assert_memory_equal(again.root, checkpoint.root, 32);

    for (size_t i = 0; i < note.len; i++) { /* every single altered bit is found */
        note.ptr[i] ^= 1;
        assert_true(cx_failed(note_verify(as_text(&note), &verifier, &verified)));
        note.ptr[i] ^= 1;
    }
    for (size_t len = 0; len < note.len; len++)
        assert_true(
            cx_failed(note_verify((struct cx_str){(char *)note.ptr, len}, &verifier, &verified)));
}

static void test_other_signatures(void **state)
{
    (void)state;
    struct cx_str text = CX_STR("hello\n\nworld\n"), verified;
    CX_CLEANUP(cx_buf_clear) struct cx_buf note = CX_BUF_INIT(NOTE_MAX);
    sign(text, &note);
    struct note_key other;
    uint8_t public_key[32] = {1};
    assert_ok(note_key_make(CX_STR("other"), public_key, &other));
    assert_err(note_verify(as_text(&note), &other, &verified), CRYPTO);
    assert_ok(note_verify(as_text(&note), &verifier, &verified));
    assert_str(verified, "hello\n\nworld\n");

    size_t len = note.len;
    assert_ok(cx_buf_add_str(&note, CX_STR("\u2014 somebody AAAAAAAA\n"))); /* unknown: ignored */
    assert_ok(note_verify(as_text(&note), &verifier, &verified));
    note.len = len;
    assert_ok(cx_buf_add_str(&note, CX_STR("- somebody AAAAAAAA\n"))); /* not a signature line */
    assert_err(note_verify(as_text(&note), &verifier, &verified), PARSE);
    note.len = len;
    for (int i = 0; i < NOTE_SIGNATURES_MAX; i++)
        assert_ok(cx_buf_add_str(&note, CX_STR("\u2014 somebody AAAAAAAA\n")));
    assert_err(note_verify(as_text(&note), &verifier, &verified), LIMIT);
}

static void test_bad_checkpoints(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "o\n1\n",
                                      "o\n1\nAAAA\n",
                                      "o\n-1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
                                      "o\n01\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
                                      "\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
                                      "o\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="};
    struct checkpoint checkpoint;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_err(checkpoint_parse(cx_str_from(bad[i]), &checkpoint), PARSE);
    assert_ok(checkpoint_parse(CX_STR("o\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\next\n"),
                               &checkpoint));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_example_of_the_specification),
        cmocka_unit_test(test_vkey),
        cmocka_unit_test(test_checkpoint_round_trip),
        cmocka_unit_test(test_other_signatures),
        cmocka_unit_test(test_bad_checkpoints),
    };
    return cmocka_run_group_tests_name("pki/note", tests, setup, teardown);
}
