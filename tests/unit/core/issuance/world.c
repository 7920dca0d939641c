#include "tests/lib/test.h"

#include "world.h"

#include "base/cleanup.h"
#include "codec/pem.h"
#include "core/access/authenticate.h"
#include "core/access/rights_cache.h"
#include "core/issuance/issuer.h"
#include "core/policy/profile_store.h"
#include "core/protect/protect.h"
#include "core/tenant/tenant.h"
#include "pki/csr.h"

static struct test_databases databases;

int world_group_start(void **state)
{
    (void)state;
    return test_databases_start(&databases);
}

int world_group_stop(void **state)
{
    (void)state;
    test_databases_stop(&databases);
    return 0;
}

static void add_issuers(struct world *world)
{
    struct stand *stand = &world->stand;
    struct tenant_issuer root = {.issuer_id = stand->root,
                                 .name = CX_STR("root"),
                                 .certificate_der = stand->root_der,
                                 .shard_count = 1,
                                 .status_url = CX_STR("http://status.test")};
    struct tenant_issuer issuing = {.issuer_id = stand->issuer,
                                    .name = CX_STR("issuing"),
                                    .certificate_der = stand->issuer_der,
                                    .chain_der = stand->root_der,
                                    .parent_id = stand->root,
                                    .shard_count = 4,
                                    .status_url = CX_STR("http://status.test")};
    assert_ok(tenant_issuer_add(&world->core, stand->tenant, &root, &world->diag));
    assert_ok(tenant_issuer_add(&world->core, stand->tenant, &issuing, &world->diag));
    assert_ok(tenant_profile_add(
        &world->core, stand->tenant,
        &(struct tenant_profile){.yaml = stand_profile(stand, "server-tls")}, &world->diag));
    assert_ok(tenant_profile_add(
        &world->core, stand->tenant,
        &(struct tenant_profile){.yaml = stand_profile(stand, "ocsp-signer")}, &world->diag));
}

static void world_make(struct world *world, enum store_engine engine)
{
    *world = (struct world){.arena = ARENA_INIT(64 << 20)};
    stand_make(&world->stand);
    cx_clock_system(&world->clock);
    cx_rng_system(&world->rng);
    snprintf(world->public_dir, sizeof(world->public_dir), "%s", world->stand.dir.path);
    struct core *core = &world->core;
    core->options.public_dir = cx_str_from(world->public_dir);
    core->clock = &world->clock;
    core->rng = &world->rng;
    core->keys = world->stand.client;
    core->store = test_store_open(&databases, engine, NULL);
    assert_ok(protect_new(core, &core->protect));
    assert_ok(issuer_cache_new(&core->issuers));
    assert_ok(profile_cache_new(&core->profiles));
    assert_ok(tenant_create(core, world->stand.tenant, CX_STR("acme"), &world->diag));
    add_issuers(world);
    world->administrator = world_person(world, "administrator");
    world->requester = world_person(world, "requester,approver");
    world->approver = world_person(world, "approver,operator");
}

static void world_clear(struct world *world)
{
    while (world->kept_count)
        access_rights_release(world->kept[--world->kept_count]);
    profile_cache_free(world->core.profiles);
    issuer_cache_free(world->core.issuers);
    protect_free(world->core.protect);
    store_close(world->core.store);
    stand_clear(&world->stand);
    arena_clear(&world->arena);
}

void world_on_both(void (*test)(struct world *world))
{
    for (int engine = STORE_SQLITE; engine <= STORE_POSTGRES; engine++) {
        CX_AUTO_FREE struct world *world = calloc(1, sizeof(*world));
        assert_non_null(world);
        if (!test_engine_available(&databases, (enum store_engine)engine))
            continue;
        world_make(world, (enum store_engine)engine);
        test(world);
        world_clear(world);
    }
}

/* Tests copy principals about: their rights live as long as the world. */
static struct principal world_keep(struct world *world, struct principal principal)
{
    struct access_rights *rights[] = {principal.rights, principal.narrowed};
    for (size_t i = 0; i < 2; i++) {
        if (!rights[i])
            continue;
        assert_true(world->kept_count < WORLD_RIGHTS_MAX);
        world->kept[world->kept_count++] = rights[i];
    }
    return principal;
}

static struct principal world_hold(struct principal principal)
{
    if (principal.rights)
        access_rights_hold(principal.rights);
    if (principal.narrowed)
        access_rights_hold(principal.narrowed);
    return principal;
}

