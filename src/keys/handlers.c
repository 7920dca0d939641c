/* Message → typed call → message. Nothing is decided here. */
#include "keys/handlers.h"
#include "base/checked.h"
#include "base/cleanup.h"

static cx_err copy_subject(const struct ipc_keys_issue *message, struct arena *arena,
                           struct pki_template *tmpl)
{
    struct pki_attribute *subject = NULL;
    struct pki_name *names = NULL;
    CX_TRY(ARENA_NEW_ARRAY(arena, message->subject_count, &subject));
    CX_TRY(ARENA_NEW_ARRAY(arena, message->names_count, &names));
    for (size_t i = 0; i < message->subject_count; i++)
        subject[i] = (struct pki_attribute){(enum pki_attribute_type)message->subject[i].type,
                                            message->subject[i].value};
    for (size_t i = 0; i < message->names_count; i++)
        names[i] =
            (struct pki_name){(enum pki_name_kind)message->names[i].kind, message->names[i].value};
    tmpl->subject = subject;
    tmpl->subject_count = message->subject_count;
    tmpl->names = names;
    tmpl->name_count = message->names_count;
    return CX_OK;
}

cx_err handle_keys_issue(void *arg, const struct ipc_request *request, struct ipc_reply *reply)
{
    struct ipc_keys_issue message;
    CX_TRY(ipc_keys_issue_parse(request->payload, request->arena, &message));
    struct signer_issue issue = {.intent_id = message.intent_id,
                                 .tenant_id = message.tenant_id,
                                 .issuer_id = message.issuer_id,
                                 .profile = message.profile,
                                 .version = message.version,
                                 .tmpl = {.serial = message.serial,
                                          .not_before_us = message.not_before_us,
                                          .not_after_us = message.not_after_us,
                                          .spki = message.spki}};
    CX_TRY(copy_subject(&message, request->arena, &issue.tmpl));
    struct ipc_keys_certificate answer;
    CX_TRY(signer_issue(arg, &issue, request->arena, &reply->diag, &answer.der));
    reply->number = IPC_KEYS_CERTIFICATE;
    /* It is signed: no error from here on may read as a refusal. */
    return cx_is_ok(ipc_keys_certificate_write(&reply->body, &answer)) ? CX_OK : CX_ERR(IO);
}

static cx_err handle_journal_find(void *arg, const struct ipc_request *request,
                                  struct ipc_reply *reply)
{
    struct signer *signer = arg;
    struct ipc_keys_journal_find message;
    CX_TRY(ipc_keys_journal_find_parse(request->payload, request->arena, &message));
    struct ipc_keys_journal_found answer = {0};
    enum journal_state state = JOURNAL_STATE_ABSENT;
    CX_TRY(journal_find(signer->journal, message.intent_id, request->arena, &state, &answer.der));
    answer.state = (uint8_t)state;
    reply->number = IPC_KEYS_JOURNAL_FOUND;
    return ipc_keys_journal_found_write(&reply->body, &answer);
}

_Static_assert((int)KEYS_JOURNAL_INTENDED == (int)JOURNAL_STATE_INTENDED &&
                   (int)KEYS_JOURNAL_SIGNED == (int)JOURNAL_STATE_SIGNED &&
                   (int)KEYS_JOURNAL_ABANDONED == (int)JOURNAL_STATE_ABANDONED,
               "the client's states are the journal's");

static cx_err handle_settle(void *arg, const struct ipc_request *request, struct ipc_reply *reply)
{
    struct signer *signer = arg;
    struct ipc_keys_settle message;
    struct cx_id *ids = NULL;
    (void)reply;
    CX_TRY(ipc_keys_settle_parse(request->payload, request->arena, &message));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, message.intents_count, &ids));
    for (size_t i = 0; i < message.intents_count; i++)
        ids[i] = message.intents[i].intent_id;
    return journal_settle(signer->journal, ids, message.intents_count);
}

