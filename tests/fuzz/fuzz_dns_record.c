/* TXT and CAA record data. The first octet chooses: TXT, one CAA record, an issue value, or a CAA decision over several
 * records (each after an octet with its length). */
#include "tests/fuzz/fuzz.h"
#include "outbound/caa.h"
#include "outbound/dns_record.h"

static bool inside(struct cx_str part, struct cx_bytes whole)
{
    return part.len == 0 || ((const uint8_t *)part.ptr >= whole.ptr &&
                             (const uint8_t *)part.ptr + part.len <= whole.ptr + whole.len);
}

static void join_txt(struct cx_bytes rdata)
{
    uint8_t text[64];
    size_t len = 777;
    cx_err err = dns_txt_join(rdata, text, sizeof(text), &len);
    FUZZ_REQUIRE(cx_is_ok(err) ? len < rdata.len && len <= sizeof(text) : len == 777);
}

static void read_issue(struct cx_bytes value)
{
    struct dns_caa_issue issue;
    if (cx_failed(dns_caa_issue_parse(value, &issue)))
        return;
    FUZZ_REQUIRE(inside(issue.issuer, value));
    FUZZ_REQUIRE(issue.parameter_count <= DNS_CAA_PARAMETERS_MAX);
    for (size_t i = 0; i < issue.parameter_count; i++)
        FUZZ_REQUIRE(issue.parameters[i].tag.len > 0 && inside(issue.parameters[i].tag, value) &&
                     inside(issue.parameters[i].value, value));
}

static void read_caa(struct cx_bytes rdata)
{
    struct dns_caa caa;
    if (cx_failed(dns_caa_parse(rdata, &caa)))
        return;
    FUZZ_REQUIRE(caa.tag.len > 0 && inside(caa.tag, rdata));
    FUZZ_REQUIRE(2 + caa.tag.len + caa.value.len == rdata.len);
    read_issue(caa.value);
}

/* More records never turn a critical property or a malformed record into a permission. */
static void decide(struct cx_bytes bytes)
{
    static const struct cx_str issuers[] = {{"ca.example", 10}};
    struct cx_bytes records[16] = {{NULL, 0}};
    size_t count = 0;
    for (size_t at = 0; at < bytes.len && count < 16; count++) {
        size_t len = bytes.ptr[at++];
        len = len < bytes.len - at ? len : bytes.len - at;
        records[count] = CX_BYTES(bytes.ptr + at, len);
        at += len;
    }
    const struct caa_question question = {false, issuers, 1, CX_STR("https://a"), CX_STR("dns-01")};
    enum caa_answer all = caa_decide(&question, records, count);
    for (size_t i = 0; i < count; i++) {
        enum caa_answer one = caa_decide(&question, &records[i], 1);
        if (one == CAA_CRITICAL || one == CAA_MALFORMED)
            FUZZ_REQUIRE(all == CAA_CRITICAL || all == CAA_MALFORMED);
    }
    FUZZ_REQUIRE(count > 0 || all == CAA_ALLOWS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct cx_bytes rest = CX_BYTES(data + 1, size - 1);
    switch (data[0] % 4) {
    case 0:
        join_txt(rest);
        break;
    case 1:
        read_caa(rest);
        break;
    case 2:
        read_issue(rest);
        break;
    default:
        decide(rest);
        break;
    }
    return 0;
}