struct api_request world_request(struct world *world, enum api_operation_id operation,
                                 const struct principal *principal)
{
    world->diag = CX_DIAG_INIT;
    struct api_request request = {.core = &world->core,
                                  .arena = &world->arena,
                                  .diag = &world->diag,
                                  .operation = &api_operations[operation],
                                  .permission = api_operations[operation].permission,
                                  .now_us = cx_now(&world->clock)};
    if (principal && world->rights_stay) {
        request.principal = *principal;
    } else if (principal) {
        request.principal = world_hold(*principal);
        assert_ok(access_principal_reload(&world->core, request.now_us, &request.principal));
        request.principal = world_keep(world, request.principal);
    }
    assert_ok(cx_id_new(&world->rng, &request.request_id));
    return request;
}

cx_err world_authenticate(struct world *world, struct cx_str token, struct principal *ret_principal)
{
    struct cx_str header;
    struct principal principal = {0};
    world->diag = CX_DIAG_INIT;
    assert_ok(arena_printf(&world->arena, &header, "Bearer %.*s", CX_STR_ARG(token)));
    CX_TRY(
        access_authenticate(&world->core, header, cx_now(&world->clock), &world->diag, &principal));
    *ret_principal = world_keep(world, principal);
    return CX_OK;
}

cx_err world_redeem(struct world *world, struct cx_str link, struct cx_str *ret_token)
{
    struct api_enroll_in in = {.link = link};
    struct api_enroll_out out = {0};
    struct api_request request = world_request(world, API_OP_ENROLL, NULL);
    CX_TRY(handle_enroll(&request, &in, &out));
    *ret_token = out.body.token;
    return CX_OK;
}

struct principal world_person(struct world *world, const char *roles)
{
    struct cx_str names[2] = {cx_str_from(roles)};
    const char *comma = strchr(roles, ',');
    struct tenant_invitation invitation = {
        .display_name = CX_STR("Somebody"), .roles = names, .role_count = 1};
    if (comma) {
        names[0].len = (size_t)(comma - roles);
        names[invitation.role_count++] = cx_str_from(comma + 1);
    }
    struct principal principal = {0};
    struct cx_str link, token;
    assert_ok(tenant_invite(&world->core, world->stand.tenant, &invitation, &world->arena,
                            &world->diag, &link));
    assert_ok(world_redeem(world, link, &token));
    assert_ok(world_authenticate(world, token, &principal));
    return principal;
}

struct cx_str world_csr_of(struct world *world, const struct pki_attribute *subject,
                           size_t subject_count, const char *dns)
{
    CX_CLEANUP(crypto_key_freep) struct crypto_key *key = NULL;
    CX_CLEANUP(cx_buf_clear) struct cx_buf info = CX_BUF_INIT(4096), signature = CX_BUF_INIT(512);
    CX_CLEANUP(cx_buf_clear) struct cx_buf csr = CX_BUF_INIT(4096), pem = CX_BUF_INIT(8192);
    struct pki_name name = {PKI_NAME_DNS, CX_BYTES(dns, strlen(dns))};
    struct cx_str text;
    assert_ok(crypto_key_generate(CRYPTO_KEY_P256, &key));
    assert_ok(pki_csr_info_write(subject, subject_count, &name, 1, crypto_key_spki(key), &info));
    assert_ok(crypto_sign(key, CRYPTO_SIGNATURE_ECDSA_SHA256, cx_buf_view(&info), &signature));
    assert_ok(
        pki_certificate_write(cx_buf_view(&info), PKI_KEY_P256, cx_buf_view(&signature), &csr));
    assert_ok(pem_write("CERTIFICATE REQUEST", cx_buf_view(&csr), &pem));
    assert_ok(
        arena_copy_str(&world->arena, (struct cx_str){(const char *)pem.ptr, pem.len}, &text));
    return text;
}

struct cx_str world_csr(struct world *world, const char *dns)
{
    return world_csr_of(world, NULL, 0, dns);
}

cx_err world_ask(struct world *world, const struct principal *principal, const char *dns,
                 struct api_request_view *ret_view)
{
    struct api_tag tag = {CX_STR("team"), CX_STR("blue")};
    struct api_request_create_in in = {.certificate_profile = CX_STR("server-tls"),
                                       .has_csr = true,
                                       .csr = world_csr(world, dns),
                                       .has_tags = true,
                                       .tags = &tag,
                                       .tags_count = 1,
                                       .has_comment = true,
                                       .comment = CX_STR("please")};
    struct api_request_create_out out = {0};
    struct api_request request = world_request(world, API_OP_REQUEST_CREATE, principal);
    CX_TRY(handle_request_create(&request, &in, &out));
    *ret_view = out.body;
    return CX_OK;
}

