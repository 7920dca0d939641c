/*
 * The ceremony's half inside the keys process. A CA certificate goes the same way as any other: profile check, lint under a
 * stand-in signature, intent made durable, signature, certificate in the journal (the ceremonies' own).
 *
 * The order of files makes a half-made issuer harmless: the key comes first, the mac last, and without the mac there is
 * no issuer.
 */
#include "base/checked.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "crypto/weak_key.h"
#include "keys/handlers.h"
#include "keys/issue_internal.h"
#include "keys/issuer_internal.h"
#include "keys/issuer_yaml.h"
#include "pki/csr.h"
#include "pki/subject.h"

enum { SUBJECT_DER_MAX = 4096, TBS_MAX = JOURNAL_DER_MAX, PATH_LEN_AS_PROFILE = 16 };

#define SPEC_FROM(message)                                                                         \
    ((struct issuer_spec){.tenant_id = (message).tenant_id,                                        \
                          .issuer_id = (message).issuer_id,                                        \
                          .name = (message).name,                                                  \
                          .backend = (message).backend,                                            \
                          .key_label = (message).key_label,                                        \
                          .key_type = (enum crypto_key_type)(message).key_type,                    \
                          .kinds = (message).kinds,                                                \
                          .shard_count = (message).shard_count,                                    \
                          .status_url = (message).status_url})

static cx_err read_subject(const struct ipc_keys_attribute *list, size_t count, struct arena *arena,
                           struct pki_template *tmpl)
{
    struct pki_attribute *subject = NULL;
    CX_TRY(ARENA_NEW_ARRAY(arena, count, &subject));
    for (size_t i = 0; i < count; i++)
        subject[i] = (struct pki_attribute){(enum pki_attribute_type)list[i].type, list[i].value};
    tmpl->subject = subject;
    tmpl->subject_count = count;
    return CX_OK;
}

static cx_err read_constraints(const struct ipc_ceremony_constraint *list, size_t count,
                               struct arena *arena, struct pki_template *tmpl)
{
    struct pki_constraint *constraints = NULL;
    CX_TRY(ARENA_NEW_ARRAY(arena, count, &constraints));
    for (size_t i = 0; i < count; i++)
        constraints[i] = (struct pki_constraint){(enum pki_name_kind)list[i].kind, list[i].excluded,
                                                 list[i].value};
    tmpl->constraints = constraints;
    tmpl->constraint_count = count;
    return CX_OK;
}

struct dates {
    cx_time not_before_us, not_after_us; /* 0: not said */
    uint8_t path_len;
};

/* Fills validity, path length and serial: what the caller left open comes from profile, parent and randomness. */
static cx_err complete(struct signer *signer, const struct dates *dates,
                       const struct pki_issuer *issuer, struct arena *arena,
                       struct pki_template *tmpl)
{
    const cx_time now = cx_now(&signer->clock) / CX_US_PER_S * CX_US_PER_S;
    uint8_t random[16], pick[4], *serial = NULL;
    tmpl->not_before_us = dates->not_before_us != 0 ? dates->not_before_us : now;
    /* RFC 5280 §4.1.2.5: the last second is inside the validity. */
    tmpl->not_after_us =
        dates->not_after_us != 0
            ? dates->not_after_us
            : tmpl->not_before_us + (tmpl->profile->validity_default_s - 1) * CX_US_PER_S;
    if (dates->not_after_us == 0 && issuer->not_after_us != 0 &&
        tmpl->not_after_us > issuer->not_after_us)
        tmpl->not_after_us = issuer->not_after_us;
    tmpl->path_len_set = dates->path_len != PATH_LEN_AS_PROFILE;
    tmpl->path_len = tmpl->path_len_set ? dates->path_len : 0;
    CX_TRY(cx_rng_fill(&signer->rng, random, sizeof(random)));
    CX_TRY(cx_rng_fill(&signer->rng, pick, sizeof(pick)));
    CX_TRY(arena_alloc(arena, PKI_SERIAL_LEN, (void **)&serial));
    pki_serial_make(journal_get_u32(pick) & (issuer->shard_count - 1), random, serial);
    pki_serial_stamp(serial, cx_now(&signer->clock));
    tmpl->serial = CX_BYTES(serial, PKI_SERIAL_LEN);
    return CX_OK;
}

