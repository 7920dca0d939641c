#include "core/audit/verify.h"
#include "base/cleanup.h"
#include "codec/hex.h"
#include "codec/json.h"
#include "core/audit/merkle.h"
#include "pki/note.h"

#include <inttypes.h>

enum { LINE_MAX_LEN = 64 * 1024, HASH_HEX_LEN = 2 * MERKLE_HASH_LEN };

struct verifier {
    struct cx_diag *diag;
    struct cx_bytes rest; /* of the file */
    struct note_key key;
    struct merkle_tree tree;
    uint64_t from, size;   /* as the header says */
    uint64_t checkpointed; /* entries below this are covered by a verified checkpoint */
    uint64_t checkpoint_count;
    bool has_trusted;
    struct checkpoint trusted;
    bool trusted_met;
};

static cx_err refuse_at(struct verifier *v, uint64_t index, const char *rule, const char *text)
{
    char field[DIAG_FIELD_MAX];
    snprintf(field, sizeof(field), "/entries/%" PRIu64, index);
    return cx_refuse(v->diag, CX_ERR(CRYPTO), field, rule, "Entry %" PRIu64 ": %s", index, text);
}

static cx_err refuse_format(struct verifier *v, const char *text)
{
    return cx_refuse(v->diag, CX_ERR(PARSE), "", "export-format",
                     "Near entry %" PRIu64 ": not an audit export: %s.", v->tree.size, text);
}

/* The next line without its newline. False at the end of the file; *ret_whole false when the newline is
 * missing. */
static bool next_line(struct verifier *v, struct cx_bytes *ret_line, bool *ret_whole)
{
    if (v->rest.len == 0)
        return false;
    const uint8_t *end = memchr(v->rest.ptr, '\n', v->rest.len);
    size_t len = end ? (size_t)(end - v->rest.ptr) : v->rest.len;
    *ret_line = CX_BYTES(v->rest.ptr, len);
    *ret_whole = end != NULL;
    size_t used = end ? len + 1 : len;
    v->rest = CX_BYTES(v->rest.ptr + used, v->rest.len - used);
    return true;
}

/* Cuts expected off the front of line. */
static bool skip_text(struct cx_bytes *line, const char *expected, size_t len)
{
    if (line->len < len || !cx_bytes_eq(CX_BYTES(line->ptr, len), CX_BYTES(expected, len)))
        return false;
    *line = CX_BYTES(line->ptr + len, line->len - len);
    return true;
}
#define SKIP(line, literal) skip_text((line), "" literal, sizeof(literal) - 1)

static bool skip_number(struct cx_bytes *line, uint64_t *ret_number)
{
    uint64_t number = 0;
    size_t at = 0;
    for (; at < line->len && at < 19 && line->ptr[at] >= '0' && line->ptr[at] <= '9'; at++)
        number = number * 10 + (uint64_t)(line->ptr[at] - '0');
    if (at == 0 || (at > 1 && line->ptr[0] == '0'))
        return false;
    *line = CX_BYTES(line->ptr + at, line->len - at);
    *ret_number = number;
    return true;
}

/* Entry lines are read by hand, not as JSON: the leaf's bytes are what is hashed, and there are many. */
struct entry_line {
    uint64_t index;
    struct cx_bytes hash_hex, leaf;
};

static bool parse_entry(struct cx_bytes line, struct entry_line *ret_entry)
{
    struct entry_line entry;
    if (!SKIP(&line, "{\"index\":") || !skip_number(&line, &entry.index) ||
        !SKIP(&line, ",\"hash\":\"") || line.len < HASH_HEX_LEN)
        return false;
    entry.hash_hex = CX_BYTES(line.ptr, HASH_HEX_LEN);
    line = CX_BYTES(line.ptr + HASH_HEX_LEN, line.len - HASH_HEX_LEN);
    if (!SKIP(&line, "\",\"leaf\":") || line.len < 3 || line.ptr[line.len - 1] != '}')
        return false;
    entry.leaf = CX_BYTES(line.ptr, line.len - 1);
    *ret_entry = entry;
    return true;
}

static void to_hex(const struct merkle_hash *hash, uint8_t ret_hex[static HASH_HEX_LEN])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < MERKLE_HASH_LEN; i++) {
        ret_hex[2 * i] = (uint8_t)digits[hash->b[i] >> 4];
        ret_hex[2 * i + 1] = (uint8_t)digits[hash->b[i] & 15];
    }
}

