#include "outbound/message.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/utf8.h"

#include <gmime/gmime.h>

enum { PARTS_MAX = 200 };

size_t message_init(void)
{
    /* iconv loads a charset's table from a file when it is first asked for. In the sandbox there is none, and a descriptor that stays open
     * keeps its table. */
    static const char *const charsets[] = {
        "ISO-8859-1",   "ISO-8859-2",   "ISO-8859-5",   "ISO-8859-7", "ISO-8859-9",  "ISO-8859-15",
        "WINDOWS-1250", "WINDOWS-1251", "WINDOWS-1252", "KOI8-R",     "KOI8-U",      "GB18030",
        "GBK",          "BIG5",         "SHIFT_JIS",    "EUC-JP",     "ISO-2022-JP", "EUC-KR"};
    static iconv_t held[CX_COUNT_OF(charsets)];
    size_t count = 0;
    g_mime_init();
    for (size_t i = 0; i < CX_COUNT_OF(charsets); i++) {
        held[count] = iconv_open("UTF-8", charsets[i]);
        count += held[count] != (iconv_t)-1; /* iconv_open(3) */
    }
    return count;
}

static void unref(void *object)
{
    if (*(void **)object)
        g_object_unref(*(void **)object);
}

static void free_text(char **text)
{
    g_free(*text);
}

/* The octets of the UTF-8 character at the beginning; 0: there is none. */
static size_t character_len(struct cx_str text)
{
    for (size_t len = 1; len <= 4 && len <= text.len; len++)
        if (cx_utf8_valid(CX_BYTES(text.ptr, len)))
            return len;
    return 0;
}

static bool is_control(const char *c, size_t len, bool block)
{
    const uint8_t *octet = (const uint8_t *)c;
    if (len == 1)
        return (octet[0] < 0x20 && !(block && (c[0] == '\n' || c[0] == '\t'))) || octet[0] == 0x7f;
    if (len == 2)
        return octet[0] == 0xc2 && octet[1] < 0xa0;
    return len == 3 && octet[0] == 0xe2 && octet[1] == 0x80 &&
           (octet[2] == 0xa8 || octet[2] == 0xa9); /* separators of lines and paragraphs */
}

/* What can be shown of it: at most max octets. */
static cx_err clean(const char *from, size_t max, bool block, struct arena *arena,
                    struct cx_str *ret_text)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(max);
    struct cx_str rest = cx_str_from(from ? from : "");
    while (rest.len > 0) {
        size_t len = character_len(rest);
        bool control = len && is_control(rest.ptr, len, block);
        struct cx_str shown = len == 0 ? CX_STR("?") : control ? CX_STR(" ") : rest;
        size_t shown_len = len && !control ? len : 1;
        if (!(block && rest.ptr[0] == '\r')) { /* CR LF is LF */
            if (out.len + shown_len > max)
                break;
            CX_TRY(cx_buf_add(&out, CX_BYTES(shown.ptr, shown_len)));
        }
        len = len ? len : 1;
        rest = (struct cx_str){rest.ptr + len, rest.len - len};
    }
    return arena_copy_str(arena, (struct cx_str){(const char *)out.ptr, out.len}, ret_text);
}

static bool printable(struct cx_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] <= 0x20 || text.ptr[i] >= 0x7f || text.ptr[i] == '<' || text.ptr[i] == '>')
            return false;
    return text.len > 0;
}

static cx_err take_printable(const char *from, size_t max, struct arena *arena,
                             struct cx_str *ret_text)
{
    struct cx_str text = cx_str_from(from ? from : "");
    *ret_text = CX_STR("");
    return text.len <= max && printable(text) ? arena_copy_str(arena, text, ret_text) : CX_OK;
}

static cx_err take_sender(GMimeMessage *mail, struct arena *arena, struct cx_str *ret_sender)
{
    InternetAddressList *from = g_mime_message_get_from(mail);
    *ret_sender = CX_STR("");
    /* Several authors, or a group: nobody of whom one could say that they sent it. */
    if (!from || internet_address_list_length(from) != 1)
        return CX_OK;
    InternetAddress *address = internet_address_list_get_address(from, 0);
    if (!INTERNET_ADDRESS_IS_MAILBOX(address))
        return CX_OK;
    const char *text = internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(address));
    CX_TRY(take_printable(text, MESSAGE_SENDER_MAX, arena, ret_sender));
    const char *at = ret_sender->len ? memchr(ret_sender->ptr, '@', ret_sender->len) : NULL;
    bool whole = at && at != ret_sender->ptr && at + 1 < ret_sender->ptr + ret_sender->len;
    if (!whole || memchr(ret_sender->ptr, '"', ret_sender->len))
        *ret_sender = CX_STR("");
    return CX_OK;
}