cx_err world_approve(struct world *world, const struct principal *principal,
                     struct cx_id request_id, struct api_request_view *ret_view)
{
    struct api_request_approve_in in = {.request_id = request_id, .comment = CX_STR("fine")};
    struct api_request_approve_out out = {0};
    struct api_request request = world_request(world, API_OP_REQUEST_APPROVE, principal);
    CX_TRY(handle_request_approve(&request, &in, &out));
    *ret_view = out.body;
    return CX_OK;
}

struct api_certificate_view world_certificate(struct world *world, struct cx_id certificate_id)
{
    struct api_certificate_get_in in = {certificate_id};
    struct api_certificate_get_out out = {0};
    struct api_request request = world_request(world, API_OP_CERTIFICATE_GET, &world->requester);
    assert_ok(handle_certificate_get(&request, &in, &out));
    return out.body;
}

struct api_certificate_view world_issue(struct world *world, const char *dns)
{
    struct api_request_view view = {0};
    cx_err err = world_ask(world, &world->requester, dns, &view);
    assert_string_equal(world->diag.text, "");
    assert_ok(err);
    assert_int_equal(view.state, API_REQUEST_STATE_AWAITING_APPROVAL);
    assert_ok(world_approve(world, &world->approver, view.id, &view));
    if (view.has_failure)
        print_message("%.*s: %.*s\n", CX_STR_ARG(view.failure_rule), CX_STR_ARG(view.failure));
    assert_int_equal(view.state, API_REQUEST_STATE_DONE);
    return world_certificate(world, view.certificate_id);
}

struct entry_count {
    struct cx_id tenant_id;
    const char *action, *outcome;
    struct cx_id object_id;
    int64_t count;
};

static cx_err count_entries(struct store_tx *tx, void *arg)
{
    struct entry_count *entries = arg;
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx,
                         "SELECT count(*) FROM audit_entry WHERE tenant_id = $1 AND action = $2 "
                         "AND outcome = $3 AND ($4 = 1 OR object_id = $5)",
                         &q));
    store_bind_id(q, 1, entries->tenant_id);
    store_bind_text(q, 2, cx_str_from(entries->action));
    store_bind_text(q, 3, cx_str_from(entries->outcome));
    store_bind_int(q, 4, cx_id_is_zero(entries->object_id));
    store_bind_id(q, 5, entries->object_id);
    CX_TRY(store_step(q, &row));
    entries->count = store_col_int(q, 0);
    return CX_OK;
}

int64_t world_entries(struct world *world, const char *action, const char *outcome,
                      struct cx_id object_id)
{
    struct entry_count entries = {world->stand.tenant, action, outcome, object_id, -1};
    assert_ok(store_read(world->core.store, count_entries, &entries));
    return entries.count;
}

void world_rules(struct world *world, const char *from, const char *to)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(65536);
    struct stand *stand = &world->stand;
    struct cx_bytes file = stand_profile(stand, "server-tls");
    const char *at = memmem(file.ptr, file.len, from, strlen(from));
    struct cx_str name;
    uint32_t version = 0;
    assert_non_null(at);
    size_t head = (size_t)(at - (const char *)file.ptr), tail = head + strlen(from);
    assert_ok(cx_buf_add(&text, CX_BYTES(file.ptr, head)));
    assert_ok(cx_buf_add_str(&text, cx_str_from(to)));
    assert_ok(cx_buf_add(&text, CX_BYTES(file.ptr + tail, file.len - tail)));
    char *number = memmem(text.ptr, text.len, "version: 1", 10);
    assert_non_null(number);
    number[9] = '2';
    stand_close(stand); /* a profile is installed by ceremony, on the host */
    stand_open(stand, true, false);
    assert_ok(ceremony_profile_install(stand->client, stand->tenant, cx_buf_view(&text),
                                       &stand->arena, &stand->diag, &name, &version));
    assert_int_equal(version, 2);
    stand_close(stand);
    stand_open(stand, false, false);
    world->core.keys = stand->client;
    assert_ok(tenant_profile_add(&world->core, stand->tenant,
                                 &(struct tenant_profile){.yaml = cx_buf_view(&text)},
                                 &world->diag));
}