static cx_err handle_unsettled(void *arg, const struct ipc_request *request,
                               struct ipc_reply *reply)
{
    struct signer *signer = arg;
    struct ipc_keys_unsettled message;
    struct journal_unsettled *rows = NULL;
    struct ipc_keys_unsettled_intent *intents = NULL;
    size_t count = 0;
    CX_TRY(ipc_keys_unsettled_parse(request->payload, request->arena, &message));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, KEYS_UNSETTLED_MAX, &rows));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, KEYS_UNSETTLED_MAX, &intents));
    journal_list(signer->journal, message.after, KEYS_UNSETTLED_MAX, rows, &count);
    for (size_t i = 0; i < count; i++)
        intents[i] = (struct ipc_keys_unsettled_intent){
            rows[i].intent_id, rows[i].tenant_id, rows[i].issuer_id,
            CX_BYTES(rows[i].serial, rows[i].serial_len), (uint8_t)rows[i].state};
    const struct ipc_keys_unsettled_list answer = {.intents = intents, .intents_count = count};
    reply->number = IPC_KEYS_UNSETTLED_LIST;
    return ipc_keys_unsettled_list_write(&reply->body, &answer);
}

/* Signed already is an answer here, not an error: the client makes it CX_E_CONFLICT with the certificate. */
static cx_err handle_abandon(void *arg, const struct ipc_request *request, struct ipc_reply *reply)
{
    struct signer *signer = arg;
    struct ipc_keys_abandon message;
    struct ipc_keys_journal_found answer = {0};
    CX_TRY(ipc_keys_abandon_parse(request->payload, request->arena, &message));
    cx_err err = journal_abandon(signer->journal, message.intent_id, request->arena, &answer.der);
    if (err.code == CX_E_CONFLICT)
        answer.state = JOURNAL_STATE_SIGNED;
    else
        CX_TRY(err);
    reply->number = IPC_KEYS_JOURNAL_FOUND;
    return ipc_keys_journal_found_write(&reply->body, &answer);
}

static cx_err handle_sign_crl(void *arg, const struct ipc_request *request, struct ipc_reply *reply)
{
    struct ipc_keys_sign_crl message;
    struct pki_revoked *entries = NULL;
    CX_TRY(ipc_keys_sign_crl_parse(request->payload, request->arena, &message));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, message.entries_count, &entries));
    for (size_t i = 0; i < message.entries_count; i++) {
        const struct ipc_keys_revoked *from = &message.entries[i];
        if (from->serial.len == 0)
            return CX_ERR(PARSE);
        entries[i] = (struct pki_revoked){.serial_len = (uint8_t)from->serial.len,
                                          .reason = from->reason,
                                          .revoked_us = from->revoked_us};
        memcpy(entries[i].serial, from->serial.ptr, from->serial.len);
    }
    const struct signer_crl crl = {
        message.tenant_id,      message.issuer_id,      message.shard, message.number,
        message.this_update_us, message.next_update_us, entries,       message.entries_count};
    CX_CLEANUP(cx_buf_clear) struct cx_buf der = CX_BUF_INIT(SIGNER_CRL_MAX);
    struct ipc_keys_crl answer = {0};
    CX_TRY(signer_crl(arg, &crl, &reply->diag, &answer.number, &der));
    answer.der = cx_buf_view(&der);
    reply->number = IPC_KEYS_CRL;
    return ipc_keys_crl_write(&reply->body, &answer);
}

static cx_err handle_sign_ocsp(void *arg, const struct ipc_request *request,
                               struct ipc_reply *reply)
{
    struct ipc_keys_sign_ocsp message;
    CX_TRY(ipc_keys_sign_ocsp_parse(request->payload, request->arena, &message));
    const struct keys_ocsp_item item = {.serial = message.serial,
                                        .status = (enum keys_ocsp_status)message.status,
                                        .hash = (enum keys_ocsp_hash)message.hash,
                                        .revoked_us = message.revoked_us,
                                        .reason = message.reason,
                                        .this_update_us = message.this_update_us,
                                        .next_update_us = message.next_update_us,
                                        .produced_us = message.produced_us,
                                        .nonce = message.nonce};
    CX_CLEANUP(cx_buf_clear) struct cx_buf der = CX_BUF_INIT(SIGNER_OCSP_MAX);
    CX_TRY(signer_ocsp(arg, message.tenant_id, message.issuer_id, &item, &reply->diag, &der));
    const struct ipc_keys_ocsp answer = {.der = cx_buf_view(&der)};
    reply->number = IPC_KEYS_OCSP;
    return ipc_keys_ocsp_write(&reply->body, &answer);
}