/* At the size of the checkpoint that was noted earlier, the tree must be the same. */
static cx_err meet_trusted(struct verifier *v)
{
    if (!v->has_trusted || v->trusted_met || v->tree.size != v->trusted.size)
        return CX_OK;
    struct merkle_hash root;
    CX_TRY(merkle_root(&v->tree, &root));
    if (!cx_bytes_eq(CX_BYTES(root.b, sizeof(root.b)), CX_BYTES(v->trusted.root, sizeof(root.b))))
        return refuse_at(
            v, v->from, "checkpoint-not-extended",
            "from here to the size of the checkpoint given, the log is not the one that it signs.");
    v->trusted_met = true;
    return CX_OK;
}

static cx_err take_entry(struct verifier *v, const struct entry_line *entry)
{
    if (entry->index != v->tree.size) {
        char text[128];
        snprintf(text, sizeof(text), "entry %" PRIu64 " stands in its place: entries were %s.",
                 entry->index,
                 entry->index > v->tree.size ? "deleted or moved" : "moved or repeated");
        return refuse_at(v, v->tree.size, "entry-order", text);
    }
    struct merkle_hash hash;
    uint8_t hex[HASH_HEX_LEN];
    CX_TRY(merkle_leaf(entry->leaf, &hash));
    to_hex(&hash, hex);
    if (!cx_bytes_eq(CX_BYTES(hex, sizeof(hex)), entry->hash_hex))
        return refuse_at(v, entry->index, "entry-altered",
                         "its content is not what its hash says.");
    CX_TRY(merkle_append(&v->tree, &hash));
    return meet_trusted(v);
}

static cx_err read_checkpoint(struct verifier *v, struct cx_str note,
                              struct checkpoint *ret_checkpoint)
{
    struct cx_str text;
    if (cx_failed(note_verify(note, &v->key, &text)) ||
        cx_failed(checkpoint_parse(text, ret_checkpoint)))
        return refuse_at(v, v->tree.size, "checkpoint-signature",
                         "the checkpoint beside it is not signed by the log's key.");
    if (!cx_str_eq(ret_checkpoint->origin, cx_str_from(v->key.name)))
        return refuse_at(v, v->tree.size, "checkpoint-other-log",
                         "the checkpoint beside it belongs to another log.");
    return CX_OK;
}

static cx_err take_checkpoint(struct verifier *v, struct cx_str note)
{
    struct checkpoint checkpoint;
    struct merkle_hash root;
    CX_TRY(read_checkpoint(v, note, &checkpoint));
    if (checkpoint.size != v->tree.size)
        return refuse_at(v, v->tree.size < checkpoint.size ? v->tree.size : checkpoint.size,
                         "entries-missing",
                         "the number of entries before a checkpoint is not the number it signs.");
    CX_TRY(merkle_root(&v->tree, &root));
    if (!cx_bytes_eq(CX_BYTES(root.b, sizeof(root.b)), CX_BYTES(checkpoint.root, sizeof(root.b)))) {
        char text[160];
        snprintf(text, sizeof(text),
                 "this one or one after it, up to entry %" PRIu64
                 ", is not what the checkpoint of size %" PRIu64 " signs.",
                 checkpoint.size - 1, checkpoint.size);
        return refuse_at(v, v->checkpointed, "entries-altered", text);
    }
    v->checkpointed = checkpoint.size;
    v->checkpoint_count++;
    return CX_OK;
}

static cx_err take_line(struct verifier *v, struct cx_bytes line)
{
    struct entry_line entry;
    if (parse_entry(line, &entry))
        return take_entry(v, &entry);
    static const char *const keys[] = {"size", "checkpoint"};
    json_auto_t *root = NULL;
    struct cx_diag ignored = CX_DIAG_INIT;
    struct cx_str note;
    if (cx_failed(json_parse(line, LINE_MAX_LEN, &ignored, &root)))
        return refuse_format(v, "a line is neither an entry nor a checkpoint");
    struct json_node top = json_top(root);
    if (cx_failed(json_only(&top, keys, 2, &ignored)) ||
        cx_failed(json_read_str(&top, "checkpoint", NOTE_MAX, &ignored, &note)))
        return refuse_format(v, "a line is neither an entry nor a checkpoint");
    return take_checkpoint(v, note);
}

static cx_err read_frontier(struct verifier *v, const struct json_node *top)
{
    struct json_node list;
    size_t count = 0;
    struct cx_diag ignored = CX_DIAG_INIT;
    CX_CLEANUP(cx_buf_clear) struct cx_buf bytes = CX_BUF_INIT(MERKLE_DEPTH_MAX * MERKLE_HASH_LEN);
    CX_TRY(json_read_array(top, "frontier", MERKLE_DEPTH_MAX, &ignored, &list, &count));
    for (size_t i = 0; i < count; i++) {
        struct json_node item = json_item(&list, i);
        struct cx_str hex;
        CX_TRY(json_as_str(&item, HASH_HEX_LEN, &ignored, &hex));
        if (hex.len != HASH_HEX_LEN)
            return CX_ERR(PARSE);
        CX_TRY(hex_decode(hex, &bytes));
    }
    return merkle_frontier_read(v->from, cx_buf_view(&bytes), &v->tree);
}

