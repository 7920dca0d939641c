#include "core/policy/decide.h"
#include "base/checked.h"
#include "base/cleanup.h"
#include "crypto/key.h"
#include "crypto/weak_key.h"
#include "pki/algorithm.h"
#include "pki/name.h"

static cx_err check_kind(const struct policy_ask *ask, struct cx_diag *diag)
{
    bool reserved =
        pki_kind_is_ca(ask->profile->kind) || ask->profile->kind == PKI_KIND_OCSP_SIGNER;
    if (!reserved || ask->by_system)
        return CX_OK;
    return cx_refuse(
        diag, CX_ERR(POLICY), "certificate_profile", "profile-reserved",
        "Certificates of this kind are made by an operator on the host, not by a request.");
}

static bool key_type_allowed(const struct pki_profile *profile, enum pki_key_type type)
{
    return (profile->key_types & (1u << type)) != 0;
}

static cx_err check_csr_key(const struct policy_ask *ask, struct cx_diag *diag,
                            enum pki_key_type *ret_type)
{
    enum pki_key_type type = PKI_KEY_COUNT;
    if (cx_failed(pki_spki_key_type(ask->csr.spki, &type)))
        return cx_refuse(diag, CX_ERR(POLICY), "csr", "key-type-unsupported",
                         "The CSR's key is of a kind or size that is not supported.");
    if (!key_type_allowed(ask->profile, type))
        return cx_refuse(diag, CX_ERR(POLICY), "csr", "key-type-not-allowed",
                         "This certificate profile does not allow keys of type %s.",
                         pki_key_type_name(type));
    CX_TRY(crypto_key_strong(ask->csr.spki, ask->key_lists, "csr", diag));
    *ret_type = type;
    return CX_OK;
}

static cx_err check_server_key(const struct policy_ask *ask, struct cx_diag *diag,
                               enum pki_key_type *ret_type)
{
    if (!ask->profile->server_key)
        return cx_refuse(diag, CX_ERR(POLICY), "server_key", "server-key-not-allowed",
                         "This certificate profile needs a CSR: the key is made where it is used.");
    if (!key_type_allowed(ask->profile, ask->server_key_type))
        return cx_refuse(diag, CX_ERR(POLICY), "server_key", "key-type-not-allowed",
                         "This certificate profile does not allow keys of type %s.",
                         pki_key_type_name(ask->server_key_type));
    *ret_type = ask->server_key_type;
    return CX_OK;
}

static bool has_name(const struct pki_name *names, size_t count, const struct pki_name *name)
{
    for (size_t i = 0; i < count; i++) {
        if (pki_name_eq(&names[i], name))
            return true;
    }
    return false;
}

static cx_err merge_names(const struct policy_ask *ask, struct cx_diag *diag,
                          struct issuance_body *body)
{
    body->names = ask->has_names ? ask->names : ask->csr.names;
    body->name_count = ask->has_names ? ask->name_count : ask->csr.name_count;
    for (size_t i = 0; ask->has_names && i < ask->csr.name_count; i++) {
        if (!has_name(ask->names, ask->name_count, &ask->csr.names[i]))
            return cx_refuse(diag, CX_ERR(POLICY), "csr", "csr-name-not-requested",
                             "The CSR holds a name that is not among the names of the request.");
    }
    return CX_OK;
}

static bool has_attribute(const struct pki_attribute *subject, size_t count,
                          const struct pki_attribute *attribute)
{
    for (size_t i = 0; i < count; i++) {
        if (subject[i].type == attribute->type && cx_str_eq(subject[i].value, attribute->value))
            return true;
    }
    return false;
}

static cx_err merge_subject(const struct policy_ask *ask, struct cx_diag *diag,
                            struct issuance_body *body)
{
    body->subject = ask->has_subject ? ask->subject : ask->csr.subject;
    body->subject_count = ask->has_subject ? ask->subject_count : ask->csr.subject_count;
    for (size_t i = 0; ask->has_subject && i < ask->csr.subject_count; i++) {
        if (!has_attribute(ask->subject, ask->subject_count, &ask->csr.subject[i]))
            return cx_refuse(diag, CX_ERR(POLICY), "csr", "csr-subject-not-requested",
                             "The CSR's %s is not that of the request.",
                             pki_attribute_name(ask->csr.subject[i].type));
    }
    return CX_OK;
}

