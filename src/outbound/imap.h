/*
 * Reading a mailbox (RFC 3501) over TLS from the start (RFC 8314), through libcurl. A certificate that verifies is required; the address
 * is judged by the policy of fetches, since a tenant names the host.
 *
 * Reads the messages of one folder after a UID, oldest first, a few at a time, and removes nothing: what was read is for core to remember,
 * after it has stored it. Servers mark what was read as seen. Thread-safe.
 */
#pragma once
#include "base/diag.h"
#include "outbound/address.h"
#include "outbound/client.h"

struct imap_read {
    struct cx_str host; /* a DNS name or an address */
    uint16_t port;
    struct cx_str user, password;
    struct cx_bytes ca_pem; /* the only roots that are trusted; empty: those of this host */
    struct cx_str folder;   /* as the server names it */
    uint32_t uid_validity;  /* of after_uid; 0: nothing was read yet */
    uint32_t after_uid;
    size_t count_max; /* at most OUTBOUND_MAILS_MAX */
    uint32_t timeout_ms;
    const struct address_policy *policy;
};

struct imap_mail {
    uint32_t uid;
    bool cut; /* it is longer than MESSAGE_MAX: raw is its beginning */
    struct cx_bytes raw;
};
struct imap_folder {
    uint32_t
        uid_validity; /* another one than asked for: everything was read anew (RFC 3501 §2.3.1.1) */
    struct imap_mail mails[OUTBOUND_MAILS_MAX];
    size_t count;
    bool more; /* there are further ones */
};

/* A line of a server as far as it matters: "* OK [UIDVALIDITY 7] …", "* SEARCH 3 5". Pure. */
struct imap_listing {
    uint32_t uid_validity; /* 0: not said */
    uint32_t after_uid;
    uint32_t *uids; /* room for IMAP_UIDS_MAX, above after_uid, as they came */
    size_t count;
};
enum { IMAP_UIDS_MAX = 65536 };
void imap_take_line(struct cx_str line, struct imap_listing *listing);

/* Texts are in arena. CX_E_POLICY (address), CX_E_AUTH (user or password), CX_E_IO with the reason in diag. */
cx_err imap_read_folder(const struct imap_read *read, struct arena *arena, struct cx_diag *diag,
                        struct imap_folder *ret_folder);
