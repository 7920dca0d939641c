/*
 * The template (gate/nginx.conf.in, embedded at build time) is copied line by line: "#if name" …
 * "#end" blocks are kept or dropped, @{name} is replaced. A value is checked where it enters the
 * configuration (config.c refuses blanks, quotes and nginx's own characters), so nothing needs
 * escaping here.
 */
#include "supervisor/gate.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

extern const char gate_template[]; /* generated from gate/nginx.conf.in */
extern const size_t gate_template_len;

struct variable {
    const char *name;
    struct cx_str value;
};

static const char security_headers[] =
    "            add_header Strict-Transport-Security \"max-age=63072000\" always;\n"
    "            add_header Content-Security-Policy \"default-src 'none'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'\" always;\n"
    "            add_header X-Content-Type-Options \"nosniff\" always;\n"
    "            add_header X-Frame-Options \"DENY\" always;\n"
    "            add_header Referrer-Policy \"no-referrer\" always;\n"
    "            add_header Cross-Origin-Opener-Policy \"same-origin\" always;\n"
    "            add_header Cross-Origin-Resource-Policy \"same-origin\" always;\n"
    "            add_header Permissions-Policy \"camera=(), geolocation=(), microphone=()\" "
    "always;";

/* What nginx itself refuses, as RFC 9457 problem documents of the same form as core's. */
static const struct {
    unsigned from, status;
    const char *type, *rule, *title, *detail;
    bool retry; /* says when to come back */
} problems[] = {
    {400, 400, "parse", "gate-http", "Bad Request", "The request is not valid HTTP.", false},
    {404, 404, "notfound", "gate-path", "Not Found", "There is no such object.", false},
    {403, 404, "notfound", "gate-path", "Not Found", "There is no such object.", false},
    {405, 405, "usage", "gate-method", "Method Not Allowed", "This resource is only read.", false},
    {408, 408, "limit", "gate-timeout", "Request Timeout", "The request took too long to arrive.",
     false},
    {413, 413, "limit", "gate-body-size", "Content Too Large",
     "The body is larger than this server accepts.", false},
    {414, 414, "limit", "gate-address-size", "URI Too Long",
     "The address is longer than this server accepts.", false},
    {429, 429, "limit", "gate-rate", "Too Many Requests",
     "This address sends too many requests or holds too many connections. Slow down and try again.",
     true},
    {494, 431, "limit", "gate-header-size", "Request Header Fields Too Large",
     "The header is larger than this server accepts.", false},
    {495, 400, "auth", "gate-client-certificate", "Bad Request",
     "The client certificate was not accepted: $ssl_client_verify.",
     false}, /* OpenSSL's words, of its own list */
    {497, 400, "usage", "gate-tls", "Bad Request", "This port speaks TLS: use https.", false},
    {500, 500, "internal", "gate-failed", "Internal Server Error",
     "The gate failed. Its log has the reason.", false},
    {502, 502, "busy", "gate-no-service", "Bad Gateway",
     "The service is starting or restarting; whether anything was done is unknown. Try again.",
     true},
    {503, 503, "busy", "gate-busy", "Service Unavailable", "The service is busy. Try again.", true},
    {504, 504, "busy", "gate-no-answer", "Gateway Timeout",
     "The service did not answer in time; whether anything was done is unknown.", true},
};

/* Plain internal locations, not named ones: nginx cannot send a request whose line it could not parse to a
 * named location. */
static cx_err write_problems(struct cx_buf *out)
{
    for (size_t i = 0; i < CX_COUNT_OF(problems); i++) {
        CX_TRY(cx_buf_addf(out, "        error_page %u =%u /.problem/%u;\n", problems[i].from,
                           problems[i].status, problems[i].from));
        CX_TRY(cx_buf_addf(
            out,
            "        location = /.problem/%u {\n"
            "            internal;\n"
            "            client_max_body_size 0;\n" /* or 413 is judged a second time */
            "            default_type application/problem+json;\n"
            "            add_header Cache-Control \"no-store\" always;\n"
            "            add_header X-Content-Type-Options \"nosniff\" always;\n"
            "            add_header X-Request-Id \"gate_$request_id\" always;\n%s"
            "            return %u '{\"type\":\"urn:certinext:problem:%s\",\"title\":\"%s\","
            "\"status\":%u,\"detail\":\"%s\",\"rule\":\"%s\","
            "\"request_id\":\"gate_$request_id\"}';\n        }\n",
            problems[i].from,
            problems[i].retry ? "            add_header Retry-After \"1\" always;\n" : "",
            problems[i].status, problems[i].type, problems[i].title, problems[i].status,
            problems[i].detail, problems[i].rule));
    }
    return CX_OK;
}

static cx_err add_value(const struct variable *variables, size_t count, struct cx_str name,
                        struct cx_buf *out)
{
    for (size_t i = 0; i < count; i++)
        if (cx_str_is(name, variables[i].name))
            return cx_buf_add_str(out, variables[i].value);
    return CX_ERR(INTERNAL); /* the template names something we do not have */
}

