#include "tests/lib/test.h"
#include "codec/pem.h"

static const struct pem_limits MANY = {4096, 3, NULL, false};

static void test_round_trip(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT(1 << 16);
    uint8_t der[200];
    for (size_t i = 0; i < sizeof(der); i++)
        der[i] = (uint8_t)i;
    for (size_t len = 1; len <= sizeof(der); len += 7) {
        struct cx_buf text = CX_BUF_INIT(4096);
        assert_ok(pem_write("CERTIFICATE", CX_BYTES(der, len), &text));
        assert_ok(pem_write("X509 CRL", CX_BYTES(der, 1), &text));
        assert_true(pem_looks_like(cx_buf_view(&text)));
        struct pem_block *blocks = NULL;
        size_t count = 0;
        assert_ok(pem_parse(&arena, cx_buf_view(&text), &MANY, NULL, &blocks, &count));
        assert_int_equal(count, 2);
        assert_str(blocks[0].label, "CERTIFICATE");
        assert_bytes(blocks[0].der, der, len);
        assert_str(blocks[1].label, "X509 CRL");
        cx_buf_clear(&text);
        arena_clear(&arena);
    }
    assert_false(pem_looks_like(CX_BYTES("\x30\x82", 2)));
}

static void check(const char *text, const struct pem_limits *limits, const char *rule)
{
    struct arena arena = ARENA_INIT(1 << 16);
    struct cx_diag diag = CX_DIAG_INIT;
    struct pem_block *blocks = NULL;
    size_t count = 0;
    cx_err err = pem_parse(&arena, cx_str_bytes(cx_str_from(text)), limits, &diag, &blocks, &count);
    assert_string_equal(diag.rule, rule);
    assert_int_equal(cx_failed(err), rule[0] != 0);
    assert_int_equal(count > 0, rule[0] == 0);
    arena_clear(&arena);
}

#define BLOCK(label) "-----BEGIN " label "-----\nMAA=\n-----END " label "-----\n"

static void test_accepted_forms(void **state)
{
    (void)state;
    check(BLOCK("A"), &MANY, "");
    check("\n" BLOCK("A") "\n  \n" BLOCK("B") BLOCK("A B-C"), &MANY, "");
    check("-----BEGIN A-----\r\nMA\r\nA=\r\n-----END A-----", &MANY, "");
    check("-----BEGIN A----- \t\nMAA=\n-----END A-----  \n", &MANY, "");
    const struct pem_limits skip = {4096, 1, "A", true};
    check("Subject: CN=x\n" BLOCK("A") "trailer", &skip, "");
}

static void test_refused_forms(void **state)
{
    (void)state;
    check("", &MANY, "pem-begin");
    check("hello", &MANY, "pem-text");
    check(BLOCK("A") "trailer", &MANY, "pem-text");
    check("-----BEGIN A-----\nMAA=\n-----END B-----\n", &MANY, "pem-label");
    check("-----BEGIN A-----\nMAA=\n", &MANY, "pem-end");
    check("-----BEGIN A-----\nMAA=\n-----BEGIN A-----\nMAA=\n-----END A-----\n", &MANY,
          "pem-base64");
    check("-----BEGIN A-----\nProc-Type: 4,ENCRYPTED\n\nMAA=\n-----END A-----\n", &MANY,
          "pem-base64");
    check("-----BEGIN A-----\nMAA= \n-----END A-----\n", &MANY, "pem-base64");
    check("-----BEGIN A-----\nMAB=\n-----END A-----\n", &MANY, "pem-base64");
    check("-----BEGIN A-----\n\n-----END A-----\n", &MANY, "pem-base64");
    check("-----BEGIN A----\nMAA=\n-----END A-----\n", &MANY, "pem-begin");
    check("-----BEGIN -----\nMAA=\n-----END -----\n", &MANY, "pem-begin");
    check("-----BEGIN A--B-----\nMAA=\n-----END A--B-----\n", &MANY, "pem-begin");
    check("-----BEGIN A-----MAA=-----END A-----", &MANY, "pem-begin");
    check(" " BLOCK("A"), &MANY, "pem-text");
    check("-----END A-----\n" BLOCK("A"), &MANY, "pem-begin");
    check(BLOCK("A") BLOCK("A") BLOCK("A") BLOCK("A"), &MANY, "pem-count");
    const struct pem_limits only = {4096, 3, "B", true};
    check(BLOCK("A"), &only, "pem-label");
    const struct pem_limits small = {10, 3, NULL, true};
    check(BLOCK("A"), &small, "pem-size");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_accepted_forms),
        cmocka_unit_test(test_refused_forms),
    };
    return cmocka_run_group_tests_name("codec/pem", tests, NULL, NULL);
}
