#include "outbound/challenge.h"

#include "base/cleanup.h"
#include "codec/base64.h"
#include "crypto/hash.h"
#include "outbound/caa.h"
#include "outbound/dns_record.h"

enum { DIGEST_TEXT_MAX = 64, ACCOUNT_OCTETS = 10, ACCOUNT_LABEL_LEN = 16, QUOTE_MAX = 81 };

/* ---- dns-01, dns-account-01 ---- */

/* RFC 4648 §6 in lower case; 10 octets are 16 characters without padding. */
static void write_base32(const uint8_t octets[static ACCOUNT_OCTETS],
                         char ret_text[static ACCOUNT_LABEL_LEN + 1])
{
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
    for (unsigned i = 0; i < ACCOUNT_LABEL_LEN; i++) {
        unsigned bit = i * 5, at = bit / 8;
        unsigned pair = (unsigned)octets[at] << 8 | (at + 1 < ACCOUNT_OCTETS ? octets[at + 1] : 0);
        ret_text[i] = alphabet[pair >> (11 - bit % 8) & 31];
    }
    ret_text[ACCOUNT_LABEL_LEN] = '\0';
}

cx_err challenge_dns_name(const struct ipc_outbound_validate *request,
                          char ret_name[static CHALLENGE_DNS_NAME_MAX])
{
    uint8_t digest[CRYPTO_SHA256_LEN];
    char label[ACCOUNT_LABEL_LEN + 1] = "";
    bool by_account = request->kind == OUTBOUND_DNS_ACCOUNT_01;
    if (by_account) {
        CX_TRY(crypto_sha256(cx_str_bytes(request->account_url), digest));
        write_base32(digest, label);
    }
    int len =
        snprintf(ret_name, CHALLENGE_DNS_NAME_MAX, "%s%s%s_acme-challenge.%.*s",
                 by_account ? "_" : "", label, by_account ? "." : "", CX_STR_ARG(request->name));
    return len > 0 && len < CHALLENGE_DNS_NAME_MAX ? CX_OK : CX_ERR(LIMIT);
}

/* RFC 8555 §8.4: base64url of the SHA-256 digest. */
static cx_err expected_text(struct cx_str key_authorization, struct cx_buf *out)
{
    uint8_t digest[CRYPTO_SHA256_LEN];
    CX_TRY(crypto_sha256(cx_str_bytes(key_authorization), digest));
    return base64url_encode(CX_BYTES(digest, sizeof(digest)), out);
}

static void judge_records(const struct dns_answer *answer, struct cx_bytes expected,
                          const char *name, struct observation *seen)
{
    uint8_t text[DNS_TXT_MAX];
    char quote[QUOTE_MAX] = "";
    for (size_t i = 0; i < answer->count; i++) {
        size_t len = 0;
        if (cx_failed(dns_txt_join(answer->records[i], text, sizeof(text), &len)))
            continue;
        if (cx_bytes_eq(CX_BYTES(text, len), expected))
            return;
        if (quote[0] == '\0')
            observe_excerpt(CX_BYTES(text, len), quote, sizeof(quote));
    }
    observe_problem(seen, OUTBOUND_INCORRECT_RESPONSE,
                    "none of the %zu TXT records at %s is the expected one; found \"%s\"",
                    answer->count, name, quote);
}

cx_err challenge_dns(const struct look *look, const struct ipc_outbound_validate *request,
                     struct observation *seen)
{
    char name[CHALLENGE_DNS_NAME_MAX];
    CX_CLEANUP(dns_answer_clear) struct dns_answer answer = DNS_ANSWER_INIT;
    CX_CLEANUP(cx_buf_clear) struct cx_buf expected = CX_BUF_INIT(DIGEST_TEXT_MAX);
    bool usable = false;
    CX_TRY(challenge_dns_name(request, name));
    if (strlen(name) > OUTBOUND_NAME_MAX) {
        observe_problem(seen, OUTBOUND_DNS, "%s is too long for a DNS name", name);
        return CX_OK;
    }
    CX_TRY(expected_text(request->key_authorization, &expected));
    CX_TRY(observe_lookup(look, cx_str_from(name), DNS_TXT, seen, &answer, &usable));
    if (!usable)
        return CX_OK;
    if (answer.status == DNS_DATA)
        judge_records(&answer, cx_buf_view(&expected), name, seen);
    else if (answer.exists)
        observe_problem(seen, OUTBOUND_UNAUTHORIZED, "%s has no TXT record", name);
    else
        observe_problem(seen, OUTBOUND_DNS, "%s does not exist (NXDOMAIN)", name);
    return CX_OK;
}

/* ---- CAA ---- */

static struct cx_str parent_of(struct cx_str name)
{
    size_t at = 0;
    while (at < name.len && name.ptr[at] != '.')
        at++;
    size_t used = at < name.len ? at + 1 : at;
    return (struct cx_str){name.ptr + used, name.len - used};
}

static cx_err judge_caa(const struct ipc_outbound_check_caa *request, struct cx_str at,
                        const struct dns_answer *answer, struct observation *seen)
{
    struct cx_str issuers[OUTBOUND_ISSUERS_MAX];
    static const char *const texts[] = {
        [CAA_FORBIDS] = "do not name this CA",
        [CAA_FORBIDS_HERE] = "name this CA, but for another account or validation method",
        [CAA_CRITICAL] = "hold a critical property that this CA does not know",
        [CAA_MALFORMED] = "are malformed"};
    for (size_t i = 0; i < request->issuers_count; i++)
        issuers[i] = request->issuers[i].domain;
    const struct caa_question question = {request->wildcard, issuers, request->issuers_count,
                                          request->account_uri, request->method};
    enum caa_answer verdict = caa_decide(&question, answer->records, answer->count);
    if (verdict != CAA_ALLOWS)
        observe_problem(seen, OUTBOUND_CAA, "the CAA records of %.*s %s", CX_STR_ARG(at),
                        texts[verdict]);
    return CX_OK;
}

/* RFC 8659 §3: the set of the nearest name, from the name itself up to its top-level domain, that has
 * one. CNAMEs are followed by the resolver. A name without an answer is not a name without records. */
cx_err challenge_caa(const struct look *look, const struct ipc_outbound_check_caa *request,
                     struct observation *seen)
{
    for (struct cx_str at = request->name; at.len > 0; at = parent_of(at)) {
        CX_CLEANUP(dns_answer_clear) struct dns_answer answer = DNS_ANSWER_INIT;
        bool usable = false;
        CX_TRY(observe_lookup(look, at, DNS_CAA, seen, &answer, &usable));
        if (!usable)
            return CX_OK;
        if (answer.status == DNS_DATA)
            return judge_caa(request, at, &answer, seen);
    }
    return CX_OK;
}
