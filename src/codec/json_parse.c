/*
 * From text to tree. jansson checks the grammar, UTF-8 and duplicates, but recurses to 2048 levels
 * and reports a byte offset. So one scan over the text runs before it, to bound the depth, and
 * again after a failure, up to that offset, to turn it into a JSON pointer. The scan need not
 * understand JSON beyond strings, brackets and commas: whatever else is wrong, jansson refuses.
 */
#include "codec/json.h"
#include "base/cleanup.h"
#include "base/utf8.h"

/* Where the scan stands inside one container. */
struct level {
    bool array;
    bool expects_key;
    size_t index;
    struct cx_bytes key; /* as written, without quotes */
};

struct scan {
    struct level levels[JSON_DEPTH_MAX];
    size_t depth;
};

/* The offset after the string that starts at its opening quote; end when it does not close. */
static size_t string_end(struct cx_bytes text, size_t at)
{
    for (at++; at < text.len; at++) {
        if (text.ptr[at] == '\\')
            at++;
        else if (text.ptr[at] == '"')
            return at + 1;
    }
    return text.len;
}

static bool push(struct scan *scan, bool array)
{
    if (scan->depth == JSON_DEPTH_MAX)
        return false;
    scan->levels[scan->depth++] = (struct level){.array = array, .expects_key = !array};
    return true;
}

/* False when the text nests too deep. Stops at end. */
static bool scan_to(struct cx_bytes text, size_t end, struct scan *scan)
{
    *scan = (struct scan){.depth = 0};
    for (size_t at = 0; at < end;) {
        struct level *top = scan->depth ? &scan->levels[scan->depth - 1] : NULL;
        uint8_t c = text.ptr[at];
        if (c == '"') {
            size_t after = string_end(text, at);
            if (top && top->expects_key && after >= at + 2) {
                top->key = CX_BYTES(text.ptr + at + 1, after - at - 2);
                top->expects_key = false;
            }
            at = after;
            continue;
        }
        if ((c == '{' || c == '[') && !push(scan, c == '['))
            return false;
        if ((c == '}' || c == ']') && top)
            scan->depth--;
        if (c == ',' && top) {
            top->index++;
            top->expects_key = !top->array;
        }
        at++;
    }
    return true;
}

/* RFC 6901 §3: '~' is "~0" and '/' is "~1". */
static cx_err pointer_add(struct cx_buf *pointer, struct cx_bytes key)
{
    CX_TRY(cx_buf_add_u8(pointer, '/'));
    for (size_t i = 0; i < key.len; i++) {
        if (key.ptr[i] == '~')
            CX_TRY(cx_buf_add_str(pointer, CX_STR("~0")));
        else if (key.ptr[i] == '/')
            CX_TRY(cx_buf_add_str(pointer, CX_STR("~1")));
        else
            CX_TRY(cx_buf_add_u8(pointer, key.ptr[i]));
    }
    return CX_OK;
}

/* A pointer that does not fit stays incomplete: it is an aid, not a result. */
static void scan_pointer(const struct scan *scan, struct cx_buf *pointer)
{
    for (size_t i = 0; i < scan->depth; i++) {
        const struct level *level = &scan->levels[i];
        cx_err err = CX_OK;
        if (level->array)
            err = cx_buf_addf(pointer, "/%zu", level->index);
        else if (level->key.ptr && cx_utf8_valid(level->key))
            err = pointer_add(pointer, level->key);
        if (cx_failed(err))
            return;
    }
}

static cx_err refuse_at(struct cx_bytes text, const json_error_t *error, struct cx_diag *diag)
{
    size_t end = error->position > 0 ? (size_t)error->position : 0;
    if (end > text.len)
        end = text.len;
    /* A closing bracket that does not belong there is still inside its container. */
    if (end > 0 && (text.ptr[end - 1] == '}' || text.ptr[end - 1] == ']'))
        end--;
    struct scan scan;
    (void)scan_to(text, end, &scan);
    CX_CLEANUP(cx_buf_clear) struct cx_buf pointer = CX_BUF_INIT(2 * DIAG_FIELD_MAX);
    scan_pointer(&scan, &pointer);
    const char *field = "";
    if (cx_is_ok(cx_buf_terminate(&pointer)))
        field = (const char *)pointer.ptr;
    switch (json_error_code(error)) {
    case json_error_duplicate_key:
        return cx_refuse(diag, CX_ERR(PARSE), field, "json-duplicate",
                         "the member appears twice; send it once");
    default:
        return cx_refuse(diag, CX_ERR(PARSE), field, "json-syntax", "line %d, column %d: %s",
                         error->line, error->column, error->text);
    }
}

/* jansson's scanner takes no notice of an allocation that failed: it goes on with a shorter text and then reads and writes
 * beyond it. So memory is asked for before it starts, and should it be gone again a moment later, the process ends: what
 * was not answered did not happen, and the supervisor starts another. */
enum { RESERVE_BASE = 4096, RESERVE_PER_BYTE = 16 };
static _Thread_local bool is_scanning;

static void *allocate(size_t size)
{
    void *ptr = malloc(size);
    if (!ptr && is_scanning)
        abort();
    return ptr;
}

/* Before there are threads. Whoever changes how jansson frees (core/api/memory.c) keeps this. */
__attribute__((constructor)) static void watch_allocations(void)
{
    json_set_alloc_funcs(allocate, free);
}

static cx_err scan_text(struct cx_bytes text, json_error_t *error, json_t **ret_root)
{
    void *reserve = malloc(RESERVE_BASE + text.len * RESERVE_PER_BYTE);
    if (!reserve)
        return CX_ERR(NOMEM);
    free(reserve);
    is_scanning = true;
    *ret_root = json_loadb((const char *)text.ptr, text.len, JSON_REJECT_DUPLICATES, error);
    is_scanning = false;
    return CX_OK;
}

cx_err json_parse(struct cx_bytes text, size_t max, struct cx_diag *diag, json_t **ret_root)
{
    if (text.len > max)
        return cx_refuse(diag, CX_ERR(LIMIT), "", "json-size",
                         "the text is %zu bytes long; at most %zu are accepted", text.len, max);
    struct scan scan;
    if (!scan_to(text, text.len, &scan))
        return cx_refuse(diag, CX_ERR(LIMIT), "", "json-depth",
                         "objects and arrays may nest %d deep", JSON_DEPTH_MAX);
    if (text.len == 0)
        return cx_refuse(diag, CX_ERR(PARSE), "", "json-syntax",
                         "there is no text; send a JSON object");
    json_error_t error = {0};
    json_t *root = NULL;
    CX_TRY(scan_text(text, &error, &root));
    if (!root)
        return refuse_at(text, &error, diag);
    *ret_root = root;
    return CX_OK;
}