static cx_err handle_presign_ocsp(void *arg, const struct ipc_request *request,
                                  struct ipc_reply *reply)
{
    struct ipc_keys_presign_ocsp message;
    struct keys_revoked asked[KEYS_OCSP_BATCH_MAX];
    struct keys_ocsp_signed made[KEYS_OCSP_BATCH_MAX];
    struct ipc_keys_ocsp_signed list[KEYS_OCSP_BATCH_MAX];
    struct ipc_keys_ocsp_batch answer = {.answers = list};
    CX_TRY(ipc_keys_presign_ocsp_parse(request->payload, request->arena, &message));
    const struct keys_ocsp_batch batch = {message.this_update_us, message.next_update_us, asked,
                                          message.asked_count};
    for (size_t i = 0; i < batch.count; i++) {
        const struct ipc_keys_ocsp_asked *it = &message.asked[i];
        asked[i] = (struct keys_revoked){.serial_len = (uint8_t)it->serial.len,
                                         .revoked_us = it->revoked_us,
                                         .reason = it->reason};
        memcpy(asked[i].serial, it->serial.ptr, it->serial.len); /* its maximum is the array's */
    }
    CX_TRY(signer_presign_ocsp(arg, message.tenant_id, message.issuer_id, &batch, request->arena,
                               &reply->diag, &answer.certificate, made));
    for (size_t i = 0; i < batch.count; i++)
        list[i] = (struct ipc_keys_ocsp_signed){made[i].data, made[i].signature};
    answer.answers_count = batch.count;
    reply->number = IPC_KEYS_OCSP_BATCH;
    return ipc_keys_ocsp_batch_write(&reply->body, &answer);
}

cx_err handle_keys_responder(void *arg, const struct ipc_request *request, struct ipc_reply *reply)
{
    struct ipc_keys_responder message;
    struct ipc_keys_responder_key answer = {0};
    CX_TRY(ipc_keys_responder_parse(request->payload, request->arena, &message));
    CX_TRY(signer_responder(arg, message.tenant_id, message.issuer_id, &reply->diag, &answer.spki,
                            &answer.not_after_us));
    reply->number = IPC_KEYS_RESPONDER_KEY;
    return ipc_keys_responder_key_write(&reply->body, &answer);
}

cx_err handle_keys_responder_install(void *arg, const struct ipc_request *request,
                                     struct ipc_reply *reply)
{
    struct ipc_keys_responder_install message;
    CX_TRY(ipc_keys_responder_install_parse(request->payload, request->arena, &message));
    return signer_responder_install(arg, message.tenant_id, message.issuer_id, message.certificate,
                                    &reply->diag);
}

static cx_err handle_responder_rotate(void *arg, const struct ipc_request *request,
                                      struct ipc_reply *reply)
{
    struct ipc_keys_responder_rotate message;
    CX_TRY(ipc_keys_responder_rotate_parse(request->payload, request->arena, &message));
    return signer_responder_rotate(arg, message.tenant_id, message.issuer_id, message.spki,
                                   &reply->diag);
}

static cx_err handle_sign_checkpoint(void *arg, const struct ipc_request *request,
                                     struct ipc_reply *reply)
{
    struct ipc_keys_sign_checkpoint message;
    CX_TRY(ipc_keys_sign_checkpoint_parse(request->payload, request->arena, &message));
    CX_CLEANUP(cx_buf_clear) struct cx_buf note = CX_BUF_INIT(1024);
    struct ipc_keys_note answer;
    CX_TRY(
        signer_checkpoint(arg, message.tenant_id, message.size, message.root, &reply->diag, &note));
    CX_TRY(cx_str_view(cx_buf_view(&note), &answer.note));
    reply->number = IPC_KEYS_NOTE;
    return ipc_keys_note_write(&reply->body, &answer);
}

cx_err handle_keys_checkpoint_key(void *arg, const struct ipc_request *request,
                                  struct ipc_reply *reply)
{
    struct ipc_keys_checkpoint_key message;
    CX_TRY(ipc_keys_checkpoint_key_parse(request->payload, request->arena, &message));
    CX_CLEANUP(cx_buf_clear) struct cx_buf vkey = CX_BUF_INIT(256);
    struct ipc_keys_vkey answer;
    CX_TRY(signer_checkpoint_key(arg, message.tenant_id, &vkey));
    CX_TRY(cx_str_view(cx_buf_view(&vkey), &answer.vkey));
    reply->number = IPC_KEYS_VKEY;
    return ipc_keys_vkey_write(&reply->body, &answer);
}

