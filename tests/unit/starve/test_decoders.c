/* Every decoder, on every input of its fuzz corpus, with its first, second, third … allocation refused: it says CX_E_NOMEM, keeps
 * nothing (the address sanitizer sees leaks) and decodes the same input afterwards as if nothing had been. */
#include "tests/lib/starve.h"
#include "tests/lib/test.h"

#include "api_types.h"
#include "base/cleanup.h"
#include "base/checked.h"
#include "codec/base64.h"
#include "codec/der_write.h"
#include "codec/http.h"
#include "codec/pem.h"
#include "codec/yaml.h"
#include "core/api/route.h"
#include "core/protect/envelope.h"
#include "ipc/ipc_messages.h"
#include "os/file.h"
#include "pki/csr.h"
#include "pki/ocsp.h"
#include "pki/profile.h"
#include "supervisor/config.h"

#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { INPUT_MAX = 1 << 20, ARENA_MAX = 64 << 20, ALLOCATIONS_MAX = 20000, DEPTH_MAX = 12 };

/* Decodes input into memory of arena; what is not in the arena is freed before it returns. */
typedef cx_err (*decoder)(struct cx_bytes input, struct arena *arena, struct cx_diag *diag);

static cx_err walk_der(struct cx_bytes bytes, unsigned depth, struct arena *arena,
                       struct cx_buf *out)
{
    struct der_reader reader = der_reader(bytes);
    while (!der_at_end(&reader)) {
        struct der_value value;
        struct cx_str text;
        CX_TRY(der_read_any(&reader, &value));
        if (der_text_valid(value.tag, value.content))
            CX_TRY(der_text_view(arena, value.tag, value.content, &text));
        CX_TRY(der_write(out, value.tag, value.content));
        if ((value.tag & 0x20) != 0 && depth < DEPTH_MAX)
            CX_TRY(walk_der(value.content, depth + 1, arena, out));
    }
    return CX_OK;
}

static cx_err decode_der(struct cx_bytes input, struct arena *arena, struct cx_diag *diag)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(INPUT_MAX);
    (void)diag;
    return walk_der(input, 0, arena, &out);
}

static cx_err decode_csr(struct cx_bytes input, struct arena *arena, struct cx_diag *diag)
{
    struct pki_csr csr;
    return pki_csr_parse(arena, input, diag, &csr);
}

static cx_err decode_pem(struct cx_bytes input, struct arena *arena, struct cx_diag *diag)
{
    const struct pem_limits limits = {1 << 16, 8, NULL, true};
    struct pem_block *blocks = NULL;
    size_t count = 0;
    return pem_parse(arena, input, &limits, diag, &blocks, &count);
}

static cx_err decode_json(struct cx_bytes input, struct arena *arena, struct cx_diag *diag)
{
    json_auto_t *root = NULL;
    (void)arena;
    return json_parse(input, 1 << 16, diag, &root);
}

static cx_err decode_yaml(struct cx_bytes input, struct arena *arena, struct cx_diag *diag)
{
    json_auto_t *root = NULL;
    (void)arena;
    return yaml_parse(input, 1 << 14, diag, &root);
}

static cx_err decode_ipc(struct cx_bytes input, struct arena *arena, struct cx_diag *diag)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf again = CX_BUF_INIT(ARENA_MAX);
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(ARENA_MAX);
    (void)diag;
    if (input.len < 2)
        return CX_ERR(PARSE);
    const struct ipc_message *message =
        ipc_message_find((uint16_t)((unsigned)input.ptr[0] | (unsigned)input.ptr[1] << 8));
    if (!message)
        message = &ipc_messages[input.ptr[0] % ipc_message_count];
    struct cx_bytes payload = CX_BYTES(input.ptr + 2, input.len - 2);
    CX_TRY(message->recode(payload, arena, &again));
    return message->dump(payload, arena, &text);
}

