/*
 * XML output through libxml2's writer, which does the escaping: no text can leave its place. The same calls give the same
 * bytes. Elements are indented; text is written as it is.
 *
 *   CX_CLEANUP(xml_writer_clear) struct xml_writer xml = {0};
 *   CX_TRY(xml_begin_document(&xml));
 *   CX_TRY(xml_begin(&xml, "a"));
 *   CX_TRY(xml_attribute(&xml, "b", CX_STR("c")));
 *   CX_TRY(xml_element(&xml, "d", text));
 *   CX_TRY(xml_end(&xml));
 *   CX_TRY(xml_take(&xml, out));
 *
 * Names are literals of ours. Text is UTF-8; what XML 1.0 §2.2 has no place for (most control characters, U+FFFE, U+FFFF)
 * becomes U+FFFD. CX_E_NOMEM when libxml2 has none. One thread at a time.
 */
#pragma once
#include "base/bytes.h"

enum { XML_TEXT_MAX = 1024 * 1024 };

struct xml_writer {
    void *buffer, *writer; /* xmlBuffer, xmlTextWriter */
};

cx_err xml_begin_document(struct xml_writer *xml);
cx_err xml_begin(struct xml_writer *xml, const char *name);
/* Right after xml_begin. */
cx_err xml_attribute(struct xml_writer *xml, const char *name, struct cx_str value);
cx_err xml_text(struct xml_writer *xml, struct cx_str text);
cx_err xml_end(struct xml_writer *xml);
/* An element that holds text alone. */
cx_err xml_element(struct xml_writer *xml, const char *name, struct cx_str text);
/* Closes what is open and appends the document to out. */
cx_err xml_take(struct xml_writer *xml, struct cx_buf *out);
void xml_writer_clear(struct xml_writer *xml);