static bool header_is(GMimeObject *mail, const char *name, const char *const *values, size_t count)
{
    const char *value = g_mime_object_get_header(mail, name);
    for (size_t i = 0; value && i < count; i++)
        if (g_ascii_strncasecmp(value, values[i], strlen(values[i])) == 0)
            return true;
    return false;
}

/* RFC 3834 §2, and what bounces and lists have carried since before it. */
static bool is_automatic(GMimeObject *mail)
{
    static const char *const bulk[] = {"bulk", "list", "junk"}, *const by_hand[] = {"no"},
                             *const nobody[] = {"<>"};
    if (g_mime_object_get_header(mail, "Auto-Submitted") &&
        !header_is(mail, "Auto-Submitted", by_hand, 1))
        return true;
    return g_mime_object_get_header(mail, "List-Id") ||
           header_is(mail, "Precedence", bulk, CX_COUNT_OF(bulk)) ||
           header_is(mail, "Return-Path", nobody, 1);
}

/* Tags are left out, and nothing is made of entities: a text to read, not to render. */
static void strip_tags(char *html)
{
    bool inside = false;
    char *to = html;
    for (const char *from = html; *from; from++) {
        bool opens = *from == '<', closes = *from == '>' && inside;
        if (!inside && !opens)
            *to++ = *from;
        inside = opens || (inside && !closes);
    }
    *to = '\0';
}

struct finding {
    GMimeObject *plain, *html; /* the first of each, not owned */
    size_t seen;
};

static void look_at(GMimeObject *parent, GMimeObject *part, gpointer arg)
{
    struct finding *finding = arg;
    (void)parent;
    if (++finding->seen > PARTS_MAX || !GMIME_IS_TEXT_PART(part))
        return;
    GMimeContentType *type = g_mime_object_get_content_type(part);
    if (!finding->plain && g_mime_content_type_is_type(type, "text", "plain"))
        finding->plain = part;
    else if (!finding->html && g_mime_content_type_is_type(type, "text", "html"))
        finding->html = part;
}

static cx_err take_text(GMimeMessage *mail, struct arena *arena, struct cx_str *ret_text)
{
    struct finding finding = {.seen = 0};
    g_mime_message_foreach(mail, look_at, &finding);
    GMimeObject *part = finding.plain ? finding.plain : finding.html;
    CX_CLEANUP(free_text)
    char *text = part ? g_mime_text_part_get_text(GMIME_TEXT_PART(part)) : NULL;
    if (text && !finding.plain)
        strip_tags(text);
    return clean(text, MESSAGE_TEXT_MAX, true, arena, ret_text);
}

static cx_err read_parsed(GMimeMessage *mail, struct arena *arena, struct message *ret_message)
{
    struct message message = {.automatic = is_automatic(GMIME_OBJECT(mail))};
    CX_TRY(take_printable(g_mime_message_get_message_id(mail), MESSAGE_ID_MAX, arena, &message.id));
    CX_TRY(take_sender(mail, arena, &message.sender));
    CX_TRY(clean(g_mime_message_get_subject(mail), MESSAGE_SUBJECT_MAX, false, arena,
                 &message.subject));
    CX_TRY(take_text(mail, arena, &message.text));
    *ret_message = message;
    return CX_OK;
}

cx_err message_read(struct cx_bytes raw, struct arena *arena, struct message *ret_message)
{
    CX_CLEANUP(unref)
    GMimeStream *stream =
        g_mime_stream_mem_new_with_buffer(raw.ptr ? (const char *)raw.ptr : "", raw.len);
    CX_CLEANUP(unref) GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    CX_CLEANUP(unref) GMimeMessage *mail = g_mime_parser_construct_message(parser, NULL);
    if (mail)
        return read_parsed(mail, arena, ret_message);
    /* Not even headers: its octets are all that it says. */
    *ret_message = (struct message){
        .id = CX_STR(""), .sender = CX_STR(""), .subject = CX_STR(""), .text = CX_STR("")};
    return CX_OK;
}