static cx_err decode_ocsp_request(struct cx_bytes input, struct arena *arena, struct cx_diag *diag)
{
    static const uint8_t spki[44] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                     0x2b, 0x65, 0x70, 0x03, 0x21};
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(PKI_OCSP_RESPONSE_MAX);
    struct pki_ocsp_single singles[PKI_OCSP_ITEMS_MAX];
    struct pki_ocsp_request request;
    (void)arena;
    CX_TRY(pki_ocsp_request_parse(input, diag, &request));
    for (size_t i = 0; i < request.item_count; i++)
        singles[i] =
            (struct pki_ocsp_single){.id = request.items[i], .next_update_us = CX_US_PER_S};
    const struct pki_ocsp_response response = {.responder_spki = CX_BYTES(spki, sizeof(spki)),
                                               .singles = singles,
                                               .single_count = request.item_count,
                                               .nonce = request.nonce};
    return pki_ocsp_data_write(&response, &out);
}

static cx_err decode_profile(struct cx_bytes input, struct arena *arena, struct cx_diag *diag)
{
    struct pki_profile profile;
    return pki_profile_parse(arena, input, diag, &profile);
}

static cx_err decode_config(struct cx_bytes input, struct arena *arena, struct cx_diag *diag)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(CONFIG_FILE_MAX);
    struct config config;
    CX_TRY(config_parse(input, CX_STR("/d"), arena, diag, &config));
    return config_write(&config, true, true, &text);
}

static cx_err decode_http(struct cx_bytes input, struct arena *arena, struct cx_diag *diag)
{
    struct cx_str text, decoded;
    struct http_query query;
    (void)diag;
    CX_TRY(cx_str_view(input, &text));
    CX_TRY(http_percent_decode(arena, text, &decoded));
    return http_query_parse(arena, text, &query);
}

static cx_err decode_base64(struct cx_bytes input, struct arena *arena, struct cx_diag *diag)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf bytes = CX_BUF_INIT(INPUT_MAX);
    (void)arena;
    (void)diag;
    return base64_decode_lines((struct cx_str){(const char *)input.ptr, input.len}, &bytes);
}

static cx_err decode_sealed(struct cx_bytes input, struct arena *arena, struct cx_diag *diag)
{
    static const uint8_t data_key[32] = {1}, nonce[ENVELOPE_NONCE_LEN] = {2};
    const struct protect_place place = {
        .tenant_id = {{1}}, .table = "person", .column = "email", .row = CX_BYTES("r", 1)};
    struct envelope_key key;
    struct cx_sealed sealed;
    struct cx_bytes content;
    (void)diag;
    CX_TRY(envelope_key_init(CX_BYTES(data_key, sizeof(data_key)), 1, &key));
    CX_TRY(envelope_seal(&key, &place, PROTECT_SCHEMA, nonce, input, arena, &sealed));
    return envelope_open(&key, &place, PROTECT_SCHEMA, sealed, arena, &content);
}

static cx_err decode_call(const struct api_route *route, struct cx_str query, struct cx_bytes body,
                          struct arena *arena, struct cx_diag *diag)
{
    json_auto_t *root = NULL;
    void *in = NULL;
    CX_TRY(arena_alloc(arena, route->operation->in->size, &in));
    CX_TRY(api_decode_path(route->values, route->value_count, diag, in));
    CX_TRY(api_decode_query(route->operation->in, query, arena, diag, in));
    if (route->operation->body_max == 0 || route->operation->raw_request)
        return CX_OK;
    return api_decode_body(route->operation->in, body, route->operation->body_max, arena, diag, in,
                           &root);
}

/* "METHOD path?query\nbody" */
static cx_err decode_api(struct cx_bytes input, struct arena *arena, struct cx_diag *diag)
{
    struct cx_str head, allow = CX_STR_NONE, query = CX_STR_NONE;
    struct api_route route;
    const uint8_t *end = input.len ? memchr(input.ptr, '\n', input.len) : NULL;
    size_t length = end ? (size_t)(end - input.ptr) : input.len;
    CX_TRY(cx_str_view(CX_BYTES(input.ptr, length), &head));
    const char *space = head.len ? memchr(head.ptr, ' ', head.len) : NULL;
    if (!space)
        return CX_ERR(PARSE);
    struct cx_str method = {head.ptr, (size_t)(space - head.ptr)};
    struct cx_str path = {space + 1, head.len - method.len - 1};
    const char *mark = path.len ? memchr(path.ptr, '?', path.len) : NULL;
    if (mark) {
        query = (struct cx_str){mark + 1, path.len - (size_t)(mark - path.ptr) - 1};
        path.len = (size_t)(mark - path.ptr);
    }
    CX_TRY(api_route_find(api_operations, API_OP_COUNT, method, path, arena, diag, &allow, &route));
    struct cx_bytes body = end ? CX_BYTES(end + 1, input.len - length - 1) : CX_BYTES_NONE;
    return decode_call(&route, query, body, arena, diag);
}

