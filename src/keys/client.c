/* Each call: struct → message → ipc_client_call → message → struct. The transport is ipc/client.h. */
#include "keys/client_internal.h"
#include "base/cleanup.h"
#include "ipc/client.h"

#include <stdlib.h>

enum {
    ISSUE_MAX = 65536,
    CERTIFICATE_REPLY_MAX = 20480,
    SMALL_MAX = 4096,
    CRL_MAX = 17 * 1024 * 1024,
    SETTLE_BATCH = 1000,
    OCSP_BATCH_REPLY_MAX = 106496
};

#define CALL_TIMEOUT_US (10 * CX_US_PER_S)

struct keys_client {
    struct ipc_client *ipc;
};

cx_err keys_client_new(int fd, struct keys_client **ret_client)
{
    struct keys_client *client = calloc(1, sizeof(*client));
    if (client == NULL) {
        close(fd);
        return CX_ERR(NOMEM);
    }
    const struct ipc_client_options options = {.fd = fd, .direction = IPC_KEYS_TO_CORE};
    cx_err err = ipc_client_new(&options, &client->ipc);
    if (cx_failed(err)) {
        free(client);
        return err;
    }
    *ret_client = client;
    return CX_OK;
}

void keys_client_reconnect(struct keys_client *client, int fd)
{
    ipc_client_reconnect(client->ipc, fd);
}

void keys_client_free(struct keys_client *client)
{
    if (client == NULL)
        return;
    ipc_client_free(client->ipc);
    free(client);
}

struct ipc_client *keys_client_ipc(struct keys_client *client)
{
    return client->ipc;
}

static cx_err call(struct keys_client *client, uint16_t number, uint16_t reply,
                   const struct cx_buf *request, struct cx_diag *diag, struct cx_buf *ret_reply)
{
    const struct ipc_call spec = {.number = number,
                                  .reply = reply,
                                  .payload = cx_buf_view(request),
                                  .timeout_us = CALL_TIMEOUT_US};
    return ipc_client_call(client->ipc, &spec, diag, ret_reply);
}

/* A request whose whole answer is reply_ok. */
static cx_err call_ok(struct keys_client *client, uint16_t number, const struct cx_buf *request,
                      struct cx_diag *diag)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf reply = CX_BUF_INIT(SMALL_MAX);
    return call(client, number, IPC_REPLY_OK, request, diag, &reply);
}

static cx_err copy_subject(const struct pki_template *tmpl, struct arena *arena,
                           struct ipc_keys_issue *message)
{
    struct ipc_keys_attribute *subject = NULL;
    struct ipc_keys_name *names = NULL;
    CX_TRY(ARENA_NEW_ARRAY(arena, tmpl->subject_count, &subject));
    CX_TRY(ARENA_NEW_ARRAY(arena, tmpl->name_count, &names));
    for (size_t i = 0; i < tmpl->subject_count; i++)
        subject[i] =
            (struct ipc_keys_attribute){(uint8_t)tmpl->subject[i].type, tmpl->subject[i].value};
    for (size_t i = 0; i < tmpl->name_count; i++)
        names[i] = (struct ipc_keys_name){(uint8_t)tmpl->names[i].kind, tmpl->names[i].value};
    message->subject = subject;
    message->subject_count = tmpl->subject_count;
    message->names = names;
    message->names_count = tmpl->name_count;
    return CX_OK;
}

cx_err keys_issue(struct keys_client *client, const struct keys_issue *request, struct arena *arena,
                  struct cx_diag *diag, struct cx_bytes *ret_der)
{
    const struct pki_template *tmpl = request->tmpl;
    struct ipc_keys_issue message = {.intent_id = request->intent_id,
                                     .tenant_id = request->tenant_id,
                                     .issuer_id = request->issuer_id,
                                     .profile = tmpl->profile->name,
                                     .version = tmpl->profile->version,
                                     .serial = tmpl->serial,
                                     .not_before_us = tmpl->not_before_us,
                                     .not_after_us = tmpl->not_after_us,
                                     .spki = tmpl->spki};
    CX_TRY(copy_subject(tmpl, arena, &message));
    CX_CLEANUP(cx_buf_clear)
    struct cx_buf out = CX_BUF_INIT(ISSUE_MAX), reply = CX_BUF_INIT(CERTIFICATE_REPLY_MAX);
    CX_TRY(ipc_keys_issue_write(&out, &message));
    CX_TRY(call(client, IPC_KEYS_ISSUE, IPC_KEYS_CERTIFICATE, &out, diag, &reply));
    struct ipc_keys_certificate answer;
    cx_err err = ipc_keys_certificate_parse(cx_buf_view(&reply), arena, &answer);
    if (cx_is_ok(err))
        err = arena_copy(arena, answer.der, ret_der);
    /* It is signed: whatever goes wrong here must not read as a refusal. */
    return cx_is_ok(err) ? CX_OK : CX_ERR(IO);
}