static cx_err check_validity(const struct policy_ask *ask, struct cx_diag *diag)
{
    cx_time not_before_us = 0, not_after_us = 0;
    if (ask->validity_s > ask->profile->validity_max_s)
        return cx_refuse(diag, CX_ERR(POLICY), "validity_days", "validity-too-long",
                         "This certificate profile allows at most %lld days.",
                         (long long)(ask->profile->validity_max_s / 86400));
    CX_TRY(policy_validity(ask->profile, ask->issuer, ask->validity_s, ask->now_us, &not_before_us,
                           &not_after_us));
    if (ask->issuer->not_after_us <= ask->now_us)
        return cx_refuse(diag, CX_ERR(POLICY), "issuer_id", "issuer-expired",
                         "The issuer has expired.");
    if (not_after_us > ask->issuer->not_after_us)
        return cx_refuse(diag, CX_ERR(POLICY), "validity_days", "validity-beyond-issuer",
                         "A certificate cannot outlive its issuer: ask for fewer days.");
    return CX_OK;
}

/* The whole set of bounds, on a template as it will be, with a serial number and, for a key that the server will
 * make, a key that serve for this check alone. */
static cx_err check_template(const struct policy_ask *ask, const struct policy_decision *decision,
                             struct cx_diag *diag)
{
    static const uint8_t random[16] = {0x5a, 0x5a, 0x5a, 0x5a, 0x5a, 0x5a, 0x5a, 0x5a,
                                       0x5a, 0x5a, 0x5a, 0x5a, 0x5a, 0x5a, 0x5a, 0x5a};
    CX_CLEANUP(crypto_key_freep) struct crypto_key *key = NULL;
    uint8_t serial[PKI_SERIAL_LEN];
    struct pki_profile profile = *ask->profile;
    struct pki_template tmpl = {
        .profile = &profile,
        .serial = CX_BYTES(serial, sizeof(serial)),
        .subject = decision->body.subject,
        .subject_count = decision->body.subject_count,
        .names = decision->body.names,
        .name_count = decision->body.name_count,
        .spki = decision->body.spki,
    };
    pki_serial_make(0, random, serial);
    if (decision->server_key) {
        CX_TRY(crypto_key_generate(CRYPTO_KEY_P256, &key));
        tmpl.spki = crypto_key_spki(key);
        profile.key_types = 1u << PKI_KEY_P256;
    }
    CX_TRY(policy_validity(ask->profile, ask->issuer, decision->validity_s, ask->now_us,
                           &tmpl.not_before_us, &tmpl.not_after_us));
    return pki_template_check(&tmpl, ask->issuer, ask->now_us, diag);
}

cx_err policy_validity(const struct pki_profile *profile, const struct pki_issuer *issuer,
                       int64_t validity_s, cx_time now_us, cx_time *ret_not_before_us,
                       cx_time *ret_not_after_us)
{
    /* Not all of it: keys checks the same bound some moments later, when it signs. */
    int64_t margin_s =
        profile->backdate_s < POLICY_SIGN_MARGIN_S ? profile->backdate_s : POLICY_SIGN_MARGIN_S;
    int64_t start_s = now_us / CX_US_PER_S - profile->backdate_s + margin_s;
    int64_t length_s = validity_s ? validity_s : profile->validity_default_s;
    int64_t end_s = 0, issuer_end_s = issuer->not_after_us / CX_US_PER_S;
    if (!cx_add_i64(start_s, length_s - 1, &end_s) || end_s > INT64_MAX / CX_US_PER_S)
        return CX_ERR(LIMIT);
    if (!validity_s && end_s > issuer_end_s)
        end_s = issuer_end_s;
    *ret_not_before_us = start_s * CX_US_PER_S;
    *ret_not_after_us = end_s * CX_US_PER_S;
    return CX_OK;
}

cx_err policy_decide(const struct policy_ask *ask, struct cx_diag *diag,
                     struct policy_decision *ret_decision)
{
    struct policy_decision decision = {.server_key = !ask->has_csr, .validity_s = ask->validity_s};
    CX_TRY(check_kind(ask, diag));
    if (ask->has_csr)
        CX_TRY(check_csr_key(ask, diag, &decision.key_type));
    else
        CX_TRY(check_server_key(ask, diag, &decision.key_type));
    decision.body.spki = ask->csr.spki;
    CX_TRY(merge_names(ask, diag, &decision.body));
    CX_TRY(merge_subject(ask, diag, &decision.body));
    CX_TRY(check_validity(ask, diag));
    CX_TRY(check_template(ask, &decision, diag));
    *ret_decision = decision;
    return CX_OK;
}
