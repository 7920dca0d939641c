/* The files of an issuer: what a ceremony that died leaves behind, and what one altered issuer does to the others. */
#include "tests/lib/test.h"

#include "base/cleanup.h"
#include "os/file.h"
#include "stand.h"

#include <sys/stat.h>

static int setup(void **state)
{
    struct stand *stand = calloc(1, sizeof(*stand));
    assert_non_null(stand);
    stand_make(stand);
    *state = stand;
    return 0;
}

static int teardown(void **state)
{
    stand_clear(*state);
    free(*state);
    return 0;
}

static void path_of(const struct stand *stand, struct cx_id issuer_id, const char *name,
                    char ret_path[static OS_PATH_MAX])
{
    char id[CX_ID_TEXT_MAX];
    cx_id_format(CX_ID_ISSUER, issuer_id, id);
    assert_ok(os_path(ret_path, "%s/issuer/%s/%s", stand->dir.path, id, name));
}

static void copy(const struct stand *stand, struct cx_id issuer_id, const char *from,
                 const char *to)
{
    char path[OS_PATH_MAX];
    CX_CLEANUP(cx_buf_clear) struct cx_buf content = CX_BUF_INIT(65536);
    path_of(stand, issuer_id, from, path);
    assert_ok(os_file_read(path, 65536, &content));
    path_of(stand, issuer_id, to, path);
    assert_ok(os_file_write(path, cx_buf_view(&content), 0400));
}

/* ca install, up to where it has the certificate. */
static struct cx_bytes sign(struct stand *stand, const struct ceremony_issuer *issuer)
{
    const struct pki_attribute name = {PKI_ATTR_COMMON_NAME, CX_STR("Second CA")};
    const struct ceremony_certificate certificate = {.parent_id = stand->root,
                                                     .profile = CX_STR("sub-ca"),
                                                     .version = 1,
                                                     .path_len = CEREMONY_PATH_LEN_PROFILE};
    struct cx_bytes csr, der;
    assert_ok(
        ceremony_ca_request(stand->client, issuer, &name, 1, &stand->arena, &stand->diag, &csr));
    assert_ok(ceremony_ca_sign(stand->client, stand->tenant, csr, &certificate, &stand->arena,
                               &stand->diag, &der));
    return der;
}

static void an_installation_cut_short_is_whole(void **state)
{
    struct stand *stand = *state;
    const struct ceremony_issuer issuer = {.tenant_id = stand->tenant,
                                           .issuer_id = stand_id(stand),
                                           .name = CX_STR("second"),
                                           .backend = CX_STR("file"),
                                           .key_type = CRYPTO_KEY_P256,
                                           .kinds = 1u << PKI_KIND_SERVER_TLS,
                                           .shard_count = 2,
                                           .status_url = CX_STR("http://then.test")};
    char path[OS_PATH_MAX];
    struct ceremony_issuer_row *rows = NULL;
    size_t count = 0;
    stand_close(stand);
    stand_open(stand, true, false);
    struct cx_bytes der = sign(stand, &issuer);
    copy(stand, issuer.issuer_id, "mac", "old-mac");
    assert_ok(
        ceremony_ca_install(stand->client, stand->tenant, issuer.issuer_id, der, &stand->diag));
    path_of(stand, issuer.issuer_id, "next", path);
    assert_false(os_file_exists(path));
    /* As it was when the process died before the last of the three files. */
    assert_int_equal(mkdir(path, 0700), 0);
    copy(stand, issuer.issuer_id, "issuer.yaml", "next/issuer.yaml");
    copy(stand, issuer.issuer_id, "cert.der", "next/cert.der");
    copy(stand, issuer.issuer_id, "mac", "next/mac");
    copy(stand, issuer.issuer_id, "old-mac", "mac");
    assert_ok(
        ceremony_ca_install(stand->client, stand->tenant, issuer.issuer_id, der, &stand->diag));
    assert_ok(ceremony_issuers(stand->client, &stand->arena, &stand->diag, &rows, &count));
    assert_int_equal(count, 3);
    for (size_t i = 0; i < count; i++) {
        if (!cx_id_eq(rows[i].issuer_id, issuer.issuer_id))
            continue;
        assert_true(rows[i].has_certificate);
        assert_int_equal(rows[i].shard_count, 2);
        assert_true(cx_str_is(rows[i].status_url, "http://then.test"));
    }
    stand_close(stand);
    stand_open(stand, false, false);
    const struct pki_template tmpl = stand_template(stand, "www.example.org");
    const struct keys_issue request = {.intent_id = stand_id(stand),
                                       .tenant_id = stand->tenant,
                                       .issuer_id = issuer.issuer_id,
                                       .tmpl = &tmpl};
    stand->diag = CX_DIAG_INIT;
    cx_err err = keys_issue(stand->client, &request, &stand->arena, &stand->diag, &der);
    assert_string_equal(stand->diag.text, "");
    assert_ok(err);
}

static void an_altered_issuer_hides_no_other(void **state)
{
    struct stand *stand = *state;
    char path[OS_PATH_MAX];
    struct ceremony_issuer_row *rows = NULL;
    size_t count = 0;
    stand_close(stand);
    stand_open(stand, true, false);
    path_of(stand, stand->issuer, "mac", path);
    assert_ok(os_file_write(path, CX_BYTES("other", 5), 0400));
    assert_ok(ceremony_issuers(stand->client, &stand->arena, &stand->diag, &rows, &count));
    assert_int_equal(count, 1);
    assert_true(cx_id_eq(rows[0].issuer_id, stand->root));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(an_installation_cut_short_is_whole),
        TEST(an_altered_issuer_hides_no_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