static cx_err decode(decoder one, struct cx_bytes input)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(ARENA_MAX);
    struct cx_diag diag = CX_DIAG_INIT;
    return one(input, &arena, &diag);
}

/* How many allocations there were, each of which has failed once. */
static int64_t starve(decoder one, struct cx_bytes input)
{
    cx_err expected = decode(one, input);
    for (int64_t at = 1; at <= ALLOCATIONS_MAX; at++) {
        starve_begin(STARVE_THREAD, at);
        cx_err err = decode(one, input);
        if (!starve_end()) {
            assert_string_equal(cx_err_name(err), cx_err_name(expected));
            return at - 1;
        }
        /* What is refused anyway may be refused without the diagnostic for which there was no memory. */
        if (err.code != CX_E_NOMEM)
            assert_true(cx_failed(expected) && err.code == expected.code);
        err = decode(one, input);
        assert_string_equal(cx_err_name(err), cx_err_name(expected));
    }
    fail_msg("an input with more than %d allocations", ALLOCATIONS_MAX);
    return 0;
}

/* Certificates are not here: they are read in place, without an allocation. What parses JSON comes last: sparing jansson is
 * for good. */
static const struct family {
    const char *corpus;
    decoder decode;
} families[] = {
    {"base64", decode_base64},
    {"config", decode_config},
    {"csr", decode_csr},
    {"der", decode_der},
    {"http", decode_http},
    {"ipc", decode_ipc},
    {"ocsp_request", decode_ocsp_request},
    {"pem", decode_pem},
    {"profile", decode_profile},
    {"sealed", decode_sealed},
    {"yaml", decode_yaml},
    {"api", decode_api},
    {"json", decode_json},
};

static void starve_file(const struct family *family, const char *folder, const char *name,
                        int64_t *allocations)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf input = CX_BUF_INIT(INPUT_MAX);
    char path[OS_PATH_MAX];
    assert_ok(os_path(path, "%s/%s", folder, name));
    assert_ok(os_file_read(path, INPUT_MAX, &input));
    *allocations += starve(family->decode, cx_buf_view(&input));
}

static void every_allocation_may_fail(void **state)
{
    const struct family *family = *state;
    char folder[OS_PATH_MAX];
    int64_t allocations = 0;
    assert_ok(os_path(folder, "%s/tests/fuzz/corpus/%s", getenv("CX_SOURCE_DIR"), family->corpus));
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
        if (entry->d_name[0] != '.')
            starve_file(family, folder, entry->d_name, &allocations);
    closedir(dir);
    print_message("%s: %lld allocations failed in turn\n", family->corpus, (long long)allocations);
    assert_true(allocations > 0);
}

static int spare_jansson(void **state)
{
    const struct family *family = *state;
    if (family->decode == decode_json || family->decode == decode_api)
        starve_spare_jansson();
    return 0;
}

/* Runs first, while jansson asks through codec/json_parse.c. */
static void a_scanner_without_memory_ends_the_process(void **state)
{
    int status = 0;
    (void)state;
    pid_t pid = fork();
    if (pid == 0) {
        CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(ARENA_MAX);
        signal(SIGABRT, SIG_DFL);
        setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        starve_begin(STARVE_THREAD, 2); /* the first is the reserve */
        (void)decode_json(CX_BYTES("{\"a\":1}", 7), &arena, NULL);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

int main(void)
{
    struct CMUnitTest tests[1 + CX_COUNT_OF(families)] = {
        cmocka_unit_test(a_scanner_without_memory_ends_the_process)};
    for (size_t i = 0; i < CX_COUNT_OF(families); i++)
        tests[1 + i] = (struct CMUnitTest){families[i].corpus, every_allocation_may_fail,
                                           spare_jansson, NULL, (void *)(uintptr_t)&families[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
