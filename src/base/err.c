#include "base/err.h"

const char *cx_err_name(cx_err err)
{
    static const char *const names[CX_E_COUNT] = {
#define CX_ERR_NAME(name, text) [CX_E_##name] = text,
        CX_ERR_LIST(CX_ERR_NAME)
#undef CX_ERR_NAME
    };
    return (unsigned)err.code < CX_E_COUNT ? names[err.code] : "unknown";
}

int cx_exit_code(cx_err err)
{
    enum { EXIT_CATEGORY_BASE = 63 };
    return cx_is_ok(err) ? 0 : EXIT_CATEGORY_BASE + (int)err.code;
}
