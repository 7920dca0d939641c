/* One attempt to reach a contact by one channel: what notices and pages of who is on call share. Not inside a store closure. */
#pragma once
#include "core/notify/text.h"
#include "outbound/client.h"
#include "store/rows.h"

struct core;

enum {
    CHANNEL_MAIL_TIMEOUT_MS = 15000,
    CHANNEL_HOOK_TIMEOUT_MS = 10000,
    CHANNEL_ANSWER_MAX = DIAG_TEXT_MAX + 64
};

struct channel_result {
    enum outbound_letter_outcome outcome;
    char answer[CHANNEL_ANSWER_MAX];
};

/* The letter to the contact's address; from and to of the draft are filled here. id: the one of its Message-ID. */
cx_err channel_letter(struct core *core, struct arena *arena,
                      const struct row_notice_contact *contact, struct notice_letter draft,
                      struct cx_id id, struct outbound_letter *ret_letter);
/* POSTs body, signed, to the contact's webhook. An error is one of this side: nothing was sent. */
cx_err channel_hook(struct core *core, struct arena *arena,
                    const struct row_notice_contact *contact, struct cx_bytes body,
                    struct channel_result *ret_result);
