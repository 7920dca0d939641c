/*
 * A call of the API: "METHOD target\n" and the body. Whatever is accepted encodes without trouble elsewhere; whatever is
 * refused says why. No input may crash the router, the query decoder or the body decoder.
 */
#include "tests/fuzz/fuzz.h"

#include "api_types.h"
#include "base/cleanup.h"
#include "core/api/route.h"

enum { ARENA_MAX = 1 << 22 };

static void check_refusal(cx_err err, const struct cx_diag *diag)
{
    FUZZ_REQUIRE(cx_is_ok(err) || err.code == CX_E_NOMEM || diag->text[0] != '\0');
}

static cx_err decode(const struct api_route *route, struct cx_str query, struct cx_bytes body,
                     struct arena *arena, struct cx_diag *diag, json_t **root)
{
    void *in = NULL;
    CX_TRY(arena_alloc(arena, route->operation->in->size, &in));
    CX_TRY(api_decode_path(route->values, route->value_count, diag, in));
    CX_TRY(api_decode_query(route->operation->in, query, arena, diag, in));
    if (route->operation->body_max == 0 || route->operation->raw_request)
        return CX_OK;
    return api_decode_body(route->operation->in, body, route->operation->body_max, arena, diag, in,
                           root);
}

static void run(struct cx_str method, struct cx_str target, struct cx_bytes body)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(ARENA_MAX);
    json_auto_t *root = NULL;
    struct cx_diag diag = CX_DIAG_INIT;
    struct cx_str allow = CX_STR_NONE, query = CX_STR_NONE, path = target;
    struct api_route route;
    for (size_t i = 0; i < target.len; i++)
        if (target.ptr[i] == '?') {
            path.len = i;
            query = (struct cx_str){target.ptr + i + 1, target.len - i - 1};
            break;
        }
    cx_err err =
        api_route_find(api_operations, API_OP_COUNT, method, path, &arena, &diag, &allow, &route);
    if (cx_is_ok(err))
        err = decode(&route, query, body, &arena, &diag, &root);
    check_refusal(err, &diag);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cx_str head;
    const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
    size_t length = end ? (size_t)(end - data) : size;
    if (cx_failed(cx_str_view(CX_BYTES(data, length), &head)))
        return 0; /* the dispatcher refuses such a target before routing */
    const char *space = head.len ? memchr(head.ptr, ' ', head.len) : NULL;
    if (!space)
        return 0;
    struct cx_str method = {head.ptr, (size_t)(space - head.ptr)};
    struct cx_str target = {space + 1, head.len - method.len - 1};
    run(method, target, end ? CX_BYTES(end + 1, size - length - 1) : CX_BYTES_NONE);
    return 0;
}
