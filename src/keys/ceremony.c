#include "keys/ceremony.h"
#include "base/cleanup.h"
#include "keys/client_internal.h"

enum { REQUEST_MAX = 256 * 1024, REPLY_MAX = 512 * 1024, PATH_LEN_AS_PROFILE = 16 };

/* Making an RSA-4096 key may take a while. */
#define CEREMONY_TIMEOUT_US (120 * CX_US_PER_S)

cx_err ceremony_client_new(int fd, struct keys_client **ret_client)
{
    return keys_client_new(fd, ret_client);
}

static cx_err call(struct keys_client *client, uint16_t number, uint16_t answer,
                   const struct cx_buf *request, struct cx_diag *diag, struct cx_buf *ret_reply)
{
    const struct ipc_call spec = {.number = number,
                                  .reply = answer,
                                  .payload = cx_buf_view(request),
                                  .timeout_us = CEREMONY_TIMEOUT_US};
    return ipc_client_call(keys_client_ipc(client), &spec, diag, ret_reply);
}

static cx_err copy_subject(const struct pki_attribute *subject, size_t count, struct arena *arena,
                           const struct ipc_keys_attribute **ret_list)
{
    struct ipc_keys_attribute *list = NULL;
    CX_TRY(ARENA_NEW_ARRAY(arena, count, &list));
    for (size_t i = 0; i < count; i++)
        list[i] = (struct ipc_keys_attribute){(uint8_t)subject[i].type, subject[i].value};
    *ret_list = list;
    return CX_OK;
}

static cx_err copy_constraints(const struct ceremony_certificate *certificate, struct arena *arena,
                               const struct ipc_ceremony_constraint **ret_list)
{
    struct ipc_ceremony_constraint *list = NULL;
    CX_TRY(ARENA_NEW_ARRAY(arena, certificate->constraint_count, &list));
    for (size_t i = 0; i < certificate->constraint_count; i++)
        list[i] = (struct ipc_ceremony_constraint){(uint8_t)certificate->constraints[i].kind,
                                                   certificate->constraints[i].excluded,
                                                   certificate->constraints[i].value};
    *ret_list = list;
    return CX_OK;
}

static uint8_t wire_path_len(int path_len)
{
    return path_len < 0 || path_len > PATH_LEN_AS_PROFILE ? PATH_LEN_AS_PROFILE : (uint8_t)path_len;
}

/* The fields that every message about an issuer begins with. */
#define ISSUER_FIELDS(issuer)                                                                      \
    .tenant_id = (issuer)->tenant_id, .issuer_id = (issuer)->issuer_id, .name = (issuer)->name,    \
    .backend = (issuer)->backend, .key_label = (issuer)->key_label,                                \
    .key_type = (uint8_t)(issuer)->key_type, .kinds = (issuer)->kinds,                             \
    .shard_count = (issuer)->shard_count, .status_url = (issuer)->status_url

static cx_err read_certificate(const struct cx_buf *reply, struct arena *arena,
                               struct cx_bytes *ret_der)
{
    struct ipc_ceremony_certificate answer;
    CX_TRY(ipc_ceremony_certificate_parse(cx_buf_view(reply), arena, &answer));
    return arena_copy(arena, answer.der, ret_der);
}

cx_err ceremony_ca_create(struct keys_client *client, const struct ceremony_issuer *issuer,
                          const struct ceremony_certificate *certificate, struct arena *arena,
                          struct cx_diag *diag, struct cx_bytes *ret_der)
{
    struct ipc_ceremony_ca_create message = {ISSUER_FIELDS(issuer),
                                             .parent_id = certificate->parent_id,
                                             .profile = certificate->profile,
                                             .version = certificate->version,
                                             .not_before_us = certificate->not_before_us,
                                             .not_after_us = certificate->not_after_us,
                                             .path_len = wire_path_len(certificate->path_len),
                                             .subject_count = certificate->subject_count,
                                             .constraints_count = certificate->constraint_count};
    CX_TRY(copy_subject(certificate->subject, certificate->subject_count, arena, &message.subject));
    CX_TRY(copy_constraints(certificate, arena, &message.constraints));
    CX_CLEANUP(cx_buf_clear)
    struct cx_buf out = CX_BUF_INIT(REQUEST_MAX), reply = CX_BUF_INIT(REPLY_MAX);
    CX_TRY(ipc_ceremony_ca_create_write(&out, &message));
    CX_TRY(call(client, IPC_CEREMONY_CA_CREATE, IPC_CEREMONY_CERTIFICATE, &out, diag, &reply));
    return read_certificate(&reply, arena, ret_der);
}

cx_err ceremony_ca_request(struct keys_client *client, const struct ceremony_issuer *issuer,
                           const struct pki_attribute *subject, size_t subject_count,
                           struct arena *arena, struct cx_diag *diag, struct cx_bytes *ret_csr)
{
    struct ipc_ceremony_ca_request message = {ISSUER_FIELDS(issuer),
                                              .subject_count = subject_count};
    CX_TRY(copy_subject(subject, subject_count, arena, &message.subject));
    CX_CLEANUP(cx_buf_clear)
    struct cx_buf out = CX_BUF_INIT(REQUEST_MAX), reply = CX_BUF_INIT(REPLY_MAX);
    CX_TRY(ipc_ceremony_ca_request_write(&out, &message));
    CX_TRY(call(client, IPC_CEREMONY_CA_REQUEST, IPC_CEREMONY_REQUEST, &out, diag, &reply));
    struct ipc_ceremony_request answer;
    CX_TRY(ipc_ceremony_request_parse(cx_buf_view(&reply), arena, &answer));
    return arena_copy(arena, answer.csr, ret_csr);
}

