/* RFC 8659 and RFC 8657, over record data. */
#include "tests/lib/test.h"
#include "outbound/caa.h"
#include "outbound/dns_record.h"

static const struct cx_str issuers[] = {{"ca.example", 10}, {"ca.example.net", 14}};

struct record {
    uint8_t octets[256];
    size_t len;
};

static struct record make(uint8_t flags, const char *tag, const char *value)
{
    struct record record = {.len = 2 + strlen(tag) + strlen(value)};
    record.octets[0] = flags;
    record.octets[1] = (uint8_t)strlen(tag);
    memcpy(record.octets + 2, tag, strlen(tag));
    memcpy(record.octets + 2 + strlen(tag), value, strlen(value));
    return record;
}

static enum caa_answer decide(bool wildcard, const char *account, const char *method,
                              const struct record *list, size_t count)
{
    struct cx_bytes views[4];
    const struct caa_question question = {wildcard, issuers, 2, cx_str_from(account),
                                          cx_str_from(method)};
    assert_true(count <= 4);
    for (size_t i = 0; i < count; i++)
        views[i] = CX_BYTES(list[i].octets, list[i].len);
    return caa_decide(&question, views, count);
}

static enum caa_answer decide_value(const char *value)
{
    const struct record record = make(0, "issue", value);
    return decide(false, "https://ca.example/acct/1", "dns-01", &record, 1);
}

static void test_issue_values(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        enum caa_answer expected;
    } cases[] = {
        {"ca.example", CAA_ALLOWS},
        {"CA.Example", CAA_ALLOWS},
        {" ca.example.net\t;", CAA_ALLOWS},
        {"ca.example; x=y", CAA_ALLOWS},
        {"ca.example ; accounturi = https://ca.example/acct/1", CAA_ALLOWS},
        {"ca.example; accounturi=https://ca.example/acct/1; validationmethods=http-01,dns-01",
         CAA_ALLOWS},
        {"ca.example; ACCOUNTURI=https://ca.example/acct/1", CAA_ALLOWS},
        {"ca.example; accounturi=https://ca.example/acct/11", CAA_FORBIDS_HERE},
        {"ca.example; accounturi=", CAA_FORBIDS_HERE},
        {"ca.example; accounturi=https://ca.example/acct/1; "
         "accounturi=https://ca.example/acct/1",
         CAA_FORBIDS_HERE},
        {"ca.example; validationmethods=dns-0", CAA_FORBIDS_HERE},
        {"ca.example; validationmethods=dns-01; validationmethods=dns-01", CAA_FORBIDS_HERE},
        {"", CAA_FORBIDS},
        {";", CAA_FORBIDS},
        {"other.example", CAA_FORBIDS},
        {"www.ca.example", CAA_FORBIDS},
        {"ca.example.", CAA_FORBIDS},
        {"ca.example;;", CAA_FORBIDS},
        {"ca.example; x=y;", CAA_FORBIDS},
        {"ca.example; x", CAA_FORBIDS},
        {"ca.example x", CAA_FORBIDS},
        {"ca.example, other.example", CAA_FORBIDS},
        {"%%%%", CAA_FORBIDS},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (decide_value(cases[i].value) != cases[i].expected)
            fail_msg("\"%s\" gives %d", cases[i].value, decide_value(cases[i].value));
}

static void test_parameters_need_something_to_compare_with(void **state)
{
    (void)state;
    const struct record account = make(0, "issue", "ca.example; accounturi=https://a");
    const struct record method = make(0, "issue", "ca.example; validationmethods=http-01");
    assert_int_equal(decide(false, "", "", &account, 1), CAA_FORBIDS_HERE);
    assert_int_equal(decide(false, "", "", &method, 1), CAA_FORBIDS_HERE);
    const struct record both[] = {account, make(0, "issue", "ca.example")};
    assert_int_equal(decide(false, "", "", both, 2), CAA_ALLOWS);
}

static void test_wildcards(void **state)
{
    (void)state;
    const struct record list[] = {make(0, "issue", "ca.example"), make(0, "issueWild", ";")};
    assert_int_equal(decide(false, "", "", list, 2), CAA_ALLOWS);
    assert_int_equal(decide(true, "", "", list, 2), CAA_FORBIDS);
    assert_int_equal(decide(true, "", "", list, 1), CAA_ALLOWS);
    assert_int_equal(decide(false, "", "", list + 1, 1), CAA_ALLOWS);
}

static void test_critical_and_malformed(void **state)
{
    (void)state;
    const struct record list[] = {make(0, "issue", "ca.example"), make(128, "future", "x")};
    assert_int_equal(decide(false, "", "", list, 2), CAA_CRITICAL);
    const struct record known[] = {make(128, "issue", "ca.example"), make(1, "future", "x"),
                                   make(128, "iodef", "mailto:a@b")};
    assert_int_equal(decide(false, "", "", known, 3), CAA_ALLOWS);
    const struct record broken[] = {make(0, "issue", "ca.example"), {{0, 9, 'x'}, 3}};
    assert_int_equal(decide(false, "", "", broken, 2), CAA_MALFORMED);
    const struct record odd[] = {make(0, "is sue", "ca.example")};
    assert_int_equal(decide(false, "", "", odd, 1), CAA_MALFORMED);
    assert_int_equal(decide(false, "", "", NULL, 0), CAA_ALLOWS);
}

static void test_txt_is_joined(void **state)
{
    (void)state;
    static const uint8_t good[] = {2, 'a', 'b', 0, 1, 'c'}, cut[] = {2, 'a'};
    uint8_t text[3];
    size_t len = 0;
    assert_ok(dns_txt_join(CX_BYTES(good, sizeof(good)), text, sizeof(text), &len));
    assert_int_equal(len, 3);
    assert_memory_equal(text, "abc", 3);
    assert_err(dns_txt_join(CX_BYTES(good, sizeof(good)), text, 2, &len), LIMIT);
    assert_err(dns_txt_join(CX_BYTES(cut, sizeof(cut)), text, sizeof(text), &len), PARSE);
    assert_err(dns_txt_join(CX_BYTES_NONE, text, sizeof(text), &len), PARSE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_issue_values),
        cmocka_unit_test(test_parameters_need_something_to_compare_with),
        cmocka_unit_test(test_wildcards),
        cmocka_unit_test(test_critical_and_malformed),
        cmocka_unit_test(test_txt_is_joined),
    };
    return cmocka_run_group_tests_name("outbound/caa", tests, NULL, NULL);
}
