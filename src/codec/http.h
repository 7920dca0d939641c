/*
 * Fields of HTTP messages: percent-decoding, query strings, header values, dates and validators. No
 * I/O: nginx and libmicrohttpd parse the message; this reads what is inside its parts. RFC 3986,
 * RFC 9110.
 */
#pragma once
#include "base/arena.h"
#include "base/clock.h"

enum { HTTP_QUERY_PARAMETERS_MAX = 64, HTTP_DATE_MAX = 30, HTTP_ETAG_MAX = 72 };

/* Decodes %XX once. A '%' without two hexadecimal digits, and a result that is not UTF-8 or holds a
 * NUL, are CX_E_PARSE. '+' stays '+'. The text is in arena. */
cx_err http_percent_decode(struct arena *arena, struct cx_str text, struct cx_str *ret_text);
/* Encodes all but the unreserved characters (RFC 3986 §2.3). */
cx_err http_percent_encode(struct cx_str text, struct cx_buf *out);

struct http_parameter {
    struct cx_str name, value;
};

struct http_query {
    struct http_parameter *parameters; /* in order; a name may appear more than once */
    size_t count;
};

/* "a=1&b=x%20y" as application/x-www-form-urlencoded: '+' is a space. No names without '=', no
 * empty names, no empty pieces: CX_E_PARSE. More than HTTP_QUERY_PARAMETERS_MAX: CX_E_LIMIT. "" is
 * an empty query. */
cx_err http_query_parse(struct arena *arena, struct cx_str text, struct http_query *ret_query);
/* The nth value (from 0) of that name; CX_E_NOTFOUND when there are fewer. */
cx_err http_query_get(const struct http_query *query, const char *name, size_t nth,
                      struct cx_str *ret_value);

/* RFC 9110 §5.6.2: a token. */
bool http_token_valid(struct cx_str text);
/* RFC 9110 §5.5: no control characters, no space at the ends; safe to write into a header. */
bool http_field_value_valid(struct cx_str text);
/* Does a Content-Type value name this type ("application/json")? Parameters are read over, except a
 * charset other than UTF-8, which is false. Malformed: false. */
bool http_media_type_is(struct cx_str field, const char *type);
/* Does an Accept value admit this type? An absent (empty) one does; q=0 excludes. */
bool http_accepts(struct cx_str field, const char *type);
/* The credentials of "Bearer …" (RFC 6750 §2.1), scheme in any case. CX_E_PARSE otherwise. */
cx_err http_bearer(struct cx_str field, struct cx_str *ret_token);
/* The value of the cookie of that name in a Cookie field (RFC 6265 §4.2.1: "a=1; b=2"). CX_E_NOTFOUND when it is not
 * there. CX_E_PARSE when it is there twice, since either could be another site's, or its value has characters
 * that no cookie has. */
cx_err http_cookie(struct cx_str field, struct cx_str name, struct cx_str *ret_value);
/* Decimal digits only, at most max. */
cx_err http_content_length(struct cx_str field, int64_t max, int64_t *ret_len);

/* IMF-fixdate: "Sat, 21 Nov 2026 21:40:00 GMT" (RFC 9110 §5.6.7). Fractions are cut. */
cx_err http_date_format(cx_time at_us, char ret_text[static HTTP_DATE_MAX]);
/* IMF-fixdate only: the obsolete forms and a wrong weekday are CX_E_PARSE. */
cx_err http_date_parse(struct cx_str text, cx_time *ret_us);

/* A strong entity tag from up to 32 octets of digest: "\"0f…\"". */
cx_err http_etag_format(struct cx_bytes digest, char ret_text[static HTTP_ETAG_MAX]);
/* Does an If-None-Match value list this tag or "*"? Weak comparison (RFC 9110 §13.1.2). */
bool http_etag_matches(struct cx_str field, const char *etag);
