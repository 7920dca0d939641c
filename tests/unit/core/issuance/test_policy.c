/* What a request may not ask for: each refusal names its rule and its field, and leaves no request behind. */
#include "tests/lib/test.h"

#include "world.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_keys_are_refused),
        cmocka_unit_test(names_are_never_dropped),
        cmocka_unit_test(the_newest_version_of_a_profile_decides),
        cmocka_unit_test(bounds_hold),
    };
    return cmocka_run_group_tests(tests, world_group_start, world_group_stop);
}