/* Checks, lints, journals and signs. is_root: issuer is the certificate's own. */
static cx_err sign_ca(struct signer *signer, const struct issuer *issuer, bool is_root,
                      const struct pki_template *tmpl, struct arena *arena, struct cx_diag *diag,
                      struct cx_bytes *ret_der)
{
    const enum pki_kind kind = is_root ? PKI_KIND_ROOT_CA : PKI_KIND_SUB_CA;
    if (tmpl->profile->kind != kind)
        return cx_refuse(diag, CX_ERR(POLICY), "profile", "ca-profile",
                         "the profile must be of kind %s", pki_kind_name(kind));
    CX_TRY(pki_template_check(tmpl, &issuer->pki, cx_now(&signer->clock), diag));
    CX_TRY(crypto_key_strong(tmpl->spki, signer->key_lists, "public_key", diag));
    CX_CLEANUP(cx_buf_clear) struct cx_buf tbs = CX_BUF_INIT(TBS_MAX);
    CX_TRY(pki_tbs_write(tmpl, &issuer->pki, &tbs));
    CX_TRY(signer_lint(issuer, tmpl->profile, is_root ? NULL : &issuer->certificate,
                       cx_buf_view(&tbs), diag));
    struct signer_issue request = {.tenant_id = issuer->spec.tenant_id,
                                   .issuer_id = issuer->spec.issuer_id};
    CX_TRY(cx_id_new(&signer->rng, &request.intent_id));
    CX_TRY(signer_journal_and_sign(signer, issuer, &request, tmpl, cx_buf_view(&tbs), arena, diag,
                                   ret_der));
    /* The answer is the record; core never asks for a ceremony's intent. */
    return journal_settle(signer->journal, &request.intent_id, 1);
}

/* The issuer that a root is before it has a certificate. Takes over nothing: key stays the caller's. */
static cx_err self_issuer(const struct issuer_spec *spec, const struct backend_key *key,
                          const struct pki_template *tmpl, struct issuer *issuer)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf subject = CX_BUF_INIT(SUBJECT_DER_MAX);
    uint8_t key_id[PKI_KEY_ID_LEN];
    CX_TRY(pki_subject_write(tmpl->subject, tmpl->subject_count, &subject));
    CX_TRY(pki_key_id(key->spki, key_id));
    CX_TRY(arena_copy(&issuer->arena, cx_buf_view(&subject), &issuer->pki.subject_der));
    CX_TRY(arena_copy(&issuer->arena, CX_BYTES(key_id, sizeof(key_id)), &issuer->pki.key_id));
    CX_TRY(arena_copy(&issuer->arena, key->spki, &issuer->pki.spki));
    issuer->spec = *spec;
    issuer->pki.key_type = (enum pki_key_type)spec->key_type;
    issuer->pki.issuer_ref = cx_str_from(issuer->ref);
    issuer->pki.shard_count = spec->shard_count;
    return CX_OK;
}

static cx_err make_root(struct signer *signer, const struct issuer_spec *spec,
                        const struct dates *dates, struct pki_template *tmpl, struct arena *arena,
                        struct cx_diag *diag, struct cx_bytes *ret_der)
{
    CX_CLEANUP(issuer_freep) struct issuer *self = NULL;
    CX_CLEANUP(backend_key_freep) struct backend_key *key = NULL;
    CX_TRY(issuer_new(spec->issuer_id, &self));
    CX_TRY(issuer_dir_add(signer->issuers, spec, CX_BYTES_NONE, diag, &key));
    tmpl->spki = key->spki;
    CX_TRY(self_issuer(spec, key, tmpl, self));
    CX_TRY(complete(signer, dates, &self->pki, arena, tmpl));
    self->pki.not_after_us = tmpl->not_after_us;
    CX_TRY(issuer_lint_signature(spec->key_type, self));
    self->key = CX_TAKE(key);
    return sign_ca(signer, self, true, tmpl, arena, diag, ret_der);
}

static cx_err make_subordinate(struct signer *signer, const struct issuer_spec *spec,
                               struct issuer *parent, const struct dates *dates,
                               struct pki_template *tmpl, struct arena *arena, struct cx_diag *diag,
                               struct cx_bytes *ret_der)
{
    CX_CLEANUP(backend_key_freep) struct backend_key *key = NULL;
    if ((parent->spec.kinds >> PKI_KIND_SUB_CA & 1) == 0)
        return cx_refuse(diag, CX_ERR(POLICY), "parent", "issuer-kind",
                         "the parent may not issue CA certificates");
    CX_TRY(complete(signer, dates, &parent->pki, arena, tmpl));
    CX_TRY(issuer_dir_add(signer->issuers, spec, CX_BYTES_NONE, diag, &key));
    tmpl->spki = key->spki;
    return sign_ca(signer, parent, false, tmpl, arena, diag, ret_der);
}

