/*
 * Search over certificates: every filter is applied in SQL before the page is cut, and every page is read in order
 * from one index, however many rows match. Inside store closures.
 *
 * The statement is chosen by the narrowest filter given (its "driver"); the other filters are checked on the rows that
 * the driver's index yields, newest first.
 */
#pragma once
#include "core/issuance/certificate_store.h"
#include "core/issuance/request_store.h"
#include "core/page.h"

enum search_status { SEARCH_ANY, SEARCH_ACTIVE, SEARCH_EXPIRED, SEARCH_REVOKED };
enum search_name { SEARCH_NAME_NONE, SEARCH_NAME_EXACT, SEARCH_NAME_BELOW, SEARCH_NAME_INDEXED };

struct search {
    struct cx_id tenant_id;
    cx_time now_us;
    enum search_name name_by;
    struct cx_str name;         /* EXACT: the name; BELOW: the domain */
    struct cx_bytes name_index; /* INDEXED: blind index token of an e-mail or uri name */
    struct cx_bytes serial, sha256, spki_sha256; /* empty: any */
    bool has_issuer_id, has_requester_id;        /* else any */
    struct cx_id issuer_id, requester_id;
    struct cx_str profile_name; /* empty: any */
    enum search_status status;
    bool has_expires_after, has_expires_before;
    cx_time expires_after_us, expires_before_us;
    bool has_tag;
    struct cx_str tag_name, tag_value;
    struct access_scope scope; /* what is outside does not exist */
};

/* rows has room for limit. */
cx_err search_page(struct store_tx *tx, const struct search *search, const struct page_key *after,
                   size_t limit, struct arena *arena, struct certificate_row *rows,
                   size_t *ret_count);

struct search_name_row {
    enum pki_name_kind kind;
    struct cx_str value; /* empty for e-mail and uri names: only their index is here */
};
/* names has room for PKI_NAMES_MAX, in the order of the certificate. */
cx_err search_names(struct store_tx *tx, struct cx_id tenant_id, struct cx_id certificate_id,
                    struct arena *arena, struct search_name_row *names, size_t *ret_count);
/* tags has room for REQUEST_TAGS_MAX. */
cx_err search_tags(struct store_tx *tx, struct cx_id tenant_id, struct cx_id certificate_id,
                   struct arena *arena, struct access_tag *tags, size_t *ret_count);