static cx_err add_line(const struct variable *variables, size_t count, struct cx_str line,
                       struct cx_buf *out)
{
    for (size_t i = 0; i < line.len; i++) {
        const char *close = NULL;
        if (line.ptr[i] == '@' && i + 1 < line.len && line.ptr[i + 1] == '{')
            close = memchr(line.ptr + i, '}', line.len - i);
        if (close == NULL || line.ptr[0] == '#') {
            CX_TRY(cx_buf_add_u8(out, (uint8_t)line.ptr[i]));
            continue;
        }
        const char *name = line.ptr + i + 2;
        CX_TRY(add_value(variables, count, (struct cx_str){name, (size_t)(close - name)}, out));
        i = (size_t)(close - line.ptr);
    }
    return cx_buf_add_u8(out, '\n');
}

static bool is_on(const char *const *flags, size_t count, struct cx_str name)
{
    for (size_t i = 0; i < count; i++)
        if (cx_str_is(name, flags[i]))
            return true;
    return false;
}

static cx_err render(const struct variable *variables, size_t count, const char *const *flags,
                     size_t flag_count, struct cx_buf *out)
{
    bool keep = true;
    const char *at = gate_template, *end = gate_template + gate_template_len;
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t len = newline ? (size_t)(newline - at) : (size_t)(end - at);
        struct cx_str line = {at, len};
        at += len + 1;
        if (cx_str_starts(line, CX_STR("#if ")))
            keep = is_on(flags, flag_count, (struct cx_str){line.ptr + 4, line.len - 4});
        else if (cx_str_is(line, "#end"))
            keep = true;
        else if (keep)
            CX_TRY(add_line(variables, count, line, out));
    }
    return CX_OK;
}

static bool safe_path(struct cx_str path)
{
    for (size_t i = 0; i < path.len; i++)
        if ((unsigned char)path.ptr[i] <= 0x20 || strchr("\"'\\;{}$#", path.ptr[i]) != NULL)
            return false;
    return path.len > 0 && path.ptr[0] == '/';
}

cx_err gate_render(const struct gate_options *options, struct cx_diag *diag, struct cx_buf *out)
{
    const struct config *config = options->config;
    if (!safe_path(options->dir))
        return cx_refuse(diag, CX_ERR(USAGE), "data", "characters",
                         "the data directory's path holds a blank or one of \" ' \\ ; { } $ #");
    CX_CLEANUP(cx_buf_clear) struct cx_buf pages = CX_BUF_INIT(GATE_CONFIG_MAX);
    CX_TRY(write_problems(&pages));
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(GATE_CONFIG_MAX);
    struct cx_str rate, burst, connections, body, timeout, workers, problem_pages;
    CX_TRY(arena_printf(&arena, &rate, "%lld", (long long)config->request_rate));
    CX_TRY(arena_printf(&arena, &burst, "%lld", (long long)config->request_burst));
    CX_TRY(arena_printf(&arena, &connections, "%lld", (long long)config->connection_limit));
    CX_TRY(arena_printf(&arena, &body, "%lld", (long long)config->body_max));
    CX_TRY(arena_printf(&arena, &timeout, "%lld", (long long)config->request_timeout_s));
    CX_TRY(arena_printf(&arena, &workers, "%lld", (long long)config->gate_workers));
    CX_TRY(cx_str_view(cx_buf_view(&pages), &problem_pages));
    const struct variable variables[] = {
        {"dir", options->dir},
        {"rate", rate},
        {"burst", burst},
        {"connections", connections},
        {"body_max", body},
        {"timeout", timeout},
        {"workers", workers},
        {"https_listen", config->https_listen},
        {"http_listen", config->http_listen},
        {"client_certificate_listen", config->client_certificate_listen},
        {"problems", problem_pages},
        {"security_headers", cx_str_from(security_headers)},
    };
    const char *flags[3] = {config->access_log ? "access_log" : "no_access_log", NULL, NULL};
    size_t flag_count = 1;
    if (config->client_certificate_listen.len > 0)
        flags[flag_count++] = "client_certificate";
    if (config->http_listen.len > 0)
        flags[flag_count++] = "http";
    return render(variables, CX_COUNT_OF(variables), flags, flag_count, out);
}

cx_err gate_write(struct cx_str dir, const struct config *config, struct cx_diag *diag)
{
    char path[OS_PATH_MAX];
    const struct gate_options options = {dir, config};
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(GATE_CONFIG_MAX);
    CX_TRY(gate_render(&options, diag, &text));
    CX_TRY(os_path(path, "%.*s/gate/nginx.conf", CX_STR_ARG(dir)));
    cx_err err = os_file_write(path, cx_buf_view(&text), 0644);
    if (cx_failed(err))
        return cx_refuse(diag, err, "gate", "write", "%s cannot be written", path);
    return CX_OK;
}