static cx_err reply_certificate(struct cx_id issuer_id, struct cx_bytes der,
                                struct ipc_reply *reply)
{
    const struct ipc_ceremony_certificate answer = {.issuer_id = issuer_id, .der = der};
    reply->number = IPC_CEREMONY_CERTIFICATE;
    return ipc_ceremony_certificate_write(&reply->body, &answer);
}

static cx_err handle_ca_create(void *arg, const struct ipc_request *request,
                               struct ipc_reply *reply)
{
    struct signer *signer = arg;
    struct arena *arena = request->arena;
    struct cx_diag *diag = &reply->diag;
    struct ipc_ceremony_ca_create message;
    CX_TRY(ipc_ceremony_ca_create_parse(request->payload, arena, &message));
    struct issuer_spec spec = SPEC_FROM(message);
    const struct dates dates = {message.not_before_us, message.not_after_us, message.path_len};
    struct pki_template tmpl = {0};
    struct issuer *parent = NULL;
    struct cx_bytes der;
    spec.root = cx_id_is_zero(message.parent_id);
    CX_TRY(issuer_spec_check(&spec, diag));
    CX_TRY(read_subject(message.subject, message.subject_count, arena, &tmpl));
    CX_TRY(read_constraints(message.constraints, message.constraints_count, arena, &tmpl));
    CX_TRY(profile_dir_get(signer->profiles, message.tenant_id, message.profile, message.version,
                           diag, &tmpl.profile));
    if (!spec.root)
        CX_TRY(
            issuer_dir_get(signer->issuers, message.tenant_id, message.parent_id, diag, &parent));
    if (spec.root)
        CX_TRY(make_root(signer, &spec, &dates, &tmpl, arena, diag, &der));
    else
        CX_TRY(make_subordinate(signer, &spec, parent, &dates, &tmpl, arena, diag, &der));
    CX_TRY(issuer_dir_seal(signer->issuers, &spec, der, diag));
    return reply_certificate(message.issuer_id, der, reply);
}

static cx_err handle_ca_request(void *arg, const struct ipc_request *request,
                                struct ipc_reply *reply)
{
    struct signer *signer = arg;
    struct ipc_ceremony_ca_request message;
    CX_TRY(ipc_ceremony_ca_request_parse(request->payload, request->arena, &message));
    const struct issuer_spec spec = SPEC_FROM(message);
    struct pki_template tmpl = {0};
    CX_TRY(read_subject(message.subject, message.subject_count, request->arena, &tmpl));
    CX_CLEANUP(backend_key_freep) struct backend_key *key = NULL;
    CX_TRY(issuer_dir_add(signer->issuers, &spec, CX_BYTES_NONE, &reply->diag, &key));
    CX_CLEANUP(cx_buf_clear)
    struct cx_buf info = CX_BUF_INIT(TBS_MAX), csr = CX_BUF_INIT(PKI_CSR_MAX);
    CX_CLEANUP(cx_buf_clear) struct cx_buf signature = CX_BUF_INIT(CRYPTO_SIGNATURE_MAX + 16);
    CX_TRY(pki_csr_info_write(tmpl.subject, tmpl.subject_count, NULL, 0, key->spki, &info));
    CX_TRY(key->sign(key, cx_buf_view(&info), &signature));
    CX_TRY(pki_certificate_write(cx_buf_view(&info), (enum pki_key_type)key->type,
                                 cx_buf_view(&signature), &csr));
    CX_TRY(issuer_dir_seal(signer->issuers, &spec, CX_BYTES_NONE, &reply->diag));
    const struct ipc_ceremony_request answer = {.csr = cx_buf_view(&csr)};
    reply->number = IPC_CEREMONY_REQUEST;
    return ipc_ceremony_request_write(&reply->body, &answer);
}

/* Is der a CA certificate for this key? */
static cx_err check_ca(const struct signer *signer, struct cx_bytes der,
                       const struct backend_key *key, struct arena *arena, struct cx_diag *diag,
                       bool *ret_root)
{
    struct pki_certificate certificate;
    struct pki_issuer issuer;
    CX_TRY(pki_certificate_parse(der, diag, &certificate));
    CX_TRY(pki_issuer_from_certificate(arena, &certificate, diag, &issuer));
    if (!cx_bytes_eq(certificate.spki, key->spki))
        return cx_refuse(diag, CX_ERR(POLICY), "certificate", "ca-key",
                         "the certificate is for another key");
    CX_TRY(crypto_key_strong(certificate.spki, signer->key_lists, "certificate", diag));
    *ret_root = cx_bytes_eq(certificate.subject, certificate.issuer);
    return CX_OK;
}