cx_err keys_journal_find(struct keys_client *client, struct cx_id intent_id, struct arena *arena,
                         enum keys_journal_state *ret_state, struct cx_bytes *ret_der)
{
    const struct ipc_keys_journal_find message = {.intent_id = intent_id};
    CX_CLEANUP(cx_buf_clear)
    struct cx_buf out = CX_BUF_INIT(SMALL_MAX), reply = CX_BUF_INIT(CERTIFICATE_REPLY_MAX);
    CX_TRY(ipc_keys_journal_find_write(&out, &message));
    CX_TRY(call(client, IPC_KEYS_JOURNAL_FIND, IPC_KEYS_JOURNAL_FOUND, &out, NULL, &reply));
    struct ipc_keys_journal_found answer;
    struct cx_bytes der;
    CX_TRY(ipc_keys_journal_found_parse(cx_buf_view(&reply), arena, &answer));
    CX_TRY(arena_copy(arena, answer.der, &der));
    *ret_state = (enum keys_journal_state)answer.state;
    *ret_der = der;
    return CX_OK;
}

cx_err keys_settle(struct keys_client *client, const struct cx_id *intent_ids, size_t count)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(SETTLE_BATCH * 16 + 64);
    for (size_t done = 0; done < count;) {
        struct ipc_keys_intent intents[SETTLE_BATCH];
        size_t n = count - done < SETTLE_BATCH ? count - done : SETTLE_BATCH;
        for (size_t i = 0; i < n; i++)
            intents[i].intent_id = intent_ids[done + i];
        const struct ipc_keys_settle message = {.intents = intents, .intents_count = n};
        cx_buf_reset(&out);
        CX_TRY(ipc_keys_settle_write(&out, &message));
        CX_TRY(call_ok(client, IPC_KEYS_SETTLE, &out, NULL));
        done += n;
    }
    return CX_OK;
}

static cx_err unsettled_of(const struct ipc_keys_unsettled_intent *from,
                           struct keys_unsettled *ret_row)
{
    struct keys_unsettled row = {.intent_id = from->intent_id,
                                 .tenant_id = from->tenant_id,
                                 .issuer_id = from->issuer_id,
                                 .serial_len = (uint8_t)from->serial.len,
                                 .state = (enum keys_journal_state)from->state};
    if (from->serial.len > sizeof(row.serial))
        return CX_ERR(PARSE);
    if (from->serial.len > 0)
        memcpy(row.serial, from->serial.ptr, from->serial.len);
    *ret_row = row;
    return CX_OK;
}

cx_err keys_list_unsettled(struct keys_client *client, struct cx_id after,
                           struct keys_unsettled rows[static KEYS_UNSETTLED_MAX], size_t *ret_count)
{
    const struct ipc_keys_unsettled message = {.after = after};
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(64 * 1024);
    CX_CLEANUP(cx_buf_clear)
    struct cx_buf out = CX_BUF_INIT(SMALL_MAX), reply = CX_BUF_INIT(CERTIFICATE_REPLY_MAX);
    CX_TRY(ipc_keys_unsettled_write(&out, &message));
    CX_TRY(call(client, IPC_KEYS_UNSETTLED, IPC_KEYS_UNSETTLED_LIST, &out, NULL, &reply));
    struct ipc_keys_unsettled_list answer;
    CX_TRY(ipc_keys_unsettled_list_parse(cx_buf_view(&reply), &arena, &answer));
    if (answer.intents_count > KEYS_UNSETTLED_MAX)
        return CX_ERR(PARSE);
    for (size_t i = 0; i < answer.intents_count; i++)
        CX_TRY(unsettled_of(&answer.intents[i], &rows[i]));
    *ret_count = answer.intents_count;
    return CX_OK;
}

cx_err keys_abandon(struct keys_client *client, struct cx_id intent_id, struct arena *arena,
                    struct cx_bytes *ret_der)
{
    const struct ipc_keys_abandon message = {.intent_id = intent_id};
    CX_CLEANUP(cx_buf_clear)
    struct cx_buf out = CX_BUF_INIT(SMALL_MAX), reply = CX_BUF_INIT(CERTIFICATE_REPLY_MAX);
    CX_TRY(ipc_keys_abandon_write(&out, &message));
    CX_TRY(call(client, IPC_KEYS_ABANDON, IPC_KEYS_JOURNAL_FOUND, &out, NULL, &reply));
    struct ipc_keys_journal_found answer;
    CX_TRY(ipc_keys_journal_found_parse(cx_buf_view(&reply), arena, &answer));
    if (answer.state != KEYS_JOURNAL_SIGNED)
        return CX_OK;
    CX_TRY(arena_copy(arena, answer.der, ret_der));
    return CX_ERR(CONFLICT);
}

