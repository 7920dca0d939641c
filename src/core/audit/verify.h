/*
 * Verifying an export offline: needs the file, and for full trust the log's verifier key and a checkpoint noted
 * earlier from elsewhere. Pure functions over the file's bytes.
 *
 * Finds entries that were edited, deleted, moved or cut off, and checkpoints that the key did not sign. What an
 * export cannot show by itself: that a log was cut back to an older checkpoint and everything after it thrown away.
 * A checkpoint noted earlier (options.checkpoint) shows that.
 */
#pragma once
#include "base/bytes.h"
#include "base/diag.h"

struct audit_verify_options {
    struct cx_str vkey; /* "" = the one in the file, which then proves no more than consistency */
    struct cx_str checkpoint; /* a signed note that the log must extend; "" = none */
};

struct audit_verify_result {
    uint64_t from, size; /* entries from … size - 1 were verified */
    uint64_t checkpoint_count;
    bool trusted_key; /* the key was given, not taken from the file */
};

/* CX_E_CRYPTO: diag->rule is one of entry-altered, entry-order, entries-altered, entries-missing,
 * checkpoint-signature, checkpoint-other-log, checkpoint-not-extended; diag->field is "/entries/<index>" of the
 * first entry concerned. CX_E_PARSE: not an export ("export-format"). */
cx_err audit_verify(struct cx_bytes file, const struct audit_verify_options *options,
                    struct cx_diag *diag, struct audit_verify_result *ret_result);
