/* What a request may not ask for: each refusal names its rule and its field, and leaves no request behind. */
#include "tests/lib/test.h"

#include "world.h"

#include "core/issuance/revoke.h"
#include "core/tenant/tenant.h"
#include "pki/certificate.h"

/* The key of RFC 9500 §2.3, testECCP256, which everybody holds. */
static const char PUBLISHED_KEY[] =
    "-----BEGIN CERTIFICATE REQUEST-----\n"
    "MIHqMIGRAgEAMAAwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARCJUj4j7eC/7Xs\n"
    "o3REUscqHlWPvW9zvl5I6TIyzEXFsWxM0QxMuNW4oXE56UiCyJklcpk0JfQUGat+\n"
    "kKQqSUJyoC8wLQYJKoZIhvcNAQkOMSAwHjAcBgNVHREEFTATghFrbm93bi5leGFt\n"
    "cGxlLm9yZzAKBggqhkjOPQQDAgNIADBFAiB4HHYsstVvQNP7jFzVIkXColonnhEf\n"
    "F6R7x2IJ5AdbWAIhAOtmU2pY+1pl3k3yocsnqOmEfxlU3JDh9ZFjhE7aIToc\n"
    "-----END CERTIFICATE REQUEST-----\n";

/* A CSR as server-tls accepts it; each case changes one thing. */
static struct api_request_create_in good(struct world *world)
{
    return (struct api_request_create_in){.certificate_profile = CX_STR("server-tls"),
                                          .has_csr = true,
                                          .csr = world_csr(world, "ok.example.org"),
                                          .comment = CX_STR("please")};
}

static void expect(struct world *world, const struct api_request_create_in *in, const char *rule,
                   const char *field)
{
    struct api_request_create_out out = {0};
    struct api_request request = world_request(world, API_OP_REQUEST_CREATE, &world->requester);
    cx_err err = handle_request_create(&request, in, &out);
    assert_string_equal(world->diag.rule, rule);
    assert_string_equal(world->diag.field, field);
    assert_true(world->diag.text[0] != 0);
    assert_err(err, POLICY);
}

static void check_keys(struct world *world)
{
    struct api_request_create_in in = good(world);
    in.csr = cx_str_from(PUBLISHED_KEY);
    expect(world, &in, "key-compromised", "csr");
    in = good(world);
    in.has_server_key = true;
    expect(world, &in, "csr-or-server-key", "server_key");
    in.has_csr = in.has_server_key = false;
    expect(world, &in, "csr-or-server-key", "csr");
    assert_int_equal(world_entries(world, "request.create", "done", (struct cx_id){{0}}), 0);
}

static void published_keys_are_refused(void **state)
{
    (void)state;
    world_on_both(check_keys);
}

static void check_names(struct world *world)
{
    struct api_name other = {API_NAME_KIND_DNS, CX_STR("other.example.org")};
    struct api_name bad = {API_NAME_KIND_DNS, CX_STR("-.example.org")};
    struct api_name mail = {API_NAME_KIND_EMAIL, CX_STR("a@example.org")};
    struct api_name both[] = {{API_NAME_KIND_DNS, CX_STR("ok.example.org")}, mail};
    struct api_request_create_in in = good(world);
    in.has_names = true;
    in.names = &other;
    in.names_count = 1;
    expect(world, &in, "csr-name-not-requested", "csr");
    in.names = &bad;
    expect(world, &in, "name-dns-hyphen", "/names/0");
    in.names = both;
    in.names_count = 2;
    expect(world, &in, "name-kind-not-allowed", "/names/1");
    in = good(world);
    in.has_subject = true;
    in.subject = (struct api_subject){.has_serial_number = true, .serial_number = CX_STR("7")};
    expect(world, &in, "subject-attribute-not-allowed", "/subject/0");
}

static void names_are_never_dropped(void **state)
{
    (void)state;
    world_on_both(check_names);
}

static void check_wildcard(struct world *world)
{
    struct api_request_create_in in = good(world);
    world_rules(world, "wildcard: true", "wildcard: false");
    in.csr = world_csr(world, "*.example.org");
    expect(world, &in, "name-wildcard-not-allowed", "/names/0");
}

static void the_newest_version_of_a_profile_decides(void **state)
{
    (void)state;
    world_on_both(check_wildcard);
}

static void check_bounds(struct world *world)
{
    struct api_tag tags[] = {{CX_STR("team"), CX_STR("a")}, {CX_STR("team"), CX_STR("b")}};
    struct api_request_create_in in = good(world);
    in.has_validity_days = true;
    in.validity_days = 4000;
    expect(world, &in, "validity-too-long", "validity_days");
    in = good(world);
    in.certificate_profile = CX_STR("nothing-like-it");
    expect(world, &in, "profile-unknown", "certificate_profile");
    in.certificate_profile = CX_STR("ocsp-signer");
    in.csr = world_csr(world, "ok.example.org");
    expect(world, &in, "profile-reserved", "certificate_profile");
    in = good(world);
    in.has_issuer_id = true;
    in.issuer_id = world->stand.tenant;
    expect(world, &in, "issuer-unknown", "issuer_id");
    in = good(world);
    in.has_tags = true;
    in.tags = tags;
    in.tags_count = 2;
    expect(world, &in, "tag-duplicate", "tags");
    assert_int_equal(world_entries(world, "request.create", "done", (struct cx_id){{0}}), 0);
}

