#include "tests/unit/pki/lint/draft.h"
#include "base/cleanup.h"
#include "codec/der_write.h"
#include "codec/hex.h"

#include <ctype.h>

static uint8_t tag_of(const char *name, size_t len)
{
    static const struct {
        const char *name;
        uint8_t tag;
    } tags[] = {{"SEQ", 0x30},  {"SET", 0x31},  {"INT", 0x02},  {"BITS", 0x03}, {"OCT", 0x04},
                {"NULL", 0x05}, {"BOOL", 0x01}, {"UTF8", 0x0c}, {"PRT", 0x13},  {"T61", 0x14},
                {"IA5", 0x16},  {"UTC", 0x17},  {"GEN", 0x18},  {"BMP", 0x1e}};
    for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
        if (strlen(tags[i].name) == len && memcmp(tags[i].name, name, len) == 0)
            return tags[i].tag;
    }
    assert_true(len == 2 && (name[0] == 'C' || name[0] == 'P'));
    uint8_t number = (uint8_t)(name[1] - '0');
    return name[0] == 'C' ? DER_CONTEXT_CONSTRUCTED(number) : DER_CONTEXT(number);
}

/* The run of characters that accept takes, moved over. */
static struct cx_str take(const char **at, int (*accept)(int c))
{
    const char *start = *at;
    while (**at && accept((unsigned char)**at))
        (*at)++;
    return (struct cx_str){start, (size_t)(*at - start)};
}

static int is_quoted(int c)
{
    return c != '\'';
}

static int is_oid(int c)
{
    return isdigit(c) || c == '.';
}

/* One item other than a NAME{…}. */
static void assemble_leaf(const char **at, struct cx_buf *out)
{
    struct der_oid oid;
    if (**at == '\'') {
        (*at)++;
        assert_ok(cx_buf_add_str(out, take(at, is_quoted)));
        (*at)++;
    } else if (**at == '`') {
        (*at)++;
        assert_ok(hex_decode(take(at, isxdigit), out));
        assert_int_equal(**at, '`');
        (*at)++;
    } else {
        assert_ok(der_oid_from_text(take(at, is_oid), &oid));
        assert_ok(der_write_oid(out, der_oid_view(&oid)));
    }
}

static void assemble(const char *text, struct cx_buf *out)
{
    enum { DEPTH_MAX = 16 };
    size_t marks[DEPTH_MAX];
    size_t depth = 0;
    const char *at = text;
    while (*at) {
        if (*at == ' ') {
            at++;
        } else if (*at == '}') {
            assert_true(depth > 0);
            assert_ok(der_end(out, marks[--depth]));
            at++;
        } else if (isupper((unsigned char)*at)) {
            struct cx_str name = take(&at, isalnum);
            assert_true(depth < DEPTH_MAX && *at == '{');
            assert_ok(der_begin(out, tag_of(name.ptr, name.len), &marks[depth++]));
            at++;
        } else {
            assemble_leaf(&at, out);
        }
    }
    assert_int_equal(depth, 0);
}

struct cx_bytes draft_der(struct arena *arena, const char *text)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(DRAFT_TEXT_MAX);
    struct cx_bytes der;
    assemble(text, &out);
    assert_ok(arena_copy(arena, cx_buf_view(&out), &der));
    return der;
}

static struct pki_extension *find(struct draft *draft, struct cx_bytes oid)
{
    for (size_t i = 0; i < draft->extension_count; i++) {
        if (cx_bytes_eq(draft->extensions[i].oid, oid))
            return &draft->extensions[i];
    }
    return NULL;
}

static void edit_extension(struct draft *draft, const struct edit *edit)
{
    struct cx_bytes whole = draft_der(&draft->arena, edit->text);
    struct cx_bytes oid = CX_BYTES(whole.ptr + 2, whole.len - 2);
    struct pki_extension *extension = edit->field == REPEAT ? NULL : find(draft, oid);
    if (edit->field == DROP) {
        assert_non_null(extension);
        *extension = draft->extensions[--draft->extension_count];
        return;
    }
    if (!extension) {
        assert_true(draft->extension_count < DRAFT_EXTS_MAX);
        extension = &draft->extensions[draft->extension_count++];
    }
    bool critical = edit->value[0] == '!';
    *extension =
        (struct pki_extension){oid, critical, draft_der(&draft->arena, edit->value + critical)};
}

static cx_time time_of(struct cx_bytes der)
{
    struct der_reader reader = der_reader(der);
    cx_time at_us = 0;
    return cx_is_ok(der_read_time(&reader, &at_us)) ? at_us : 0;
}

void draft_edit(struct draft *draft, const struct edit *edit)
{
    switch (edit->field) {
    case NO_EDIT:
    case FIELD_COUNT:
        return;
    case VERSION:
        draft->version = edit->text[0] - '0';
        return;
    case EXT:
    case REPEAT:
    case DROP:
        edit_extension(draft, edit);
        return;
    default:
        draft->fields[edit->field] = draft_der(&draft->arena, edit->text);
    }
}