cx_err ceremony_ca_install(struct keys_client *client, struct cx_id tenant_id,
                           struct cx_id issuer_id, struct cx_bytes certificate_der,
                           struct cx_diag *diag)
{
    const struct ipc_ceremony_ca_install message = {
        .tenant_id = tenant_id, .issuer_id = issuer_id, .certificate = certificate_der};
    CX_CLEANUP(cx_buf_clear)
    struct cx_buf out = CX_BUF_INIT(REQUEST_MAX), reply = CX_BUF_INIT(REPLY_MAX);
    CX_TRY(ipc_ceremony_ca_install_write(&out, &message));
    return call(client, IPC_CEREMONY_CA_INSTALL, IPC_REPLY_OK, &out, diag, &reply);
}

cx_err ceremony_ca_import(struct keys_client *client, const struct ceremony_issuer *issuer,
                          struct cx_bytes certificate_der, struct cx_bytes pkcs8,
                          struct cx_diag *diag)
{
    const struct ipc_ceremony_ca_import message = {ISSUER_FIELDS(issuer),
                                                   .certificate = certificate_der, .key = pkcs8};
    CX_CLEANUP(cx_buf_clear)
    struct cx_buf out = CX_BUF_INIT(REQUEST_MAX), reply = CX_BUF_INIT(REPLY_MAX);
    CX_TRY(ipc_ceremony_ca_import_write(&out, &message));
    return call(client, IPC_CEREMONY_CA_IMPORT, IPC_REPLY_OK, &out, diag, &reply);
}

cx_err ceremony_ca_sign(struct keys_client *client, struct cx_id tenant_id, struct cx_bytes csr,
                        const struct ceremony_certificate *certificate, struct arena *arena,
                        struct cx_diag *diag, struct cx_bytes *ret_der)
{
    struct ipc_ceremony_ca_sign message = {.tenant_id = tenant_id,
                                           .parent_id = certificate->parent_id,
                                           .csr = csr,
                                           .profile = certificate->profile,
                                           .version = certificate->version,
                                           .not_before_us = certificate->not_before_us,
                                           .not_after_us = certificate->not_after_us,
                                           .path_len = wire_path_len(certificate->path_len),
                                           .constraints_count = certificate->constraint_count};
    CX_TRY(copy_constraints(certificate, arena, &message.constraints));
    CX_CLEANUP(cx_buf_clear)
    struct cx_buf out = CX_BUF_INIT(REQUEST_MAX), reply = CX_BUF_INIT(REPLY_MAX);
    CX_TRY(ipc_ceremony_ca_sign_write(&out, &message));
    CX_TRY(call(client, IPC_CEREMONY_CA_SIGN, IPC_CEREMONY_CERTIFICATE, &out, diag, &reply));
    return read_certificate(&reply, arena, ret_der);
}

cx_err ceremony_profile_install(struct keys_client *client, struct cx_id tenant_id,
                                struct cx_bytes yaml, struct arena *arena, struct cx_diag *diag,
                                struct cx_str *ret_name, uint32_t *ret_version)
{
    const struct ipc_ceremony_profile_install message = {.tenant_id = tenant_id, .yaml = yaml};
    CX_CLEANUP(cx_buf_clear)
    struct cx_buf out = CX_BUF_INIT(REQUEST_MAX), reply = CX_BUF_INIT(REPLY_MAX);
    CX_TRY(ipc_ceremony_profile_install_write(&out, &message));
    CX_TRY(call(client, IPC_CEREMONY_PROFILE_INSTALL, IPC_CEREMONY_PROFILE, &out, diag, &reply));
    struct ipc_ceremony_profile answer;
    CX_TRY(ipc_ceremony_profile_parse(cx_buf_view(&reply), arena, &answer));
    CX_TRY(arena_copy_str(arena, answer.name, ret_name));
    *ret_version = answer.version;
    return CX_OK;
}

static cx_err copy_row(const struct ipc_ceremony_issuer *from, struct arena *arena,
                       struct ceremony_issuer_row *ret_row)
{
    *ret_row = (struct ceremony_issuer_row){.tenant_id = from->tenant_id,
                                            .issuer_id = from->issuer_id,
                                            .key_type = (enum crypto_key_type)from->key_type,
                                            .root = from->root,
                                            .shard_count = from->shard_count,
                                            .has_certificate = from->has_certificate,
                                            .not_after_us = from->not_after_us};
    CX_TRY(arena_copy_str(arena, from->name, &ret_row->name));
    CX_TRY(arena_copy_str(arena, from->status_url, &ret_row->status_url));
    return arena_copy_str(arena, from->backend, &ret_row->backend);
}

cx_err ceremony_issuers(struct keys_client *client, struct arena *arena, struct cx_diag *diag,
                        struct ceremony_issuer_row **ret_rows, size_t *ret_count)
{
    CX_CLEANUP(cx_buf_clear)
    struct cx_buf out = CX_BUF_INIT(REQUEST_MAX), reply = CX_BUF_INIT(REPLY_MAX);
    CX_TRY(call(client, IPC_CEREMONY_ISSUERS, IPC_CEREMONY_ISSUER_LIST, &out, diag, &reply));
    struct ipc_ceremony_issuer_list answer;
    struct ceremony_issuer_row *rows = NULL;
    CX_TRY(ipc_ceremony_issuer_list_parse(cx_buf_view(&reply), arena, &answer));
    CX_TRY(ARENA_NEW_ARRAY(arena, answer.issuers_count, &rows));
    for (size_t i = 0; i < answer.issuers_count; i++)
        CX_TRY(copy_row(&answer.issuers[i], arena, &rows[i]));
    *ret_rows = rows;
    *ret_count = answer.issuers_count;
    return CX_OK;
}