static cx_err handle_ca_install(void *arg, const struct ipc_request *request,
                                struct ipc_reply *reply)
{
    struct signer *signer = arg;
    struct cx_diag *diag = &reply->diag;
    struct ipc_ceremony_ca_install message;
    CX_TRY(ipc_ceremony_ca_install_parse(request->payload, request->arena, &message));
    CX_CLEANUP(issuer_freep) struct issuer *issuer = NULL;
    CX_TRY(issuer_dir_read(signer->issuers, message.issuer_id, diag, &issuer));
    if (!cx_id_eq(issuer->spec.tenant_id, message.tenant_id))
        return cx_refuse(diag, CX_ERR(NOTFOUND), "issuer", "issuer-unknown",
                         "this tenant has no such issuer");
    if (cx_bytes_eq(issuer->certificate_der, message.certificate))
        return CX_OK; /* an installation that was cut short is told again */
    if (issuer->certificate_der.len > 0)
        return cx_refuse(diag, CX_ERR(CONFLICT), "issuer", "issuer-complete",
                         "this issuer has its certificate already");
    CX_CLEANUP(backend_key_freep) struct backend_key *key = NULL;
    struct issuer_spec spec = issuer->spec;
    CX_TRY(issuer_dir_load_key(signer->issuers, &spec, "key", diag, &key));
    CX_TRY(check_ca(signer, message.certificate, key, request->arena, diag, &spec.root));
    return issuer_dir_seal(signer->issuers, &spec, message.certificate, diag);
}

static cx_err handle_ca_import(void *arg, const struct ipc_request *request,
                               struct ipc_reply *reply)
{
    struct signer *signer = arg;
    struct cx_diag *diag = &reply->diag;
    struct ipc_ceremony_ca_import message;
    CX_TRY(ipc_ceremony_ca_import_parse(request->payload, request->arena, &message));
    struct issuer_spec spec = SPEC_FROM(message);
    CX_CLEANUP(backend_key_freep) struct backend_key *key = NULL;
    if (message.key.len == 0)
        return cx_refuse(diag, CX_ERR(PARSE), "key", "key-missing",
                         "an import needs the private key");
    CX_TRY(issuer_dir_add(signer->issuers, &spec, message.key, diag, &key));
    CX_TRY(check_ca(signer, message.certificate, key, request->arena, diag, &spec.root));
    spec.key_type = key->type;
    return issuer_dir_seal(signer->issuers, &spec, message.certificate, diag);
}

static cx_err handle_ca_sign(void *arg, const struct ipc_request *request, struct ipc_reply *reply)
{
    struct signer *signer = arg;
    struct arena *arena = request->arena;
    struct cx_diag *diag = &reply->diag;
    struct ipc_ceremony_ca_sign message;
    CX_TRY(ipc_ceremony_ca_sign_parse(request->payload, arena, &message));
    const struct dates dates = {message.not_before_us, message.not_after_us, message.path_len};
    struct pki_template tmpl = {0};
    struct issuer *parent = NULL;
    struct pki_csr csr;
    struct cx_bytes der;
    CX_TRY(profile_dir_get(signer->profiles, message.tenant_id, message.profile, message.version,
                           diag, &tmpl.profile));
    CX_TRY(issuer_dir_get(signer->issuers, message.tenant_id, message.parent_id, diag, &parent));
    if ((parent->spec.kinds >> PKI_KIND_SUB_CA & 1) == 0)
        return cx_refuse(diag, CX_ERR(POLICY), "parent", "issuer-kind",
                         "the parent may not issue CA certificates");
    CX_TRY(pki_csr_parse(arena, message.csr, diag, &csr));
    CX_TRY(pki_csr_fits(&csr, tmpl.profile, diag));
    if (csr.name_count > 0)
        return cx_refuse(diag, CX_ERR(POLICY), "csr", "ca-names",
                         "a CA's request carries no subject alternative names");
    tmpl.subject = csr.subject;
    tmpl.subject_count = csr.subject_count;
    tmpl.spki = csr.spki;
    CX_TRY(read_constraints(message.constraints, message.constraints_count, arena, &tmpl));
    CX_TRY(complete(signer, &dates, &parent->pki, arena, &tmpl));
    CX_TRY(sign_ca(signer, parent, false, &tmpl, arena, diag, &der));
    return reply_certificate(message.parent_id, der, reply);
}