#define RDN(type, value) "SET{SEQ{" type " " value "}}"
#define CA_NAME(cn)                                                                                \
    "SEQ{" RDN("2.5.4.6", "PRT{'IN'}") RDN("2.5.4.10", "UTF8{'Example'}")                          \
        RDN("2.5.4.3", "UTF8{'" cn "'}") "}"
#define CRL                                                                                        \
    {                                                                                              \
        EXT, "2.5.29.31", "SEQ{SEQ{C0{C0{P6{'http://crl.example.com/0.crl'}}}}}"                   \
    }
#define ACCESS                                                                                     \
    {                                                                                              \
        EXT, "1.3.6.1.5.5.7.1.1",                                                                  \
            "SEQ{SEQ{1.3.6.1.5.5.7.48.1 P6{'http://ocsp.example.com/'}}"                           \
            "SEQ{1.3.6.1.5.5.7.48.2 P6{'http://ca.example.com/ca.cer'}}}"                          \
    }
#define CA_KEY_ID "`0102030405060708`"
#define ROOT_KEY_ID "`2122232425262728`"

static const struct edit EVERY[] = {{SERIAL, "`40123456789abcdef011`", NULL},
                                    {ALGORITHM_TBS, "SEQ{1.2.840.10045.4.3.2}", NULL},
                                    {ALGORITHM_OUTER, "SEQ{1.2.840.10045.4.3.2}", NULL},
                                    {SPKI, KEY_EC, NULL},
                                    {NOT_BEFORE, "UTC{'261121000000Z'}", NULL},
                                    {EXT, "2.5.29.14", "OCT{`31323334`}"}};

static const struct edit SERVER_EDITS[] = {
    {ISSUER, CA_NAME("Example Issuing CA"), NULL},
    {NOT_AFTER, "UTC{'270308235959Z'}", NULL},
    {SUBJECT, "SEQ{" RDN("2.5.4.3", "UTF8{'www.example.com'}") "}", NULL},
    {EXT, "2.5.29.35", "SEQ{P0{" CA_KEY_ID "}}"},
    {EXT, "2.5.29.15", "!BITS{`0780`}"},
    {EXT, "2.5.29.19", "!SEQ{}"},
    {EXT, "2.5.29.37", "SEQ{1.3.6.1.5.5.7.3.1}"},
    {EXT, "2.5.29.32", "SEQ{SEQ{2.23.140.1.2.1}}"},
    {EXT, "2.5.29.17", "SEQ{P2{'www.example.com'}}"},
    CRL,
    ACCESS};

static const struct edit OCSP_EDITS[] = {
    {ISSUER, CA_NAME("Example Issuing CA"), NULL}, {NOT_AFTER, "UTC{'270308235959Z'}", NULL},
    {SUBJECT, CA_NAME("Responder 1"), NULL},       {EXT, "2.5.29.35", "SEQ{P0{" CA_KEY_ID "}}"},
    {EXT, "2.5.29.15", "!BITS{`0780`}"},           {EXT, "2.5.29.37", "SEQ{1.3.6.1.5.5.7.3.9}"},
    {EXT, "1.3.6.1.5.5.7.48.1.5", "NULL{}"}};

static const struct edit SUB_CA_EDITS[] = {{ISSUER, CA_NAME("Example Root"), NULL},
                                           {NOT_AFTER, "UTC{'311120235959Z'}", NULL},
                                           {SUBJECT, CA_NAME("Example Issuing CA"), NULL},
                                           {EXT, "2.5.29.35", "SEQ{P0{" ROOT_KEY_ID "}}"},
                                           {EXT, "2.5.29.14", "OCT{" CA_KEY_ID "}"},
                                           {EXT, "2.5.29.15", "!BITS{`0106`}"},
                                           {EXT, "2.5.29.19", "!SEQ{BOOL{`ff`}INT{`00`}}"},
                                           {EXT, "2.5.29.37", "SEQ{1.3.6.1.5.5.7.3.1}"},
                                           {EXT, "2.5.29.32", "SEQ{SEQ{2.23.140.1.2.1}}"},
                                           CRL,
                                           ACCESS};

static const struct edit ROOT_EDITS[] = {
    {ISSUER, CA_NAME("Example Root"), NULL},       {NOT_AFTER, "UTC{'461115235959Z'}", NULL},
    {SUBJECT, CA_NAME("Example Root"), NULL},      {EXT, "2.5.29.14", "OCT{" ROOT_KEY_ID "}"},
    {EXT, "2.5.29.15", "!BITS{`0106`}"},           {EXT, "2.5.29.19", "!SEQ{BOOL{`ff`}}"},
    {EXT, "2.5.29.35", "SEQ{P0{" ROOT_KEY_ID "}}"}};

static void edit_all(struct draft *draft, const struct edit *edits, size_t count)
{
    for (size_t i = 0; i < count; i++)
        draft_edit(draft, &edits[i]);
}