cx_err keys_sign_crl(struct keys_client *client, struct cx_id tenant_id, struct cx_id issuer_id,
                     uint32_t shard, uint64_t number, cx_time this_update_us,
                     cx_time next_update_us, const struct keys_revoked *entries, size_t entry_count,
                     struct arena *arena, struct cx_diag *diag, uint64_t *ret_number,
                     struct cx_bytes *ret_der)
{
    CX_AUTO_FREE struct ipc_keys_revoked *list = calloc(entry_count + 1, sizeof(*list));
    if (list == NULL)
        return CX_ERR(NOMEM);
    for (size_t i = 0; i < entry_count; i++)
        list[i] = (struct ipc_keys_revoked){CX_BYTES(entries[i].serial, entries[i].serial_len),
                                            entries[i].reason, entries[i].revoked_us};
    const struct ipc_keys_sign_crl message = {.tenant_id = tenant_id,
                                              .issuer_id = issuer_id,
                                              .shard = shard,
                                              .number = number,
                                              .this_update_us = this_update_us,
                                              .next_update_us = next_update_us,
                                              .entries = list,
                                              .entries_count = entry_count};
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(CRL_MAX), reply = CX_BUF_INIT(CRL_MAX);
    CX_TRY(ipc_keys_sign_crl_write(&out, &message));
    CX_TRY(call(client, IPC_KEYS_SIGN_CRL, IPC_KEYS_CRL, &out, diag, &reply));
    struct ipc_keys_crl answer;
    CX_TRY(ipc_keys_crl_parse(cx_buf_view(&reply), arena, &answer));
    CX_TRY(arena_copy(arena, answer.der, ret_der));
    *ret_number = answer.number;
    return CX_OK;
}

cx_err keys_sign_ocsp(struct keys_client *client, struct cx_id tenant_id, struct cx_id issuer_id,
                      const struct keys_ocsp_item *item, struct arena *arena,
                      struct cx_bytes *ret_der)
{
    const struct ipc_keys_sign_ocsp message = {.tenant_id = tenant_id,
                                               .issuer_id = issuer_id,
                                               .serial = item->serial,
                                               .status = (uint8_t)item->status,
                                               .hash = (uint8_t)item->hash,
                                               .revoked_us = item->revoked_us,
                                               .reason = item->reason,
                                               .this_update_us = item->this_update_us,
                                               .next_update_us = item->next_update_us,
                                               .produced_us = item->produced_us,
                                               .nonce = item->nonce};
    CX_CLEANUP(cx_buf_clear)
    struct cx_buf out = CX_BUF_INIT(SMALL_MAX), reply = CX_BUF_INIT(2 * SMALL_MAX);
    CX_TRY(ipc_keys_sign_ocsp_write(&out, &message));
    CX_TRY(call(client, IPC_KEYS_SIGN_OCSP, IPC_KEYS_OCSP, &out, NULL, &reply));
    struct ipc_keys_ocsp answer;
    CX_TRY(ipc_keys_ocsp_parse(cx_buf_view(&reply), arena, &answer));
    return arena_copy(arena, answer.der, ret_der);
}

static cx_err copy_signed(const struct ipc_keys_ocsp_batch *answer, struct arena *arena,
                          struct cx_bytes *ret_certificate, struct keys_ocsp_signed *ret_signed)
{
    for (size_t i = 0; i < answer->answers_count; i++) {
        CX_TRY(arena_copy(arena, answer->answers[i].data, &ret_signed[i].data));
        CX_TRY(arena_copy(arena, answer->answers[i].signature, &ret_signed[i].signature));
    }
    return arena_copy(arena, answer->certificate, ret_certificate);
}

