/*
 * From what people wrote, the timeline and a recipient's certificates to the recipient's exact text, and from that to a mail
 * (RFC 5322) or a webhook's JSON with its signature. Pure.
 */
#pragma once
#include "api_types.h" /* generated */
#include "base/clock.h"
#include "core/notify/template.h"

enum {
    NOTICE_TEXT_MAX = 65536,    /* octets */
    NOTICE_WRITTEN_MAX = 16384, /* octets that people write: the rest is for lists and the frame */
    NOTICE_CERTIFICATES_MAX = 50, /* named in a text */
    NOTICE_MAIL_MAX = 131072,
    NOTICE_HOOK_KEY_LEN = 32,
    NOTICE_SIGNATURE_MAX = 128
};

struct notice_certificate {
    struct cx_str names, serial; /* serial in hexadecimal */
    cx_time not_after_us;
};

struct notice_facts {
    struct cx_str tenant, incident, link;
    const struct api_notice_content *content;
    bool has_act_by, has_update;
    cx_time act_by_us, update_us;
    const struct notice_certificate *certificates; /* at most NOTICE_CERTIFICATES_MAX */
    size_t certificate_count;
    int64_t all_count; /* of the recipient's */
};

/* "TIME; OWNER; TEXT", none of them empty. CX_E_POLICY naming the field steps. Views into step. */
struct notice_step {
    cx_time due_us;
    struct cx_str owner, text;
};
cx_err notice_step_parse(struct cx_str step, struct cx_diag *diag, struct notice_step *ret_step);

/* Is the section listed as not yet known? */
bool notice_is_unknown(const struct api_notice_content *content, enum api_notice_section section);
/* CX_E_POLICY naming the section that is empty, or known and unknown at once; CX_E_LIMIT when it is too much. */
cx_err notice_content_check(const struct api_notice_content *content, struct cx_diag *diag);

cx_err notice_subject(const struct notice_template *template, const struct notice_facts *facts,
                      struct cx_buf *out);
cx_err notice_body(const struct notice_template *template, const struct notice_facts *facts,
                   struct cx_buf *out);

struct notice_letter {
    struct cx_str from, to, subject, body, delivery; /* "ndl_…": the Message-ID is made of it */
    struct cx_str
        reply_to_id; /* Message-ID of what it answers, without brackets; "" = it answers nothing */
    cx_time at_us;   /* of the header Date: the same at every attempt, so that the octets are */
};
cx_err notice_letter_write(const struct notice_letter *letter, struct cx_buf *out);
/* "t=SECONDS,v1=HEX": HMAC-SHA-256 over "SECONDS." and the body. */
cx_err notice_sign(struct cx_bytes key, cx_time now_us, struct cx_bytes body,
                   char ret_signature[static NOTICE_SIGNATURE_MAX]);
