#include "core/notify/channel.h"
#include "base/cleanup.h"
#include "core/core.h"
#include "core/field.h"

cx_err channel_letter(struct core *core, struct arena *arena,
                      const struct row_notice_contact *contact, struct notice_letter draft,
                      struct cx_id id, struct outbound_letter *ret_letter)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf message = CX_BUF_INIT(NOTICE_MAIL_MAX);
    struct field_place place = {contact->tenant_id, "notice_contact", "email", contact->contact_id};
    draft.from = core->options.smtp_from;
    CX_TRY(field_open_text(core, place, contact->email, arena, &draft.to));
    CX_TRY(notice_letter_write(&draft, &message));
    ret_letter->id = id;
    ret_letter->address = draft.to;
    return arena_copy(arena, cx_buf_view(&message), &ret_letter->message);
}

static enum outbound_letter_outcome judge_status(uint16_t status)
{
    if (status >= 200 && status <= 299)
        return OUTBOUND_LETTER_SENT;
    /* RFC 9110 §15.5: the request is wrong, and will be; but for those that say "later". */
    if (status >= 400 && status <= 499 && status != 408 && status != 425 && status != 429)
        return OUTBOUND_LETTER_REFUSED;
    return OUTBOUND_LETTER_LATER;
}

cx_err channel_hook(struct core *core, struct arena *arena,
                    const struct row_notice_contact *contact, struct cx_bytes body,
                    struct channel_result *ret_result)
{
    struct field_place url = {contact->tenant_id, "notice_contact", "webhook_url",
                              contact->contact_id};
    struct field_place key = {contact->tenant_id, "notice_contact", "webhook_key",
                              contact->contact_id};
    struct outbound_hook hook = {.timeout_ms = CHANNEL_HOOK_TIMEOUT_MS,
                                 .ca_pem = cx_str_bytes(contact->webhook_ca),
                                 .body = body};
    char signature[NOTICE_SIGNATURE_MAX];
    struct cx_diag diag = CX_DIAG_INIT;
    struct cx_bytes secret = CX_BYTES_NONE;
    uint16_t status = 0;
    CX_TRY(field_open_text(core, url, contact->webhook_url, arena, &hook.url));
    CX_TRY(field_open(core, key, contact->webhook_key, arena, &secret));
    cx_err signing = notice_sign(secret, cx_now(core->clock), body, signature);
    cx_wipe((void *)(uintptr_t)secret.ptr, secret.len);
    CX_TRY(signing);
    hook.signature = cx_str_from(signature);
    cx_err err = outbound_hook(core->outbound, &hook, &diag, &status);
    snprintf(ret_result->answer, sizeof(ret_result->answer),
             cx_is_ok(err) ? "status %u%s" : "no answer (%u): %s", status, diag.text);
    ret_result->outcome = cx_is_ok(err)             ? judge_status(status)
                          : err.code == CX_E_POLICY ? OUTBOUND_LETTER_REFUSED
                                                    : OUTBOUND_LETTER_LATER;
    return CX_OK;
}
