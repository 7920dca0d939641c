/*
 * Small shared steps of handlers: sealing and opening a text field of a row, and the details of an audit
 * entry. Not inside a store closure (protect.h). Everything returned is in arena.
 */
#pragma once
#include "base/arena.h"
#include "base/id.h"
#include "base/sealed.h"

struct core;

/* Where the field lives: table, column and the row's key after tenant_id. */
struct field_place {
    struct cx_id tenant_id;
    const char *table, *column;
    struct cx_id row;
};

cx_err field_seal(struct core *core, struct field_place place, struct cx_bytes plaintext,
                  struct arena *arena, struct cx_sealed *ret_sealed);
cx_err field_seal_text(struct core *core, struct field_place place, struct cx_str text,
                       struct arena *arena, struct cx_sealed *ret_sealed);
cx_err field_open(struct core *core, struct field_place place, struct cx_sealed sealed,
                  struct arena *arena, struct cx_bytes *ret_plaintext);
cx_err field_open_text(struct core *core, struct field_place place, struct cx_sealed sealed,
                       struct arena *arena, struct cx_str *ret_text);

struct field_detail {
    const char *key;
    struct cx_str value; /* left out when ptr is NULL */
};
/* {"key":"value",…}: audit details. At most FIELD_DETAILS_MAX bytes. */
enum { FIELD_DETAILS_MAX = 32 * 1024 };
cx_err field_details(struct arena *arena, const struct field_detail *details, size_t count,
                     struct cx_str *ret_json);
/* "usr_…" in arena. */
cx_err field_id_text(struct arena *arena, enum cx_id_type type, struct cx_id id,
                     struct cx_str *ret_text);
