/*
 * Handing mail over to the operator's relay (RFC 5321), through libcurl: a batch of letters over one connection. TLS is
 * required, by STARTTLS (RFC 3207) or from the start (RFC 8314), with a certificate that verifies; smtp_tls: none is for a relay on
 * this host and refuses every other address.
 *
 * Nobody is told twice where that can be helped: a letter whose acceptance is remembered is not sent again, so that a core that died
 * before it wrote the result down may ask again. What is left is RFC 5321 §4.5.3.2.6: a connection, or this process, that dies between
 * the end of the data and the relay's answer. Then the letter goes again, with the same Message-ID.
 *
 * The relay is what the operator configured: the address policy of fetches does not apply. Thread-safe.
 */
#pragma once
#include "base/diag.h"
#include "base/id.h"
#include "outbound/client.h"

#include <pthread.h>

struct mail_options {
    struct cx_str url; /* smtp://host[:port] or smtps://host[:port]; "" = none */
    bool plain;        /* no TLS, loopback only */
    struct cx_str from, user;
    struct cx_str password_file, ca_file; /* absolute paths; "" = none */
};

enum { MAIL_URL_MAX = 300, MAIL_PASSWORD_MAX = 256, MAIL_REMEMBERED = 8192 };

struct mail_relay {
    char url[MAIL_URL_MAX + 1];
    char from[OUTBOUND_ADDRESS_MAX + 3]; /* "<address>" */
    char user[OUTBOUND_ADDRESS_MAX + 1];
    char password[MAIL_PASSWORD_MAX + 1];
    bool plain;
    struct cx_buf ca_pem;
    pthread_mutex_t lock; /* guards accepted, next */
    struct cx_id accepted[MAIL_REMEMBERED];
    size_t next;
};

/* "" is none; else scheme, host and port. CX_E_PARSE. */
cx_err mail_url_check(struct cx_str url, struct cx_diag *diag);
/* Reads the files: before the sandbox. */
cx_err mail_relay_open(const struct mail_options *options, struct cx_diag *diag,
                       struct mail_relay *relay);
void mail_relay_close(struct mail_relay *relay);

/* The code of a reply line (RFC 5321 §4.2: three digits, then a blank, '-' or nothing); 0: it is none of 200 … 599. Pure. */
uint16_t mail_reply_code(struct cx_str reply);
/* What a failed transfer means: where it stood ("RCPT", "" …) and the relay's last reply code. Pure. */
enum outbound_letter_outcome mail_judge(struct cx_str stage, uint16_t code);

/* One letter after the other. After OUTBOUND_LETTER_AWAY the rest is not tried and has the same outcome. */
cx_err mail_send(struct mail_relay *relay, const struct outbound_letter *letters, size_t count,
                 uint32_t timeout_ms, struct outbound_letter_result *results);
