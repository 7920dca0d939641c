/* What the operations on notices share. Not inside a store closure: sealed fields are opened. */
#pragma once
#include "core/api/api.h"
#include "core/notify/delivery_store.h"

cx_err notice_refuse_unknown(struct cx_diag *diag);
/* Reads the notice as stored now. */
cx_err notice_show(struct api_request *request, struct cx_id incident_id, struct cx_id notice_id,
                   struct api_notice_view *ret_view);
/* Its counts, and whom nobody is told for; not the first text. */
cx_err notice_view_of(struct api_request *request, const struct row_notice *row,
                      const struct notice_counts *counts, struct api_notice_view *ret_view);
/* The link in the text is without its secret: that is the recipient's alone. */
cx_err notice_texts_open(struct api_request *request, const struct row_notice_recipient *row,
                         struct cx_str *ret_subject, struct cx_str *ret_text);
cx_err notice_owner_kind(struct cx_str word, enum api_notice_owner_kind *ret_kind);
/* "ten_…", "grp_…" or "usr_…" */
cx_err notice_owner_text(struct arena *arena, enum api_notice_owner_kind kind, struct cx_id id,
                         struct cx_str *ret_text);
cx_err notice_delivery_show(struct api_request *request, const struct delivery *delivery,
                            struct api_notice_delivery_view *ret_view);
