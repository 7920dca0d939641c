/*
 * What a mail says (RFC 5322, MIME), read by GMime in the process that holds nothing. The octets go to core beside it, so what is not
 * understood here is not lost. No message is refused: it was received, and must be answered.
 *
 * Everything is valid UTF-8 without control characters (text: line feeds and tabs at most) and cut to its maximum.
 * Thread-safe after message_init. Text of charsets that are not among those loaded by message_init (message.c) shows as '?'.
 */
#pragma once
#include "base/arena.h"

enum {
    MESSAGE_MAX = 262144,     /* octets of a message that are read */
    MESSAGE_ID_MAX = 250,     /* octets */
    MESSAGE_SENDER_MAX = 254, /* RFC 5321 §4.5.3.1.3, without the brackets */
    MESSAGE_SUBJECT_MAX = 400,
    MESSAGE_TEXT_MAX = 24576
};

struct message {
    struct cx_str
        id; /* Message-ID without its brackets, printable ASCII; "" = none that could be used */
    struct cx_str sender; /* the address of From; "" = none that could be answered */
    struct cx_str subject, text;
    bool automatic; /* RFC 3834 §2: no person waits for an answer */
};

/* Loads what the library needs from files: once, before threads start and before the sandbox. */
size_t message_init(void); /* how many charsets it has beside UTF-8 */

/* CX_E_NOMEM, CX_E_LIMIT (arena). */
cx_err message_read(struct cx_bytes raw, struct arena *arena, struct message *ret_message);
