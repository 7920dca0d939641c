/* PostgreSQL's binary representation of the few types we use. Pure functions. */
#pragma once
#include "base/bytes.h"

/* Type identifiers, src/include/catalog/pg_type.dat: fixed for all servers. */
enum postgres_type {
    PG_BOOL = 16,
    PG_BYTEA = 17,
    PG_INT8 = 20,
    PG_INT2 = 21,
    PG_INT4 = 23,
    PG_TEXT = 25,
    PG_NUMERIC = 1700
};

void postgres_write_int8(int64_t value, uint8_t ret_bytes[static 8]);
/* Integers of any width, booleans, and numerics without a fraction (SUM of BIGINT is NUMERIC).
 * 0 for anything else. */
int64_t postgres_read_int(unsigned type, struct cx_bytes value);
