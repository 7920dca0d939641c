/*
 * The texts of an incident for the outside. Those for the public as Markdown, in the forms of the CCADB Incident Reporting Guidelines 3.2: preliminary
 * report, full report, update, closure summary. Those for Microsoft (microsoft_text.c) as plain text for a mail. The headings and labels are those of the templates, letter for letter;
 * a field that does not apply says N/A. Times are UTC with minutes. Pure.
 *
 * Text of people is put in so that it cannot make headings, table cells or list items of its own.
 */
#pragma once
#include "core/incident/account.h"

/* The template, with its version, that the form follows. */
struct cx_str publication_template(enum api_publication_form form);
enum { PUBLICATION_MARKDOWN_MAX = 256 * 1024 };

cx_err publication_text(const struct account *account, enum api_publication_form form,
                        struct cx_buf *out);

/* The three mails that the Microsoft Trusted Root Program asks for. */
cx_err microsoft_text(const struct account *account, enum api_publication_form form,
                      struct cx_buf *out);
