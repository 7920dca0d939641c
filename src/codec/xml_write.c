#include "codec/xml_write.h"
#include "base/cleanup.h"

#include <libxml/xmlwriter.h>

static cx_err done(int result)
{
    return result < 0 ? CX_ERR(NOMEM) : CX_OK;
}

/* Octets of the character at the start of text that XML 1.0 §2.2 does not allow; 0: it is allowed. */
static size_t not_xml(struct cx_str text)
{
    uint8_t c = (uint8_t)text.ptr[0];
    if (c < 0x20)
        return c != '\t' && c != '\n' && c != '\r';
    bool last = text.len >= 3 && c == 0xef && (uint8_t)text.ptr[1] == 0xbf &&
                (uint8_t)text.ptr[2] >= 0xbe; /* U+FFFE, U+FFFF */
    return last ? 3 : 0;
}

static cx_err clean(struct cx_str text, struct cx_buf *out)
{
    for (size_t i = 0; i < text.len;) {
        size_t skip = not_xml((struct cx_str){text.ptr + i, text.len - i});
        if (skip)
            CX_TRY(cx_buf_add_str(out, CX_STR("\xef\xbf\xbd")));
        else
            CX_TRY(cx_buf_add_u8(out, (uint8_t)text.ptr[i]));
        i += skip ? skip : 1;
    }
    return cx_buf_terminate(out);
}

cx_err xml_begin_document(struct xml_writer *xml)
{
    xmlBufferPtr buffer = xmlBufferCreate();
    xml->buffer = buffer;
    if (!buffer)
        return CX_ERR(NOMEM);
    xml->writer = xmlNewTextWriterMemory(buffer, 0);
    if (!xml->writer)
        return CX_ERR(NOMEM);
    CX_TRY(done(xmlTextWriterSetIndent(xml->writer, 1)));
    return done(xmlTextWriterStartDocument(xml->writer, NULL, "UTF-8", NULL));
}

cx_err xml_begin(struct xml_writer *xml, const char *name)
{
    return done(xmlTextWriterStartElement(xml->writer, (const xmlChar *)name));
}

cx_err xml_attribute(struct xml_writer *xml, const char *name, struct cx_str value)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(XML_TEXT_MAX);
    CX_TRY(clean(value, &text));
    return done(
        xmlTextWriterWriteAttribute(xml->writer, (const xmlChar *)name, (const xmlChar *)text.ptr));
}

cx_err xml_text(struct xml_writer *xml, struct cx_str value)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(XML_TEXT_MAX);
    CX_TRY(clean(value, &text));
    return done(xmlTextWriterWriteString(xml->writer, (const xmlChar *)text.ptr));
}

cx_err xml_end(struct xml_writer *xml)
{
    return done(xmlTextWriterEndElement(xml->writer));
}

cx_err xml_element(struct xml_writer *xml, const char *name, struct cx_str text)
{
    CX_TRY(xml_begin(xml, name));
    CX_TRY(xml_text(xml, text));
    return xml_end(xml);
}

cx_err xml_take(struct xml_writer *xml, struct cx_buf *out)
{
    CX_TRY(done(xmlTextWriterEndDocument(xml->writer)));
    xmlBufferPtr buffer = xml->buffer;
    int len = xmlBufferLength(buffer);
    if (len < 0)
        return CX_ERR(INTERNAL);
    return cx_buf_add(out, CX_BYTES((const uint8_t *)xmlBufferContent(buffer), (size_t)len));
}

void xml_writer_clear(struct xml_writer *xml)
{
    if (xml->writer)
        xmlFreeTextWriter(xml->writer);
    if (xml->buffer)
        xmlBufferFree(xml->buffer);
    *xml = (struct xml_writer){0};
}
