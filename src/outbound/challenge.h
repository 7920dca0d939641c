/*
 * One look at one challenge, from one perspective. What was seen is in *seen; an error is CX_E_NOMEM or
 * CX_E_INTERNAL and means that nothing is known. The request has been checked (request.h).
 */
#pragma once
#include "ipc/ipc_messages.h"
#include "outbound/observe.h"
#include "outbound/web.h"

cx_err challenge_http(const struct look *look, const struct ipc_outbound_validate *request,
                      struct observation *seen);
/* dns-01 and dns-account-01 */
cx_err challenge_dns(const struct look *look, const struct ipc_outbound_validate *request,
                     struct observation *seen);
cx_err challenge_tls(const struct look *look, const struct ipc_outbound_validate *request,
                     struct observation *seen);
/* Climbs the tree to the relevant record set and decides (caa.h). */
cx_err challenge_caa(const struct look *look, const struct ipc_outbound_check_caa *request,
                     struct observation *seen);

/* The parts that need no network. */

/* "_acme-challenge.example.org"; for dns-account-01 "_ujmmovf2vn55tgye._acme-challenge.example.org". */
enum { CHALLENGE_DNS_NAME_MAX = 300 };
cx_err challenge_dns_name(const struct ipc_outbound_validate *request,
                          char ret_name[static CHALLENGE_DNS_NAME_MAX]);
/* RFC 8738 §6: the SNI of an address is its name in in-addr.arpa or ip6.arpa, without trailing dot. */
enum { CHALLENGE_SNI_MAX = 256 };
cx_err challenge_sni(const struct ipc_outbound_validate *request,
                     char ret_sni[static CHALLENGE_SNI_MAX]);
/* Judges the final answer. may_quote: its first octets may be shown to the applicant. */
void challenge_http_judge(const struct web_answer *answer, struct cx_str key_authorization,
                          bool may_quote, struct observation *seen);