static cx_err reply_data_key(const struct cx_secret *key, struct cx_bytes wrapped,
                             struct ipc_reply *reply)
{
    struct ipc_keys_data_key answer = {.wrapped = wrapped};
    if (key->len != sizeof(answer.key))
        return CX_ERR(INTERNAL);
    memcpy(answer.key, key->ptr, sizeof(answer.key));
    reply->number = IPC_KEYS_DATA_KEY;
    cx_err err = ipc_keys_data_key_write(&reply->body, &answer);
    cx_wipe(answer.key, sizeof(answer.key));
    return err;
}

cx_err handle_keys_data_key_new(void *arg, const struct ipc_request *request,
                                struct ipc_reply *reply)
{
    struct ipc_keys_data_key_new message;
    CX_TRY(ipc_keys_data_key_new_parse(request->payload, request->arena, &message));
    CX_CLEANUP(cx_buf_clear) struct cx_buf wrapped = CX_BUF_INIT(SIGNER_WRAPPED_MAX);
    CX_CLEANUP(cx_secret_clear) struct cx_secret key = CX_SECRET_INIT;
    CX_TRY(signer_data_key_new(arg, message.tenant_id, message.version, &wrapped, &key));
    return reply_data_key(&key, cx_buf_view(&wrapped), reply);
}

cx_err handle_keys_data_key_unwrap(void *arg, const struct ipc_request *request,
                                   struct ipc_reply *reply)
{
    struct ipc_keys_data_key_unwrap message;
    CX_TRY(ipc_keys_data_key_unwrap_parse(request->payload, request->arena, &message));
    CX_CLEANUP(cx_secret_clear) struct cx_secret key = CX_SECRET_INIT;
    CX_TRY(signer_data_key_unwrap(arg, message.tenant_id, message.version, message.wrapped,
                                  &reply->diag, &key));
    return reply_data_key(&key, CX_BYTES_NONE, reply);
}

static cx_err handle_set_clock(void *arg, const struct ipc_request *request,
                               struct ipc_reply *reply)
{
    struct ipc_keys_set_clock message;
    CX_TRY(ipc_keys_set_clock_parse(request->payload, request->arena, &message));
    return signer_set_clock(arg, message.offset_us, &reply->diag);
}

cx_err handle_keys_get_status(void *arg, const struct ipc_request *request, struct ipc_reply *reply)
{
    struct signer *signer = arg;
    struct journal_stats stats;
    struct ipc_keys_get_status message;
    CX_TRY(ipc_keys_get_status_parse(request->payload, request->arena, &message));
    journal_get_stats(signer->journal, &stats);
    const struct ipc_keys_status answer = {stats.record_count, stats.signed_count,
                                           issuer_dir_count(signer->issuers),
                                           stats.unsettled_count};
    reply->number = IPC_KEYS_STATUS;
    return ipc_keys_status_write(&reply->body, &answer);
}

const struct ipc_route keys_routes[] = {
    {IPC_KEYS_ISSUE, handle_keys_issue},
    {IPC_KEYS_JOURNAL_FIND, handle_journal_find},
    {IPC_KEYS_SETTLE, handle_settle},
    {IPC_KEYS_UNSETTLED, handle_unsettled},
    {IPC_KEYS_ABANDON, handle_abandon},
    {IPC_KEYS_SIGN_CRL, handle_sign_crl},
    {IPC_KEYS_SIGN_OCSP, handle_sign_ocsp},
    {IPC_KEYS_PRESIGN_OCSP, handle_presign_ocsp},
    {IPC_KEYS_RESPONDER, handle_keys_responder},
    {IPC_KEYS_RESPONDER_INSTALL, handle_keys_responder_install},
    {IPC_KEYS_RESPONDER_ROTATE, handle_responder_rotate},
    {IPC_KEYS_SIGN_CHECKPOINT, handle_sign_checkpoint},
    {IPC_KEYS_CHECKPOINT_KEY, handle_keys_checkpoint_key},
    {IPC_KEYS_DATA_KEY_NEW, handle_keys_data_key_new},
    {IPC_KEYS_DATA_KEY_UNWRAP, handle_keys_data_key_unwrap},
    {IPC_KEYS_SET_CLOCK, handle_set_clock},
    {IPC_KEYS_GET_STATUS, handle_keys_get_status},
};
const size_t keys_route_count = CX_COUNT_OF(keys_routes);
