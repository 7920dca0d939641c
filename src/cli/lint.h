/*
 * certinext lint: the rules of RFC 5280 and, by choice, of the TLS Baseline Requirements over a certificate file. In a
 * file with a chain each certificate is linted, with the next one as its issuer when the names fit. The exit code is
 * that of a policy refusal when a rule of severity error is broken.
 */
#pragma once
#include "cli/cli.h"
#include "pki/certificate.h"

cx_err lint_run(struct cli *cli, const struct cli_command *command);
/* What kind of certificate it is, from its basicConstraints and extended key usage. */
enum pki_kind lint_kind(const struct pki_certificate *certificate);
