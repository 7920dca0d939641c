#include "tests/lib/test.h"

#include "base/cleanup.h"
#include "os/file.h"
#include "stand.h"

#include <sys/socket.h>

struct cx_id stand_id(struct stand *stand)
{
    struct cx_id id;
    assert_ok(cx_id_new(&stand->rng, &id));
    return id;
}

struct cx_bytes stand_profile(struct stand *stand, const char *name)
{
    char path[OS_PATH_MAX];
    struct cx_bytes copy;
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(65536);
    assert_ok(os_path(path, "%s/profiles/%s.yaml", getenv("CX_SOURCE_DIR"), name));
    assert_ok(os_file_read(path, 65536, &text));
    assert_ok(arena_copy(&stand->arena, cx_buf_view(&text), &copy));
    return copy;
}

void stand_open(struct stand *stand, bool is_ceremony, bool is_drill)
{
    char unlock[OS_PATH_MAX];
    int fds[2];
    assert_ok(os_path(unlock, "%s/unlock", stand->dir.path));
    const struct signer_options options = {.dir = stand->dir.path,
                                           .unlock_path = unlock,
                                           .is_ceremony = is_ceremony,
                                           .is_drill = is_drill};
    stand->diag = CX_DIAG_INIT;
    assert_ok(signer_prepare(&stand->signer, &options, &stand->diag));
    assert_ok(signer_open(&stand->signer, &stand->diag));
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    const struct ipc_server_options server = {
        .fd = fds[0],
        .direction = IPC_CORE_TO_KEYS,
        .routes = is_ceremony ? ceremony_routes : keys_routes,
        .route_count = is_ceremony ? ceremony_route_count : keys_route_count,
        .arg = &stand->signer,
        .worker_count = 16,
        .state = is_ceremony ? IPC_STATE_CEREMONY : IPC_STATE_SERVING};
    assert_ok(ipc_server_new(&server, &stand->server));
    assert_ok(keys_client_new(fds[1], &stand->client));
}

void stand_close(struct stand *stand)
{
    keys_client_free(stand->client);
    ipc_server_free(stand->server);
    signer_close(&stand->signer);
    stand->client = NULL;
    stand->server = NULL;
}

static void make_issuers(struct stand *stand)
{
    static const char *const profiles[] = {"root-ca", "sub-ca", "server-tls", "ocsp-signer"};
    for (size_t i = 0; i < 4; i++) {
        struct cx_str name;
        uint32_t version = 0;
        assert_ok(ceremony_profile_install(stand->client, stand->tenant,
                                           stand_profile(stand, profiles[i]), &stand->arena,
                                           &stand->diag, &name, &version));
        assert_true(cx_str_is(name, profiles[i]));
        assert_int_equal(version, 1);
    }
    const struct pki_attribute root_name = {PKI_ATTR_COMMON_NAME, CX_STR("Test Root")};
    const struct pki_attribute issuer_name = {PKI_ATTR_COMMON_NAME, CX_STR("Test Issuing CA")};
    const struct ceremony_issuer root = {.tenant_id = stand->tenant,
                                         .issuer_id = stand->root,
                                         .name = CX_STR("root"),
                                         .backend = CX_STR("file"),
                                         .key_type = CRYPTO_KEY_P256,
                                         .kinds = 1u << PKI_KIND_SUB_CA,
                                         .shard_count = 1,
                                         .status_url = CX_STR("http://status.test")};
    const struct ceremony_issuer issuer = {.tenant_id = stand->tenant,
                                           .issuer_id = stand->issuer,
                                           .name = CX_STR("issuing"),
                                           .backend = CX_STR("file"),
                                           .key_type = CRYPTO_KEY_P256,
                                           .kinds = 1u << PKI_KIND_SERVER_TLS |
                                                    1u << PKI_KIND_OCSP_SIGNER,
                                           .shard_count = 4,
                                           .status_url = CX_STR("http://status.test")};
    const struct ceremony_certificate root_certificate = {.profile = CX_STR("root-ca"),
                                                          .version = 1,
                                                          .path_len = CEREMONY_PATH_LEN_PROFILE,
                                                          .subject = &root_name,
                                                          .subject_count = 1};
    const struct ceremony_certificate issuer_certificate = {.parent_id = stand->root,
                                                            .profile = CX_STR("sub-ca"),
                                                            .version = 1,
                                                            .path_len = CEREMONY_PATH_LEN_PROFILE,
                                                            .subject = &issuer_name,
                                                            .subject_count = 1};
    cx_err err = ceremony_ca_create(stand->client, &root, &root_certificate, &stand->arena,
                                    &stand->diag, &stand->root_der);
    assert_string_equal(stand->diag.text, "");
    assert_ok(err);
    err = ceremony_ca_create(stand->client, &issuer, &issuer_certificate, &stand->arena,
                             &stand->diag, &stand->issuer_der);
    assert_string_equal(stand->diag.text, "");
    assert_ok(err);
}

void stand_make(struct stand *stand)
{
    char unlock[OS_PATH_MAX];
    *stand = (struct stand){.arena = ARENA_INIT(16 << 20)};
    cx_rng_system(&stand->rng);
    scratch_make(&stand->dir);
    stand->tenant = stand_id(stand);
    stand->root = stand_id(stand);
    stand->issuer = stand_id(stand);
    assert_ok(os_path(unlock, "%s/unlock", stand->dir.path));
    assert_ok(kek_create(stand->dir.path, unlock, &stand->rng, &stand->diag));
    stand_open(stand, true, false);
    make_issuers(stand);
    stand_close(stand);
    stand_open(stand, false, false);
}

void stand_clear(struct stand *stand)
{
    stand_close(stand);
    arena_clear(&stand->arena);
    scratch_clear(&stand->dir);
}

struct pki_template stand_template(struct stand *stand, const char *dns_name)
{
    static const struct pki_profile named = {.name = {"server-tls", 10}, .version = 1};
    struct pki_name *names = NULL;
    uint8_t *serial = NULL, random[16];
    CX_CLEANUP(crypto_key_freep) struct crypto_key *key = NULL;
    const cx_time now = cx_now(&stand->signer.clock) / CX_US_PER_S * CX_US_PER_S;
    struct pki_template tmpl = {.profile = &named,
                                .not_before_us = now,
                                .not_after_us = now + 30 * CX_US_PER_DAY,
                                .name_count = 1};
    assert_ok(crypto_key_generate(CRYPTO_KEY_P256, &key));
    assert_ok(arena_copy(&stand->arena, crypto_key_spki(key), &tmpl.spki));
    assert_ok(ARENA_NEW_ARRAY(&stand->arena, 1, &names));
    names[0] = (struct pki_name){PKI_NAME_DNS, cx_str_bytes(cx_str_from(dns_name))};
    tmpl.names = names;
    assert_ok(cx_rng_fill(&stand->rng, random, sizeof(random)));
    assert_ok(arena_alloc(&stand->arena, PKI_SERIAL_LEN, (void **)&serial));
    pki_serial_make(1, random, serial);
    pki_serial_stamp(serial, cx_now(&stand->signer.clock));
    tmpl.serial = CX_BYTES(serial, PKI_SERIAL_LEN);
    return tmpl;
}

cx_err stand_issue(struct stand *stand, const struct pki_template *tmpl, struct cx_id intent,
                   struct cx_bytes *ret_der)
{
    const struct keys_issue request = {
        .intent_id = intent, .tenant_id = stand->tenant, .issuer_id = stand->issuer, .tmpl = tmpl};
    stand->diag = CX_DIAG_INIT;
    return keys_issue(stand->client, &request, &stand->arena, &stand->diag, ret_der);
}