cx_err keys_presign_ocsp(struct keys_client *client, struct cx_id tenant_id, struct cx_id issuer_id,
                         const struct keys_ocsp_batch *batch, struct arena *arena,
                         struct cx_bytes *ret_certificate, struct keys_ocsp_signed *ret_signed)
{
    struct ipc_keys_ocsp_asked list[KEYS_OCSP_BATCH_MAX];
    if (batch->count > KEYS_OCSP_BATCH_MAX)
        return CX_ERR(USAGE);
    for (size_t i = 0; i < batch->count; i++)
        list[i] = (struct ipc_keys_ocsp_asked){
            CX_BYTES(batch->asked[i].serial, batch->asked[i].serial_len), batch->asked[i].reason,
            batch->asked[i].revoked_us};
    const struct ipc_keys_presign_ocsp message = {.tenant_id = tenant_id,
                                                  .issuer_id = issuer_id,
                                                  .this_update_us = batch->this_update_us,
                                                  .next_update_us = batch->next_update_us,
                                                  .asked = list,
                                                  .asked_count = batch->count};
    CX_CLEANUP(cx_buf_clear)
    struct cx_buf out = CX_BUF_INIT(SMALL_MAX), reply = CX_BUF_INIT(OCSP_BATCH_REPLY_MAX);
    CX_TRY(ipc_keys_presign_ocsp_write(&out, &message));
    CX_TRY(call(client, IPC_KEYS_PRESIGN_OCSP, IPC_KEYS_OCSP_BATCH, &out, NULL, &reply));
    struct ipc_keys_ocsp_batch answer;
    CX_TRY(ipc_keys_ocsp_batch_parse(cx_buf_view(&reply), arena, &answer));
    return answer.answers_count == batch->count
               ? copy_signed(&answer, arena, ret_certificate, ret_signed)
               : CX_ERR(PARSE);
}

cx_err keys_responder(struct keys_client *client, struct cx_id tenant_id, struct cx_id issuer_id,
                      struct arena *arena, struct cx_bytes *ret_spki, cx_time *ret_not_after_us)
{
    const struct ipc_keys_responder message = {.tenant_id = tenant_id, .issuer_id = issuer_id};
    CX_CLEANUP(cx_buf_clear)
    struct cx_buf out = CX_BUF_INIT(SMALL_MAX), reply = CX_BUF_INIT(SMALL_MAX);
    CX_TRY(ipc_keys_responder_write(&out, &message));
    CX_TRY(call(client, IPC_KEYS_RESPONDER, IPC_KEYS_RESPONDER_KEY, &out, NULL, &reply));
    struct ipc_keys_responder_key answer;
    CX_TRY(ipc_keys_responder_key_parse(cx_buf_view(&reply), arena, &answer));
    CX_TRY(arena_copy(arena, answer.spki, ret_spki));
    *ret_not_after_us = answer.not_after_us;
    return CX_OK;
}

cx_err keys_responder_install(struct keys_client *client, struct cx_id tenant_id,
                              struct cx_id issuer_id, struct cx_bytes certificate_der,
                              struct cx_diag *diag)
{
    const struct ipc_keys_responder_install message = {
        .tenant_id = tenant_id, .issuer_id = issuer_id, .certificate = certificate_der};
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(CERTIFICATE_REPLY_MAX);
    CX_TRY(ipc_keys_responder_install_write(&out, &message));
    return call_ok(client, IPC_KEYS_RESPONDER_INSTALL, &out, diag);
}

cx_err keys_responder_rotate(struct keys_client *client, struct cx_id tenant_id,
                             struct cx_id issuer_id, struct cx_bytes spki)
{
    const struct ipc_keys_responder_rotate message = {
        .tenant_id = tenant_id, .issuer_id = issuer_id, .spki = spki};
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(SMALL_MAX);
    CX_TRY(ipc_keys_responder_rotate_write(&out, &message));
    return call_ok(client, IPC_KEYS_RESPONDER_ROTATE, &out, NULL);
}

cx_err keys_sign_checkpoint(struct keys_client *client, struct cx_id tenant_id, uint64_t size,
                            const uint8_t root[static 32], struct arena *arena,
                            struct cx_diag *diag, struct cx_str *ret_note)
{
    struct ipc_keys_sign_checkpoint message = {.tenant_id = tenant_id, .size = size};
    memcpy(message.root, root, sizeof(message.root));
    CX_CLEANUP(cx_buf_clear)
    struct cx_buf out = CX_BUF_INIT(SMALL_MAX), reply = CX_BUF_INIT(SMALL_MAX);
    CX_TRY(ipc_keys_sign_checkpoint_write(&out, &message));
    CX_TRY(call(client, IPC_KEYS_SIGN_CHECKPOINT, IPC_KEYS_NOTE, &out, diag, &reply));
    struct ipc_keys_note answer;
    CX_TRY(ipc_keys_note_parse(cx_buf_view(&reply), arena, &answer));
    return arena_copy_str(arena, answer.note, ret_note);
}

