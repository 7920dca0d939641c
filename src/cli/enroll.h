/*
 * certinext enroll: redeems a one-time link and stores a context with the token.
 *
 * The link is "cxl_…", or "https://host:port/enroll#cxl_…" with the server's address in it and, optionally,
 * "&ca=<SHA-256 of the root certificate, hexadecimal>". The server is trusted only through a root that the person
 * named: --ca-file, or the pin in the link. Nothing secret is sent before its certificate is verified against it.
 */
#pragma once
#include "cli/cli.h"
#include "codec/json.h"

cx_err enroll_run(struct cli *cli, const struct cli_command *command);

struct enroll_link {
    struct cx_str url;    /* "https://host:port"; "" when the link names no server */
    struct cx_str secret; /* "cxl_…" */
    struct cx_str pin;    /* 64 hexadecimal digits; "" = none */
};
/* Views into text. CX_E_PARSE. */
cx_err enroll_link_parse(struct cx_str text, struct enroll_link *ret_link);
/* "https://host[:port]" without path, user information, query or trailing '/'. */
bool enroll_url_valid(struct cx_str url);
/* When answer carries a one-time link ("link"): the whole command for the person it is meant for, with the server's
 * address and the fingerprint of its root. Prints nothing under --json and over --local. */
cx_err enroll_print_hand_over(struct cli *cli, const json_t *answer);
