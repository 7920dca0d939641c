/*
 * Signed notes and log checkpoints: what the keys process signs for the audit log and what anybody verifies
 * offline. C2SP signed-note (https://c2sp.org/signed-note) with Ed25519 (type 1), and C2SP tlog-checkpoint.
 *
 *   <origin>\n<size>\n<base64 root>\n        the text; further lines are extensions
 *   \n
 *   — <name> <base64(key id, 4 ‖ signature, 64)>\n
 *
 * Pure functions; outputs are views into the input or appended to a buffer. Names hold no space and no '+'.
 * Errors: CX_E_PARSE for another form, CX_E_CRYPTO when no trusted key signed or a trusted key's signature is
 * wrong, CX_E_LIMIT beyond the maxima.
 */
#pragma once
#include "base/bytes.h"

enum {
    NOTE_MAX = 16 * 1024,
    NOTE_NAME_MAX = 128,
    NOTE_SIGNATURES_MAX = 32, /* signed-note: verifiers accept at least 16 */
    NOTE_KEY_LEN = 32,
    NOTE_SIGNATURE_LEN = 64,
    NOTE_VKEY_MAX = 256,
    CHECKPOINT_ROOT_LEN = 32
};

/* A verifier key: "<name>+<8 hex digits>+<base64(type ‖ public key)>". */
struct note_key {
    char name[NOTE_NAME_MAX + 1];
    uint32_t id; /* SHA-256(name ‖ "\n" ‖ type ‖ public key)[:4] */
    uint8_t public_key[NOTE_KEY_LEN];
};

cx_err note_key_make(struct cx_str name, const uint8_t public_key[static NOTE_KEY_LEN],
                     struct note_key *ret_key);
/* The id in the text is checked against the key. */
cx_err note_key_parse(struct cx_str vkey, struct note_key *ret_key);
cx_err note_key_write(const struct note_key *key, struct cx_buf *out);

/* Appends text, a blank line and one signature line. text ends with a newline. */
cx_err note_write(struct cx_str text, const struct note_key *key,
                  const uint8_t signature[static NOTE_SIGNATURE_LEN], struct cx_buf *out);
/* The text, when key signed it. Signatures by other keys are ignored. */
cx_err note_verify(struct cx_str note, const struct note_key *key, struct cx_str *ret_text);

struct checkpoint {
    struct cx_str origin;
    uint64_t size;
    uint8_t root[CHECKPOINT_ROOT_LEN];
};

/* Appends the three lines that are signed. */
cx_err checkpoint_write(const struct checkpoint *checkpoint, struct cx_buf *out);
/* Extension lines are allowed and ignored. */
cx_err checkpoint_parse(struct cx_str text, struct checkpoint *ret_checkpoint);
