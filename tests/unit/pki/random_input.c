#include "tests/unit/pki/random_input.h"

#include <stdio.h>

#include "base/checked.h"

enum { NAMES_MOST = 12, CONSTRAINTS_MOST = 8, OIDS_MOST = 5, REVOKED_MOST = 40 };

/* 1950-01-01, the first moment of UTCTime; 2050-01-01, the first of GeneralizedTime; 9999-12-31T23:59:59Z. */
static const int64_t time_edges_s[] = {-631152000, 0, 2524607999, 2524608000, 253402300799};

/* splitmix64. */
uint64_t random_next(struct random_input *r)
{
    uint64_t z = r->state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

uint64_t random_between(struct random_input *r, uint64_t from, uint64_t to)
{
    return from + random_next(r) % (to - from + 1);
}

static bool one_in(struct random_input *r, uint64_t n)
{
    return random_between(r, 1, n) == 1;
}

static uint8_t *take(struct random_input *r, size_t size)
{
    uint8_t *octets = NULL;
    assert_ok(ARENA_NEW_ARRAY(r->arena, size + 1, &octets));
    return octets;
}

struct cx_bytes random_octets(struct random_input *r, size_t len)
{
    uint8_t *octets = take(r, len);
    for (size_t i = 0; i < len; i++)
        octets[i] = (uint8_t)random_next(r);
    return CX_BYTES(octets, len);
}

static struct cx_bytes random_letters(struct random_input *r, const char *alphabet, size_t len)
{
    uint8_t *letters = take(r, len);
    for (size_t i = 0; i < len; i++)
        letters[i] = (uint8_t)alphabet[random_between(r, 0, strlen(alphabet) - 1)];
    return CX_BYTES(letters, len);
}

/* Characters of one to four octets of UTF-8. */
static struct cx_str random_utf8(struct random_input *r, size_t count)
{
    static const char *const characters[] = {"a",      "Z",      "7",      " ",      "/",
                                             "+",      "\"",     "\\",     ",",      "=",
                                             "\u00fc", "\u00df", "\u0416", "\u65e5", "\U0001f512"};
    char *text = (char *)take(r, count * 4);
    size_t len = 0;
    for (size_t i = 0; i < count; i++) {
        const char *one = characters[random_between(r, 0, CX_COUNT_OF(characters) - 1)];
        memcpy(text + len, one, strlen(one));
        len += strlen(one);
    }
    return (struct cx_str){text, len};
}

static struct cx_str text_of(struct cx_bytes bytes)
{
    return (struct cx_str){(const char *)bytes.ptr, bytes.len};
}

static struct cx_str random_value(struct random_input *r, enum pki_attribute_type type)
{
    static const char printable[] = "ABCXYZabcxyz0189 '()+,-./:=?";
    switch (type) {
    case PKI_ATTR_COUNTRY:
        return text_of(random_letters(r, "ABCDEFGHIJKLMNOPQRSTUVWXYZ", 2));
    case PKI_ATTR_SERIAL_NUMBER:
        return text_of(random_letters(r, printable, random_between(r, 1, 64)));
    case PKI_ATTR_EMAIL:
        return text_of(random_letters(r, "abz09.@_-+", random_between(r, 1, 255)));
    default:
        return random_utf8(r, random_between(r, 1, 64));
    }
}

void random_attributes(struct random_input *r, size_t max,
                       const struct pki_attribute **ret_attributes, size_t *ret_count)
{
    struct pki_attribute *attributes = NULL;
    size_t count = random_between(r, 0, max);
    assert_ok(ARENA_NEW_ARRAY(r->arena, max, &attributes));
    for (size_t i = 0; i < count; i++) {
        attributes[i].type = (enum pki_attribute_type)random_between(r, 0, PKI_ATTR_COUNT - 1);
        attributes[i].value = random_value(r, attributes[i].type);
    }
    *ret_attributes = attributes;
    *ret_count = count;
}

static struct cx_bytes random_name(struct random_input *r, enum pki_name_kind kind, bool subtree)
{
    if (kind == PKI_NAME_IP)
        return random_octets(r, (one_in(r, 2) ? 4 : 16) * (subtree ? 2 : 1));
    return random_letters(r, kind == PKI_NAME_DNS ? "abcxyz019-.*" : "abcxyz019-._~:/?@%",
                          one_in(r, 8) ? 253 : random_between(r, 1, 40));
}

static cx_time random_time(struct random_input *r)
{
    int64_t edge = time_edges_s[random_between(r, 0, CX_COUNT_OF(time_edges_s) - 1)];
    int64_t first = time_edges_s[0];
    int64_t last = time_edges_s[CX_COUNT_OF(time_edges_s) - 1];
    if (one_in(r, 2))
        return (first + (int64_t)random_between(r, 0, (uint64_t)(last - first))) * CX_US_PER_S;
    edge += (int64_t)random_between(r, 0, 4) - 2;
    return (edge < first ? first : edge > last ? last : edge) * CX_US_PER_S;
}

/* Three kinds: made here (with its shard), of another length, and with as many leading zero bits as DER has to drop. */
static struct cx_bytes random_serial(struct random_input *r)
{
    uint8_t *serial = take(r, PKI_SERIAL_MAX);
    size_t len = random_between(r, 1, PKI_SERIAL_MAX);
    memcpy(serial, random_octets(r, PKI_SERIAL_MAX).ptr, PKI_SERIAL_MAX);
    if (one_in(r, 2)) {
        pki_serial_make((uint32_t)random_between(r, 0, PKI_SHARDS_MAX - 1), serial, serial);
        return CX_BYTES(serial, PKI_SERIAL_LEN);
    }
    serial[0] &= 0x7F;
    if (one_in(r, 4))
        serial[0] = 0;
    serial[len - 1] |= 1;
    return CX_BYTES(serial, len);
}

static struct cx_str random_oid(struct random_input *r)
{
    char *text = (char *)take(r, 200);
    unsigned top = (unsigned)random_between(r, 0, 2);
    size_t at = (size_t)snprintf(text, 200, "%u.%u", top,
                                 (unsigned)random_between(r, 0, top == 2 ? 999 : 39));
    for (size_t arcs = random_between(r, 1, 8); arcs > 0; arcs--)
        at += (size_t)snprintf(text + at, 200 - at, ".%u",
                               (unsigned)random_between(r, 0, one_in(r, 3) ? UINT32_MAX : 200));
    return (struct cx_str){text, at};
}

static void random_oids(struct random_input *r, const struct cx_str **ret_oids, size_t *ret_count)
{
    static const char *const usages[] = {"1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2",
                                         "1.3.6.1.5.5.7.3.9"};
    struct cx_str *oids = NULL;
    size_t count = random_between(r, 0, OIDS_MOST);
    assert_ok(ARENA_NEW_ARRAY(r->arena, OIDS_MOST, &oids));
    for (size_t i = 0; i < count; i++)
        oids[i] = i < CX_COUNT_OF(usages) && one_in(r, 2) ? cx_str_from(usages[i]) : random_oid(r);
    *ret_oids = oids;
    *ret_count = count;
}

void random_issuer(struct random_input *r, struct pki_issuer *ret_issuer)
{
    struct cx_bytes ref = random_letters(r, "0123456789abcdefghjkmnpqrstvwxyz", 26);
    char *url = (char *)take(r, 400);
    snprintf(url, 400, "http://%.*s.example", (int)random_between(r, 1, one_in(r, 8) ? 200 : 20),
             (const char *)random_letters(r, "abcxyz019", 200).ptr);
    *ret_issuer = (struct pki_issuer){
        .key_id = random_octets(r, random_between(r, 1, one_in(r, 8) ? 200 : 32)),
        .status_url = one_in(r, 6) ? CX_STR_NONE : cx_str_from(url),
        .issuer_ref = text_of(ref),
        .shard_count = 1u << random_between(r, 0, 12),
    };
    if (ret_issuer->status_url.len == 0)
        ret_issuer->shard_count = 1;
}

static void random_constraints(struct random_input *r, struct pki_template *tmpl)
{
    struct pki_constraint *constraints = NULL;
    assert_ok(ARENA_NEW_ARRAY(r->arena, CONSTRAINTS_MOST, &constraints));
    tmpl->constraints = constraints;
    tmpl->constraint_count = one_in(r, 2) ? 0 : random_between(r, 1, CONSTRAINTS_MOST);
    for (size_t i = 0; i < tmpl->constraint_count; i++) {
        constraints[i].kind = (enum pki_name_kind)random_between(r, 0, PKI_NAME_COUNT - 1);
        constraints[i].excluded = one_in(r, 2);
        constraints[i].value = random_name(r, constraints[i].kind, true);
    }
}

static void random_names(struct random_input *r, struct pki_template *tmpl)
{
    struct pki_name *names = NULL;
    size_t most = one_in(r, 16) ? PKI_NAMES_MAX : NAMES_MOST;
    assert_ok(ARENA_NEW_ARRAY(r->arena, most, &names));
    tmpl->names = names;
    tmpl->name_count = random_between(r, 0, most);
    for (size_t i = 0; i < tmpl->name_count; i++) {
        names[i].kind = (enum pki_name_kind)random_between(r, 0, PKI_NAME_COUNT - 1);
        names[i].value = random_name(r, names[i].kind, false);
    }
}

void random_template(struct random_input *r, struct pki_profile *ret_profile,
                     struct pki_template *ret_template)
{
    struct pki_profile profile = {.kind = (enum pki_kind)random_between(r, 0, PKI_KIND_COUNT - 1),
                                  .path_len = (int)random_between(r, 0, 16) - 1,
                                  .must_staple = one_in(r, 3)};
    struct pki_template tmpl = {.profile = ret_profile,
                                .serial = random_serial(r),
                                .not_before_us = random_time(r),
                                .not_after_us = random_time(r)};
    bool ca = pki_kind_is_ca(profile.kind);
    /* digitalSignature: a profile whose every bit the key type masks would have an empty key usage. */
    profile.key_usage = (uint32_t)random_between(r, 0, (1u << 9) - 1) | 1u;
    if (!ca)
        profile.path_len = -1;
    random_oids(r, &profile.ext_key_usage, &profile.ext_key_usage_count);
    random_oids(r, &profile.policies, &profile.policy_count);
    random_attributes(r, 6, &tmpl.subject, &tmpl.subject_count);
    random_names(r, &tmpl);
    if (ca) {
        tmpl.path_len_set = one_in(r, 2);
        tmpl.path_len = (int)random_between(r, 0, 200);
        random_constraints(r, &tmpl);
    }
    *ret_profile = profile;
    *ret_template = tmpl;
}

static uint8_t random_reason(struct random_input *r)
{
    static const uint8_t reasons[] = {0, 1, 2, 3, 4, 5, 6, 9, 10};
    return reasons[random_between(r, 0, sizeof(reasons) - 1)];
}

void random_crl(struct random_input *r, uint32_t shard_count, struct pki_crl *ret_crl)
{
    struct pki_revoked *entries = NULL;
    size_t count = one_in(r, 6) ? 0 : random_between(r, 1, REVOKED_MOST);
    assert_ok(ARENA_NEW_ARRAY(r->arena, REVOKED_MOST, &entries));
    for (size_t i = 0; i < count; i++) {
        struct cx_bytes serial = random_serial(r);
        memcpy(entries[i].serial, serial.ptr, serial.len);
        entries[i].serial_len = (uint8_t)serial.len;
        entries[i].reason = random_reason(r);
        entries[i].revoked_us = random_time(r);
    }
    cx_time update = random_time(r) - CX_US_PER_DAY;
    *ret_crl = (struct pki_crl){.shard = (uint32_t)random_between(r, 0, shard_count - 1),
                                .number = random_next(r) >> random_between(r, 0, 63) | 1,
                                .this_update_us = update < 0 ? 0 : update,
                                .entries = entries,
                                .entry_count = count};
    ret_crl->next_update_us =
        ret_crl->this_update_us + (cx_time)random_between(r, 1, 86400) * CX_US_PER_S;
}

static struct pki_ocsp_single
random_single(struct random_input *r, const struct pki_ocsp_issuer *hashes, enum pki_ocsp_hash hash)
{
    struct pki_ocsp_single single = {.id = {hash, CX_BYTES(hashes->name_hash, hashes->len),
                                            CX_BYTES(hashes->key_hash, hashes->len),
                                            random_serial(r)},
                                     .status = (enum pki_ocsp_status)random_between(r, 0, 2),
                                     .revoked_us = random_time(r),
                                     .reason = random_reason(r),
                                     .this_update_us = random_time(r),
                                     .next_update_us = random_time(r)};
    /* As a request carries it: content octets of a DER INTEGER. */
    while (single.id.serial.len > 1 && single.id.serial.ptr[0] == 0 &&
           single.id.serial.ptr[1] < 0x80)
        single.id.serial = CX_BYTES(single.id.serial.ptr + 1, single.id.serial.len - 1);
    return single;
}

void random_ocsp(struct random_input *r, const struct pki_ocsp_issuer hashes[static 2],
                 struct pki_ocsp_response *ret_response)
{
    struct pki_ocsp_single *singles = NULL;
    size_t count = random_between(r, 1, PKI_OCSP_ITEMS_MAX);
    assert_ok(ARENA_NEW_ARRAY(r->arena, count, &singles));
    for (size_t i = 0; i < count; i++) {
        enum pki_ocsp_hash hash = one_in(r, 2) ? PKI_OCSP_SHA1 : PKI_OCSP_SHA256;
        singles[i] = random_single(r, &hashes[hash], hash);
    }
    *ret_response = (struct pki_ocsp_response){
        .produced_us = random_time(r), .singles = singles, .single_count = count};
    if (one_in(r, 2))
        ret_response->nonce = random_octets(r, random_between(r, 1, PKI_OCSP_NONCE_MAX));
}
