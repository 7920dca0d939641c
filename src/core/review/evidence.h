/*
 * The evidence of a closed access review: a document of what was asked and answered, and the proof (core/audit/proof.h)
 * that the entry which closed the review recorded the SHA-256 of exactly this document. It verifies offline with
 * "certinext review verify". Format: docs/formats/access-review.md.
 */
#pragma once
#include "core/review/review.h"

/* The document as of closed_us. The same rows give the same bytes. Reads and opens: outside a closure. version 1: as it was
 * written before members of groups were in it. */
enum {
    REVIEW_DOCUMENT_MAX = 32 * 1024 * 1024,
    REVIEW_DOCUMENT_VERSION = 2,
    REVIEW_MEMBERS_MAX =
        400000, /* listed in a document; of the groups beyond that only how many they have */
    REVIEW_SETTLE_S =
        5, /* a document is made so long after the last answer: changes of members in flight are done */
};
cx_err review_document_write(struct core *core, struct cx_id tenant_id,
                             const struct review_row *review, cx_time closed_us, int version,
                             struct arena *arena, struct cx_buf *out);
/* Document and proof. Refuses an open review ("review-open") and one whose rows no longer give the document that was
 * recorded ("evidence-altered"). */
cx_err review_evidence_write(struct core *core, struct cx_id tenant_id,
                             const struct review_row *review, struct arena *arena,
                             struct cx_diag *diag, struct cx_buf *out);