static cx_err allow_data(struct sandbox_spec *spec, struct cx_str dir, const char *folder,
                         uint32_t access)
{
    char path[OS_PATH_MAX];
    CX_TRY(os_path(path, "%.*s/%s", CX_STR_ARG(dir), folder));
    return sandbox_allow_path(spec, cx_str_from(path), access, false);
}

cx_err gate_sandbox_spec(const struct role_start *start, const struct config *config,
                         struct sandbox_spec *ret_spec)
{
    struct sandbox_spec spec = {.role = role_name(ROLE_GATE),
                                .uid = start->uid,
                                .syscalls = SANDBOX_SYSCALLS_SERVER,
                                .sockets = SANDBOX_SOCKETS_UNIX | SANDBOX_SOCKETS_INET,
                                .file_len_max = UINT64_MAX,
                                .threads_max = 512,
                                .signal_scope = true};
    static const char *const libraries[] = {
        "/lib",        "/lib64",           "/usr/lib",
        "/usr/lib64",  "/etc/ld.so.cache", "/etc/ssl/openssl.cnf",
        "/etc/passwd", "/etc/group",       "/etc/nsswitch.conf"};
    static const char *const loaders[] = {"/lib64/ld-linux-x86-64.so.2",
                                          "/lib/ld-linux-aarch64.so.1"};
    CX_TRY(sandbox_allow_path(&spec, config->nginx, SANDBOX_READ | SANDBOX_EXEC, false));
    for (size_t i = 0; i < CX_COUNT_OF(loaders); i++)
        CX_TRY(
            sandbox_allow_path(&spec, cx_str_from(loaders[i]), SANDBOX_READ | SANDBOX_EXEC, true));
    for (size_t i = 0; i < CX_COUNT_OF(libraries); i++)
        CX_TRY(sandbox_allow_path(&spec, cx_str_from(libraries[i]), SANDBOX_READ, true));
    CX_TRY(sandbox_allow_path(&spec, CX_STR("/dev/null"), SANDBOX_READ | SANDBOX_WRITE, false));
    CX_TRY(allow_data(&spec, start->data_dir, "gate", SANDBOX_READ));
    CX_TRY(allow_data(&spec, start->data_dir, "gate/tmp", SANDBOX_READ | SANDBOX_WRITE));
    CX_TRY(allow_data(&spec, start->data_dir, "public", SANDBOX_READ));
    if (config->access_log)
        CX_TRY(allow_data(&spec, start->data_dir, "gate/access.log", SANDBOX_WRITE));
    uint16_t port = 0;
    CX_TRY(config_listen_port(config->https_listen, &port));
    spec.keep_net_bind = port < 1024;
    CX_TRY(sandbox_allow_port(&spec, port, true, false));
    const struct cx_str more[] = {config->http_listen, config->client_certificate_listen};
    for (size_t i = 0; i < CX_COUNT_OF(more); i++) {
        if (more[i].len == 0)
            continue;
        CX_TRY(config_listen_port(more[i], &port));
        spec.keep_net_bind |= port < 1024;
        CX_TRY(sandbox_allow_port(&spec, port, true, false));
    }
    *ret_spec = spec;
    return CX_OK;
}

static int refuse_start(cx_err err, const struct cx_diag *diag)
{
    cx_log_err(CX_LOG_ERROR, err, "the gate cannot start", "field", diag->field, "reason",
               diag->text, NULL);
    return ROLE_EXIT_REFUSED;
}

int gate_main(const struct role_start *start, const struct config *config)
{
    struct cx_diag diag = CX_DIAG_INIT;
    struct sandbox_spec spec = {0};
    struct sandbox_report report = {.layers = ""};
    char prefix[OS_PATH_MAX], file[OS_PATH_MAX], program[OS_PATH_MAX];
    cx_err err = os_path(prefix, "%.*s/gate/", CX_STR_ARG(start->data_dir));
    if (cx_is_ok(err))
        err = os_path(file, "%.*s/gate/nginx.conf", CX_STR_ARG(start->data_dir));
    if (cx_is_ok(err))
        err = os_path(program, "%.*s", CX_STR_ARG(config->nginx));
    if (cx_is_ok(err))
        err = gate_sandbox_spec(start, config, &spec);
    if (cx_is_ok(err))
        err = sandbox_enter(&spec, &report, &diag);
    if (cx_is_ok(err))
        err = role_ready(start, &report);
    if (cx_failed(err))
        return refuse_start(err, &diag);
    if (fcntl(start->control_fd, F_SETFD, FD_CLOEXEC) < 0)
        return refuse_start(CX_ERR(IO), &diag);
    char *const argv[] = {
        program, (char[]){"-e"}, (char[]){"stderr"}, (char[]){"-p"}, prefix, (char[]){"-c"}, file,
        NULL};
    char *const environment[] = {(char[]){"TZ=UTC0"}, NULL};
    umask(0077);
    execve(program, argv, environment);
    return refuse_start(CX_ERR(IO), &diag);
}
