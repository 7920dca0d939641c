/* The parts of validation that need no network: names, redirects, configuration, the verdict. */
#include "tests/lib/test.h"
#include "base/cleanup.h"
#include "outbound/validate.h"

static const struct web_rules rules = {80, 443, false};

static void test_dns_names(void **state)
{
    (void)state;
    char name[CHALLENGE_DNS_NAME_MAX];
    struct ipc_outbound_validate request = {.kind = OUTBOUND_DNS_01, .name = CX_STR("example.org")};
    assert_ok(challenge_dns_name(&request, name));
    assert_string_equal(name, "_acme-challenge.example.org");
    /* The example of draft-ietf-acme-dns-account-label. */
    request.kind = OUTBOUND_DNS_ACCOUNT_01;
    request.account_url = CX_STR("https://example.com/acme/acct/ExampleAccount");
    assert_ok(challenge_dns_name(&request, name));
    assert_string_equal(name, "_ujmmovf2vn55tgye._acme-challenge.example.org");
}

static void test_server_names(void **state)
{
    (void)state;
    char sni[CHALLENGE_SNI_MAX];
    struct ipc_outbound_validate request = {.name = CX_STR("example.org")};
    assert_ok(challenge_sni(&request, sni));
    assert_string_equal(sni, "example.org");
    request.is_ip = true; /* the examples of RFC 8738 §6 */
    request.name = CX_STR("192.0.2.1");
    assert_ok(challenge_sni(&request, sni));
    assert_string_equal(sni, "1.2.0.192.in-addr.arpa");
    request.name = CX_STR("2001:db8::1");
    assert_ok(challenge_sni(&request, sni));
    assert_string_equal(sni,
                        "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
}

static void assert_leads(const char *location, const char *expected)
{
    struct web_target from, next;
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(4096);
    assert_ok(web_target_first(CX_STR("a.example"), false, CX_STR("tok"), &rules, &from));
    assert_ok(web_target_next(&from, cx_str_from(location), &rules, NULL, &next));
    assert_ok(web_target_format(&next, &text));
    assert_ok(cx_buf_terminate(&text));
    assert_string_equal(text.ptr, expected);
}

static void test_redirects_that_are_followed(void **state)
{
    (void)state;
    assert_leads("/x", "http://a.example:80/x");
    assert_leads("x", "http://a.example:80/.well-known/acme-challenge/x");
    assert_leads("//B.Example/x", "http://b.example:80/x");
    assert_leads("https://b.example", "https://b.example:443/");
    assert_leads("https://b.example:80/?q=1#f", "https://b.example:80/?q=1");
    assert_leads("HTTP://b.example:443/", "http://b.example:443/");
}

static void test_redirects_that_are_not(void **state)
{
    (void)state;
    static const char *const locations[] = {"ftp://b.example/",
                                            "file:///etc/passwd",
                                            "http://b.example:22/",
                                            "http://b.example:8080/",
                                            "http://u@b.example/",
                                            "http://u:p@b.example/",
                                            "http://127.0.0.1/",
                                            "http://2130706433/",
                                            "http://0x7f000001/",
                                            "http://0177.0.0.1/",
                                            "http://127.1/",
                                            "http://[::1]/",
                                            "http://[fe80::1%25lo]/",
                                            "http://b.example./",
                                            "http://-b.example/",
                                            "http://b..example/",
                                            "http://b_\xc3\xbc.example/",
                                            "http://",
                                            "http://b.example:0/",
                                            "http://b.example:99999/",
                                            "http://192.0.2.1/",
                                            "http://a.example@b.0x7f/",
                                            "javascript:1",
                                            "http:// b.example/"};
    struct web_target from;
    assert_ok(web_target_first(CX_STR("a.example"), false, CX_STR("tok"), &rules, &from));
    for (size_t i = 0; i < sizeof(locations) / sizeof(locations[0]); i++) {
        struct web_target next = {.port = 7};
        struct cx_diag diag = CX_DIAG_INIT;
        if (cx_is_ok(web_target_next(&from, cx_str_from(locations[i]), &rules, &diag, &next)))
            fail_msg("%s leads to %s", locations[i], next.host);
        assert_int_equal(next.port, 7);
        assert_true(diag.text[0] != '\0');
    }
}

static void test_an_address_may_redirect_to_an_address(void **state)
{
    (void)state;
    const struct web_rules open = {80, 443, true};
    struct web_target from, next;
    assert_ok(web_target_first(CX_STR("2001:db8::1"), true, CX_STR("tok"), &open, &from));
    assert_ok(web_target_next(&from, CX_STR("https://192.0.2.1/"), &open, NULL, &next));
    assert_string_equal(next.host, "192.0.2.1");
    assert_ok(web_target_next(&from, CX_STR("/y"), &open, NULL, &next));
    assert_string_equal(next.host, "2001:db8::1");
}

static void test_perspectives(void **state)
{
    (void)state;
    struct perspective_plans plans;
    assert_ok(perspective_parse(CX_STR("local"), NULL, &plans));
    assert_int_equal(plans.count, 1);
    assert_false(perspective_needs_bind(&plans));
    assert_ok(perspective_parse(
        CX_STR("a,resolver=192.0.2.1,resolver=::1@5353,source=192.0.2.9|b-2,resolver=root"), NULL,
        &plans));
    assert_int_equal(plans.count, 2);
    assert_int_equal(plans.items[0].server_count, 2);
    assert_string_equal(plans.items[0].servers[1], "::1@5353");
    assert_true(plans.items[1].from_root);
    assert_true(perspective_needs_bind(&plans));
    static const char *const bad[] = {"",
                                      "A",
                                      "a|a",
                                      "a|",
                                      "|a",
                                      "a,resolver=",
                                      "a,resolver=ns.example",
                                      "a,resolver=192.0.2.1@0",
                                      "a,resolver=192.0.2.1@",
                                      "a,resolver=root,resolver=192.0.2.1",
                                      "a,source=x",
                                      "a,source=192.0.2.1,source=192.0.2.2",
                                      "a,other=1",
                                      "a,,",
                                      "a,",
                                      "1|2|3|4|5|6|7|8|9"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (cx_is_ok(perspective_parse(cx_str_from(bad[i]), NULL, &plans)))
            fail_msg("%s is accepted", bad[i]);
}

static bool allows(const char *networks, const char *host)
{
    struct address_policy policy;
    struct address address;
    assert_ok(address_policy_parse(cx_str_from(networks), false, NULL, &policy));
    assert_ok(address_parse(cx_str_from(host), 80, &address));
    return address_policy_allows(&policy, &address.any, address.len);
}

static void test_networks(void **state)
{
    (void)state;
    assert_true(allows("10.0.0.0/8", "10.1.2.3"));
    assert_true(allows("10.0.0.0/8", "::ffff:10.1.2.3"));
    assert_true(allows("192.168.4.0/22,fd00::/8", "192.168.7.255"));
    assert_true(allows("192.168.4.0/22,fd00::/8", "fd12::1"));
    assert_true(allows("", "1.1.1.1"));
    assert_false(allows("192.168.4.0/22,fd00::/8", "192.168.8.0"));
    assert_false(allows("10.0.0.0/8", "::1"));
    assert_false(allows("::1/128", "127.0.0.1"));
    static const char *const bad[] = {"10.0.0.0",    "10.0.0.1/8", "10.0.0.0/33", "x/8",
                                      "10.0.0.0/8,", ",",          "::/129",      "10/8"};
    struct address_policy policy;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (cx_is_ok(address_policy_parse(cx_str_from(bad[i]), false, NULL, &policy)))
            fail_msg("%s is accepted", bad[i]);
}

static enum outbound_problem judge(size_t count, unsigned quorum, const char *problems)
{
    struct perspective_set set = {.count = count, .quorum = quorum};
    static struct validate_verdict verdict;
    verdict = (struct validate_verdict){.problem = OUTBOUND_VALID};
    for (size_t i = 0; i < count; i++)
        verdict.seen[i].problem = (enum outbound_problem)(problems[i] - '0');
    validate_judge(&set, &verdict);
    return verdict.problem;
}

static void test_the_quorum_rule(void **state)
{
    (void)state;
    assert_int_equal(judge(1, 0, "0"), OUTBOUND_VALID);
    assert_int_equal(judge(1, 0, "2"), OUTBOUND_DNS);
    assert_int_equal(judge(3, 0, "000"), OUTBOUND_VALID);
    assert_int_equal(judge(3, 0, "001"), OUTBOUND_CONNECTION);
    assert_int_equal(judge(3, 2, "001"), OUTBOUND_VALID);
    assert_int_equal(judge(3, 2, "100"), OUTBOUND_CONNECTION); /* the first must agree */
    assert_int_equal(judge(3, 2, "012"), OUTBOUND_CONNECTION);
    assert_int_equal(judge(3, 1, "022"), OUTBOUND_VALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dns_names),
        cmocka_unit_test(test_server_names),
        cmocka_unit_test(test_redirects_that_are_followed),
        cmocka_unit_test(test_redirects_that_are_not),
        cmocka_unit_test(test_an_address_may_redirect_to_an_address),
        cmocka_unit_test(test_perspectives),
        cmocka_unit_test(test_networks),
        cmocka_unit_test(test_the_quorum_rule),
    };
    return cmocka_run_group_tests_name("outbound/challenge", tests, NULL, NULL);
}
