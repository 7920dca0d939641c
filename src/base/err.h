/*
 * Errors. Every fallible function returns a cx_err, a one-field struct marked must-use, so that an
 * ignored failure does not compile and a success cannot be confused with a number.
 *
 * A code names a category, which is all that callers may decide by. Human detail (field, rule, text)
 * goes into a struct cx_diag passed down with the request (base/diag.h), never into a global.
 * Outputs are named ret_x, come last and are untouched on failure.
 */
#pragma once
#include <stdbool.h>

/* One list gives the enum, the names and the table test. Order is part of the IPC format: append only. */
#define CX_ERR_LIST(X)                                                                             \
    X(OK, "ok")                                                                                    \
    X(USAGE, "usage")       /* the caller's own mistake: wrong flag, wrong state of an API */      \
    X(PARSE, "parse")       /* input is not what its format requires */                            \
    X(POLICY, "policy")     /* well-formed, but a rule forbids it */                               \
    X(AUTH, "auth")         /* who you are is not established */                                   \
    X(DENIED, "denied")     /* who you are is known, and you may not */                            \
    X(NOTFOUND, "notfound") /* no such object in the caller's scope */                             \
    X(CONFLICT, "conflict") /* state changed, or a unique value is taken */                        \
    X(LIMIT, "limit")       /* a size, count or rate limit */                                      \
    X(BUSY, "busy")         /* try again later; nothing was done */                                \
    X(IO, "io")             /* file, socket, disk */                                               \
    X(STORE, "store")       /* the database failed */                                              \
    X(CRYPTO, "crypto")     /* a cryptographic operation failed or a tag did not verify */         \
    X(NOMEM, "nomem")       /* allocation failed */                                                \
    X(INTERNAL, "internal") /* a bug: an invariant did not hold */

enum cx_category {
#define CX_ERR_ENUM(name, text) CX_E_##name,
    CX_ERR_LIST(CX_ERR_ENUM)
#undef CX_ERR_ENUM
        CX_E_COUNT
};

typedef struct [[nodiscard]] cx_err {
    enum cx_category code;
} cx_err;

#define CX_OK ((cx_err){CX_E_OK})
#define CX_ERR(name) ((cx_err){CX_E_##name})

static inline bool cx_is_ok(cx_err err)
{
    return err.code == CX_E_OK;
}

static inline bool cx_failed(cx_err err)
{
    return err.code != CX_E_OK;
}

/* The category's word, for logs and JSON. Never NULL. */
const char *cx_err_name(cx_err err);
/* The exit code of every command: 0 for success, else 63 + category, so that usage is 64 (docs/cli.md lists them). */
int cx_exit_code(cx_err err);

/* Return early with the callee's error. Locals are released by cleanup attributes (base/cleanup.h). */
#define CX_TRY(expr)                                                                               \
    do {                                                                                           \
        cx_err cx_try_err_ = (expr);                                                               \
        if (cx_failed(cx_try_err_))                                                                \
            return cx_try_err_;                                                                    \
    } while (0)

/* Deliberately ignore a result; say why beside it. */
#define CX_IGNORE(expr)                                                                            \
    do {                                                                                           \
        cx_err cx_ignored_ = (expr);                                                               \
        (void)cx_ignored_;                                                                         \
    } while (0)