#define EDIT_ALL(draft, edits) edit_all((draft), (edits), sizeof(edits) / sizeof((edits)[0]))

void draft_init(struct draft *draft, enum pki_kind kind)
{
    *draft = (struct draft){.version = 3, .arena = ARENA_INIT(1 << 20)};
    EDIT_ALL(draft, EVERY);
    if (kind == PKI_KIND_ROOT_CA)
        EDIT_ALL(draft, ROOT_EDITS);
    else if (kind == PKI_KIND_SUB_CA)
        EDIT_ALL(draft, SUB_CA_EDITS);
    else if (kind == PKI_KIND_OCSP_SIGNER)
        EDIT_ALL(draft, OCSP_EDITS);
    else
        EDIT_ALL(draft, SERVER_EDITS);
}

static void write_extensions(const struct draft *draft, struct cx_buf *out)
{
    size_t marks[2];
    if (draft->extension_count == 0)
        return;
    assert_ok(der_begin(out, DER_CONTEXT_CONSTRUCTED(3), &marks[0]));
    assert_ok(der_begin(out, DER_SEQUENCE, &marks[1]));
    for (size_t i = 0; i < draft->extension_count; i++) {
        size_t extension = 0;
        assert_ok(der_begin(out, DER_SEQUENCE, &extension));
        assert_ok(der_write_oid(out, draft->extensions[i].oid));
        if (draft->extensions[i].critical)
            assert_ok(der_write_bool(out, true));
        assert_ok(der_write_octet_string(out, draft->extensions[i].value));
        assert_ok(der_end(out, extension));
    }
    assert_ok(der_end(out, marks[1]));
    assert_ok(der_end(out, marks[0]));
}

static void write_tbs(const struct draft *draft, struct cx_buf *out)
{
    size_t tbs = 0;
    size_t inner = 0;
    assert_ok(der_begin(out, DER_SEQUENCE, &tbs));
    if (draft->version > 1) {
        assert_ok(der_begin(out, DER_CONTEXT_CONSTRUCTED(0), &inner));
        assert_ok(der_write_i64(out, draft->version - 1));
        assert_ok(der_end(out, inner));
    }
    assert_ok(der_write(out, DER_INTEGER, draft->fields[SERIAL]));
    assert_ok(cx_buf_add(out, draft->fields[ALGORITHM_TBS]));
    assert_ok(cx_buf_add(out, draft->fields[ISSUER]));
    assert_ok(der_begin(out, DER_SEQUENCE, &inner));
    assert_ok(cx_buf_add(out, draft->fields[NOT_BEFORE]));
    assert_ok(cx_buf_add(out, draft->fields[NOT_AFTER]));
    assert_ok(der_end(out, inner));
    assert_ok(cx_buf_add(out, draft->fields[SUBJECT]));
    assert_ok(cx_buf_add(out, draft->fields[SPKI]));
    assert_ok(cx_buf_add(out, draft->fields[UNIQUE_ID]));
    write_extensions(draft, out);
    assert_ok(der_end(out, tbs));
}

void draft_finish(struct draft *draft, struct pki_certificate *ret_certificate)
{
    static const uint8_t signature[] = {0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01};
    CX_CLEANUP(cx_buf_clear) struct cx_buf tbs = CX_BUF_INIT(1 << 16);
    CX_CLEANUP(cx_buf_clear) struct cx_buf der = CX_BUF_INIT(1 << 16);
    size_t mark = 0;
    write_tbs(draft, &tbs);
    assert_ok(der_begin(&der, DER_SEQUENCE, &mark));
    assert_ok(cx_buf_add(&der, cx_buf_view(&tbs)));
    assert_ok(cx_buf_add(&der, draft->fields[ALGORITHM_OUTER]));
    assert_ok(der_write_bit_string(&der, CX_BYTES(signature, sizeof(signature)), 0));
    assert_ok(der_end(&der, mark));
    *ret_certificate = (struct pki_certificate){
        .version = draft->version,
        .serial = draft->fields[SERIAL],
        .signature_algorithm = draft->fields[ALGORITHM_OUTER],
        .tbs_signature_algorithm = draft->fields[ALGORITHM_TBS],
        .issuer = draft->fields[ISSUER],
        .subject = draft->fields[SUBJECT],
        .not_before_us = time_of(draft->fields[NOT_BEFORE]),
        .not_after_us = time_of(draft->fields[NOT_AFTER]),
        .spki = draft->fields[SPKI],
        .extension_count = draft->extension_count,
        .signature = CX_BYTES(signature, sizeof(signature)),
    };
    memcpy(ret_certificate->extensions, draft->extensions, sizeof(draft->extensions));
    assert_ok(arena_copy(&draft->arena, cx_buf_view(&tbs), &ret_certificate->tbs));
    assert_ok(arena_copy(&draft->arena, cx_buf_view(&der), &ret_certificate->der));
}

void draft_clear(struct draft *draft)
{
    arena_clear(&draft->arena);
}