static void bounds_hold(void **state)
{
    (void)state;
    world_on_both(check_bounds);
}

static void check_subject(struct world *world)
{
    struct pki_attribute attribute = {PKI_ATTR_ORGANIZATION, CX_STR("Other")};
    struct api_request_create_in in = good(world);
    in.csr = world_csr_of(world, &attribute, 1, "ok.example.org");
    in.has_subject = true;
    in.subject = (struct api_subject){.has_organization = true, .organization = CX_STR("Acme")};
    expect(world, &in, "csr-subject-not-requested", "csr");
    world_rules(world, "server_key: true", "server_key: false");
    in = good(world);
    in.has_csr = false;
    in.has_server_key = true;
    expect(world, &in, "server-key-not-allowed", "server_key");
}

static void a_subject_is_never_altered(void **state)
{
    (void)state;
    world_on_both(check_subject);
}

static cx_err set_issuer_state(struct store_tx *tx, void *arg)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx, "UPDATE issuer SET state = $1", &q));
    store_bind_text(q, 1, cx_str_from(arg));
    return store_exec(q);
}

/* The issuer's last day: what would outlive it is refused; then it is over; disabled, it issues nothing that was approved. */
static void check_issuer(struct world *world)
{
    char active[] = "active", disabled[] = "disabled";
    struct api_request_view view = {0};
    struct api_request_create_in in = good(world);
    struct pki_certificate issuer;
    assert_ok(pki_certificate_parse(world->stand.issuer_der, &world->diag, &issuer));
    assert_ok(world_ask(world, &world->requester, "late.example.org", &view));
    assert_ok(store_write(world->core.store, set_issuer_state, disabled));
    expect(world, &in, "issuer-missing", "issuer_id");
    assert_err(world_approve(world, &world->approver, view.id, &view), POLICY);
    assert_string_equal(world->diag.rule, "issuer-disabled");
    assert_string_equal(world->diag.field, "issuer_id");
    assert_ok(store_write(world->core.store, set_issuer_state, active));
    struct tenant_issuer second = {.issuer_id = stand_id(&world->stand),
                                   .name = CX_STR("second"),
                                   .certificate_der = world->stand.issuer_der,
                                   .chain_der = world->stand.root_der,
                                   .parent_id = world->stand.root,
                                   .shard_count = 1,
                                   .status_url = CX_STR("http://status.test")};
    assert_ok(tenant_issuer_add(&world->core, world->stand.tenant, &second, &world->diag));
    expect(world, &in, "issuer-ambiguous", "issuer_id");
    in.has_issuer_id = true;
    in.issuer_id = world->stand.issuer;
    in.has_validity_days = true;
    in.validity_days = 90;
    world->rights_stay = true; /* nobody's token lives as long as the issuer */
    world->clock.offset_us += issuer.not_after_us - cx_now(&world->clock) - 10 * CX_US_PER_DAY;
    expect(world, &in, "validity-beyond-issuer", "validity_days");
    world->clock.offset_us += 11 * CX_US_PER_DAY;
    expect(world, &in, "issuer-expired", "issuer_id");
}

static void an_issuer_has_its_time(void **state)
{
    (void)state;
    world_on_both(check_issuer);
}

/* A certificate whose profile wants two persons is not revoked by whoever holds its key. */
static void check_holder(struct world *world)
{
    world_rules(world, "revoke: 0", "revoke: 2");
    struct api_certificate_view certificate = world_issue(world, "held.example.org");
    struct api_certificate_revoke_in in = {.certificate_id = certificate.id};
    struct api_revocation_view view = {0};
    struct api_request request = world_request(world, API_OP_CERTIFICATE_REVOKE, &world->requester);
    assert_err(certificate_revoke_by_holder(&request, &in, &view), DENIED);
    assert_string_equal(world->diag.rule, "approval-needs-person");
    assert_int_equal(world_entries(world, "certificate.revoke", "done", certificate.id), 0);
}

static void a_holder_alone_does_not_revoke_what_takes_two(void **state)
{
    (void)state;
    world_on_both(check_holder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_keys_are_refused),
        cmocka_unit_test(names_are_never_dropped),
        cmocka_unit_test(the_newest_version_of_a_profile_decides),
        cmocka_unit_test(bounds_hold),
        cmocka_unit_test(a_subject_is_never_altered),
        cmocka_unit_test(an_issuer_has_its_time),
        cmocka_unit_test(a_holder_alone_does_not_revoke_what_takes_two),
    };
    return cmocka_run_group_tests(tests, world_group_start, world_group_stop);
}
