/* What every unit test includes: cmocka in the order it needs, and checks for cx_err. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka last of these */
#include <cmocka.h>

#include "base/bytes.h"
#include "base/err.h"

#define assert_ok(expr) assert_string_equal(cx_err_name(expr), "ok")
#define assert_err(expr, name) assert_int_equal((expr).code, CX_E_##name)
#define assert_bytes(bytes, expected, expected_len)                                                \
    do {                                                                                           \
        struct cx_bytes got_ = (bytes);                                                            \
        assert_int_equal(got_.len, (expected_len));                                                \
        if (got_.len)                                                                              \
            assert_memory_equal(got_.ptr, (expected), (expected_len));                             \
    } while (0)
#define assert_str(str, expected) assert_true(cx_str_is((str), (expected)))