static cx_err read_header(struct verifier *v, struct cx_bytes line,
                          const struct audit_verify_options *options)
{
    static const char *const keys[] = {
        "certinext-audit-export", "tenant", "vkey", "from", "frontier", "size", "checkpoint"};
    json_auto_t *root = NULL;
    struct cx_diag ignored = CX_DIAG_INIT;
    int64_t version = 0, from = 0, size = 0;
    struct cx_str vkey, note;
    if (cx_failed(json_parse(line, LINE_MAX_LEN, &ignored, &root)))
        return refuse_format(v, "the first line is not its header");
    struct json_node top = json_top(root);
    if (cx_failed(json_only(&top, keys, 7, &ignored)) ||
        cx_failed(json_read_i64(&top, keys[0], 1, 1, &ignored, &version)) ||
        cx_failed(json_read_i64(&top, "from", 0, INT64_MAX, &ignored, &from)) ||
        cx_failed(json_read_i64(&top, "size", 1, INT64_MAX, &ignored, &size)) ||
        cx_failed(json_read_str(&top, "vkey", NOTE_VKEY_MAX, &ignored, &vkey)) ||
        cx_failed(json_read_str(&top, "checkpoint", NOTE_MAX, &ignored, &note)) || from >= size)
        return refuse_format(v, "its header lacks something or has a version unknown here");
    v->from = (uint64_t)from;
    v->size = (uint64_t)size;
    v->checkpointed = v->from;
    if (cx_failed(read_frontier(v, &top)))
        return refuse_format(v, "the frontier does not fit the first index");
    if (cx_failed(note_key_parse(options->vkey.len ? options->vkey : vkey, &v->key)))
        return cx_refuse(v->diag, CX_ERR(PARSE), "vkey", "verifier-key",
                         "The verifier key is not an Ed25519 signed-note key.");
    struct checkpoint last;
    CX_TRY(read_checkpoint(v, note, &last));
    return last.size == v->size ? CX_OK
                                : refuse_format(v, "its size is not that of its checkpoint");
}

static cx_err read_trusted(struct verifier *v, const struct audit_verify_options *options)
{
    v->has_trusted = options->checkpoint.len > 0;
    if (!v->has_trusted)
        return CX_OK;
    CX_TRY(read_checkpoint(v, options->checkpoint, &v->trusted));
    if (v->trusted.size > v->size)
        return refuse_at(
            v, v->size, "entries-missing",
            "the checkpoint given signs more entries than the export has: it was cut off.");
    if (v->trusted.size < v->from)
        return cx_refuse(
            v->diag, CX_ERR(POLICY), "checkpoint", "checkpoint-before-export",
            "The checkpoint given is older than the first entry of this export: export from an "
            "index below %" PRIu64 ".",
            v->trusted.size);
    return meet_trusted(v);
}

cx_err audit_verify(struct cx_bytes file, const struct audit_verify_options *options,
                    struct cx_diag *diag, struct audit_verify_result *ret_result)
{
    struct verifier v = {.diag = diag, .rest = file};
    struct cx_bytes line;
    bool whole = false;
    if (!next_line(&v, &line, &whole))
        return refuse_format(&v, "it is empty");
    CX_TRY(read_header(&v, line, options));
    CX_TRY(read_trusted(&v, options));
    while (next_line(&v, &line, &whole)) {
        if (!whole)
            return refuse_at(&v, v.tree.size, "entries-missing", "the file is cut off here.");
        CX_TRY(take_line(&v, line));
        if (v.tree.size > v.size)
            return refuse_at(&v, v.size, "entries-altered", "it lies beyond the last checkpoint.");
    }
    if (v.tree.size < v.size)
        return refuse_at(&v, v.tree.size, "entries-missing", "it and those after it are cut off.");
    if (v.checkpointed < v.size)
        return refuse_at(&v, v.checkpointed, "entries-missing",
                         "the checkpoint that closes the export is cut off.");
    *ret_result = (struct audit_verify_result){.from = v.from,
                                               .size = v.size,
                                               .checkpoint_count = v.checkpoint_count,
                                               .trusted_key = options->vkey.len > 0};
    return CX_OK;
}