static cx_err handle_profile_install(void *arg, const struct ipc_request *request,
                                     struct ipc_reply *reply)
{
    struct signer *signer = arg;
    struct ipc_ceremony_profile_install message;
    const struct pki_profile *profile = NULL;
    CX_TRY(ipc_ceremony_profile_install_parse(request->payload, request->arena, &message));
    CX_TRY(profile_dir_install(signer->profiles, message.tenant_id, message.yaml, &reply->diag,
                               &profile));
    const struct ipc_ceremony_profile answer = {.name = profile->name, .version = profile->version};
    reply->number = IPC_CEREMONY_PROFILE;
    return ipc_ceremony_profile_write(&reply->body, &answer);
}

static cx_err describe(struct signer *signer, struct cx_id issuer_id, struct arena *arena,
                       struct cx_diag *diag, struct ipc_ceremony_issuer *ret_row)
{
    CX_CLEANUP(issuer_freep) struct issuer *issuer = NULL;
    CX_TRY(issuer_dir_read(signer->issuers, issuer_id, diag, &issuer));
    *ret_row = (struct ipc_ceremony_issuer){
        .tenant_id = issuer->spec.tenant_id,
        .issuer_id = issuer_id,
        .key_type = (uint8_t)issuer->spec.key_type,
        .root = issuer->spec.root,
        .shard_count = issuer->spec.shard_count,
        .has_certificate = issuer->certificate_der.len > 0,
        .not_after_us = issuer->certificate_der.len > 0 ? issuer->certificate.not_after_us : 0};
    CX_TRY(arena_copy_str(arena, issuer->spec.name, &ret_row->name));
    CX_TRY(arena_copy_str(arena, issuer->spec.status_url, &ret_row->status_url));
    return arena_copy_str(arena, issuer->spec.backend, &ret_row->backend);
}

static cx_err handle_issuers(void *arg, const struct ipc_request *request, struct ipc_reply *reply)
{
    struct signer *signer = arg;
    struct cx_id *ids = NULL;
    size_t count = 0, listed = 0;
    struct ipc_ceremony_issuer *rows = NULL;
    CX_TRY(issuer_dir_list(signer->issuers, request->arena, &ids, &count));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, count, &rows));
    for (size_t i = 0; i < count; i++) {
        struct cx_diag diag = CX_DIAG_INIT;
        cx_err err = describe(signer, ids[i], request->arena, &diag, &rows[listed]);
        if (err.code == CX_E_CRYPTO) /* one that was altered does not hide the others */
            cx_log_err(CX_LOG_ERROR, err, "issuer-altered", "text", diag.text, NULL);
        else
            CX_TRY(err);
        listed += cx_is_ok(err);
    }
    const struct ipc_ceremony_issuer_list answer = {.issuers = rows, .issuers_count = listed};
    reply->number = IPC_CEREMONY_ISSUER_LIST;
    return ipc_ceremony_issuer_list_write(&reply->body, &answer);
}

const struct ipc_route ceremony_routes[] = {
    {IPC_KEYS_ISSUE, handle_keys_issue},
    {IPC_KEYS_RESPONDER, handle_keys_responder},
    {IPC_KEYS_CHECKPOINT_KEY, handle_keys_checkpoint_key},
    {IPC_KEYS_DATA_KEY_NEW, handle_keys_data_key_new},
    {IPC_KEYS_DATA_KEY_UNWRAP, handle_keys_data_key_unwrap},
    {IPC_KEYS_GET_STATUS, handle_keys_get_status},
    {IPC_CEREMONY_CA_CREATE, handle_ca_create},
    {IPC_CEREMONY_CA_REQUEST, handle_ca_request},
    {IPC_CEREMONY_CA_INSTALL, handle_ca_install},
    {IPC_CEREMONY_CA_IMPORT, handle_ca_import},
    {IPC_CEREMONY_CA_SIGN, handle_ca_sign},
    {IPC_CEREMONY_PROFILE_INSTALL, handle_profile_install},
    {IPC_CEREMONY_ISSUERS, handle_issuers},
};
const size_t ceremony_route_count = CX_COUNT_OF(ceremony_routes);