cx_err keys_checkpoint_key(struct keys_client *client, struct cx_id tenant_id, struct arena *arena,
                           struct cx_str *ret_vkey)
{
    const struct ipc_keys_checkpoint_key message = {.tenant_id = tenant_id};
    CX_CLEANUP(cx_buf_clear)
    struct cx_buf out = CX_BUF_INIT(SMALL_MAX), reply = CX_BUF_INIT(SMALL_MAX);
    CX_TRY(ipc_keys_checkpoint_key_write(&out, &message));
    CX_TRY(call(client, IPC_KEYS_CHECKPOINT_KEY, IPC_KEYS_VKEY, &out, NULL, &reply));
    struct ipc_keys_vkey answer;
    CX_TRY(ipc_keys_vkey_parse(cx_buf_view(&reply), arena, &answer));
    return arena_copy_str(arena, answer.vkey, ret_vkey);
}

/* The key goes from the reply buffer, which is wiped when it is cleared, into secret memory. */
static cx_err take_key(struct cx_buf *reply, struct ipc_keys_data_key *ret_answer,
                       struct cx_secret *ret_key)
{
    struct arena none = ARENA_INIT(0);
    CX_TRY(ipc_keys_data_key_parse(cx_buf_view(reply), &none, ret_answer));
    cx_err err = cx_secret_copy(CX_BYTES(ret_answer->key, sizeof(ret_answer->key)), ret_key);
    cx_wipe(ret_answer->key, sizeof(ret_answer->key));
    return err;
}

cx_err keys_data_key_new(struct keys_client *client, struct cx_id tenant_id, uint32_t version,
                         struct arena *arena, struct cx_bytes *ret_wrapped,
                         struct cx_secret *ret_key)
{
    const struct ipc_keys_data_key_new message = {.tenant_id = tenant_id, .version = version};
    CX_CLEANUP(cx_buf_clear)
    struct cx_buf out = CX_BUF_INIT(SMALL_MAX), reply = CX_BUF_INIT(SMALL_MAX);
    CX_TRY(ipc_keys_data_key_new_write(&out, &message));
    CX_TRY(call(client, IPC_KEYS_DATA_KEY_NEW, IPC_KEYS_DATA_KEY, &out, NULL, &reply));
    struct ipc_keys_data_key answer;
    CX_CLEANUP(cx_secret_clear) struct cx_secret key = CX_SECRET_INIT;
    CX_TRY(take_key(&reply, &answer, &key));
    CX_TRY(arena_copy(arena, answer.wrapped, ret_wrapped));
    *ret_key = key;
    key = CX_SECRET_INIT;
    return CX_OK;
}

cx_err keys_data_key_unwrap(struct keys_client *client, struct cx_id tenant_id, uint32_t version,
                            struct cx_bytes wrapped, struct cx_secret *ret_key)
{
    const struct ipc_keys_data_key_unwrap message = {
        .tenant_id = tenant_id, .version = version, .wrapped = wrapped};
    CX_CLEANUP(cx_buf_clear)
    struct cx_buf out = CX_BUF_INIT(SMALL_MAX), reply = CX_BUF_INIT(SMALL_MAX);
    CX_TRY(ipc_keys_data_key_unwrap_write(&out, &message));
    CX_TRY(call(client, IPC_KEYS_DATA_KEY_UNWRAP, IPC_KEYS_DATA_KEY, &out, NULL, &reply));
    struct ipc_keys_data_key answer;
    return take_key(&reply, &answer, ret_key);
}

cx_err keys_set_clock(struct keys_client *client, int64_t offset_us)
{
    const struct ipc_keys_set_clock message = {.offset_us = offset_us};
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(SMALL_MAX);
    CX_TRY(ipc_keys_set_clock_write(&out, &message));
    return call_ok(client, IPC_KEYS_SET_CLOCK, &out, NULL);
}

cx_err keys_get_status(struct keys_client *client, struct keys_status *ret_status)
{
    CX_CLEANUP(cx_buf_clear)
    struct cx_buf out = CX_BUF_INIT(SMALL_MAX), reply = CX_BUF_INIT(SMALL_MAX);
    CX_TRY(call(client, IPC_KEYS_GET_STATUS, IPC_KEYS_STATUS, &out, NULL, &reply));
    struct arena none = ARENA_INIT(0);
    struct ipc_keys_status answer;
    CX_TRY(ipc_keys_status_parse(cx_buf_view(&reply), &none, &answer));
    *ret_status = (struct keys_status){answer.journal_count, answer.signed_count,
                                       answer.issuer_count, answer.unsettled_count};
    return CX_OK;
}
