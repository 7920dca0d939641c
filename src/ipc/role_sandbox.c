/*
 * What each role may do: the one list. Nothing is allowed by accident: a path or a port that is not
 * named here is refused by Landlock, a system call by seccomp (os/sandbox_seccomp.c).
 */
#include "ipc/role.h"

#include "base/number.h"
#include "os/file.h"

/* outbound: 64 workers with a connection each, 8 resolvers with up to 80 sockets each. */
enum { POSTGRES_PORT = 5432, FILES_PER_ROLE = 256, FILES_OUTBOUND = 1024, FILES_CORE = 4096 };

static cx_err allow(struct sandbox_spec *spec, const char *path, uint32_t access)
{
    return sandbox_allow_path(spec, cx_str_from(path), access, true);
}

/* A folder of the data directory; it must exist. */
static cx_err allow_data(struct sandbox_spec *spec, const struct role_start *start,
                         const char *folder, uint32_t access)
{
    char path[OS_PATH_MAX];
    CX_TRY(os_path(path, "%.*s/%s", CX_STR_ARG(start->data_dir), folder));
    return sandbox_allow_path(spec, cx_str_from(path), access, false);
}

/* Made by serve; before that a ceremony finds none. */
static cx_err allow_key_lists(struct sandbox_spec *spec, const struct role_start *start)
{
    char path[OS_PATH_MAX];
    CX_TRY(os_path(path, "%.*s/key-lists", CX_STR_ARG(start->data_dir)));
    return allow(spec, path, SANDBOX_READ);
}

/* OpenSSL reads its configuration when first used. */
static cx_err allow_openssl(struct sandbox_spec *spec)
{
    return allow(spec, "/etc/ssl/openssl.cnf", SANDBOX_READ);
}

/* Name resolution and trust anchors. */
static cx_err allow_resolver(struct sandbox_spec *spec)
{
    static const char *const paths[] = {
        "/etc/resolv.conf", "/etc/hosts",         "/etc/host.conf", "/etc/gai.conf",
        "/etc/services",    "/etc/nsswitch.conf", "/etc/ssl/certs", "/usr/share/ca-certificates"};
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        CX_TRY(allow(spec, paths[i], SANDBOX_READ));
    return CX_OK;
}

/* ---- core: the database is the one thing it may connect to ---- */

static bool find_char(struct cx_str text, char c, size_t *ret_at)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] == c) {
            *ret_at = i;
            return true;
        }
    return false;
}

static struct cx_str before(struct cx_str text, char c)
{
    size_t at = text.len;
    find_char(text, c, &at);
    return (struct cx_str){text.ptr, at};
}

static struct cx_str after(struct cx_str text, size_t count)
{
    return (struct cx_str){text.ptr + count, text.len - count};
}

/* Calls allow_port for "host:port" or "[v6]:port" unless the host is a socket folder. */
static cx_err allow_host(struct sandbox_spec *spec, struct cx_str host, int64_t port)
{
    if (host.len == 0 || host.ptr[0] == '/' || cx_str_starts(host, CX_STR("%2F")) ||
        cx_str_starts(host, CX_STR("%2f")))
        return CX_OK; /* a unix socket */
    size_t bracket = 0, colon = 0;
    struct cx_str tail = host;
    if (host.ptr[0] == '[' && find_char(host, ']', &bracket))
        tail = after(host, bracket + 1);
    if (find_char(tail, ':', &colon))
        CX_TRY(cx_parse_i64(after(tail, colon + 1), 1, 65535, &port));
    spec->sockets |= SANDBOX_SOCKETS_INET;
    return sandbox_allow_port(spec, (uint16_t)port, false, true);
}

/* libpq's URI: postgresql://[user[:password]@][host[:port],…][/database][?name=value&…] */
static cx_err allow_postgres(struct sandbox_spec *spec, struct cx_str url)
{
    size_t at = 0;
    if (!find_char(url, ':', &at) || !cx_str_starts(after(url, at), CX_STR("://")))
        return CX_ERR(PARSE);
    struct cx_str rest = after(url, at + 3);
    struct cx_str authority = before(before(rest, '/'), '?');
    while (find_char(authority, '@', &at))
        authority = after(authority, at + 1);
    struct cx_str param_host = CX_STR_NONE;
    int64_t port = POSTGRES_PORT;
    struct cx_str query = find_char(rest, '?', &at) ? after(rest, at + 1) : CX_STR_NONE;
    while (query.len > 0) {
        struct cx_str item = before(query, '&');
        if (cx_str_starts(item, CX_STR("host=")))
            param_host = after(item, 5);
        if (cx_str_starts(item, CX_STR("port=")))
            CX_TRY(cx_parse_i64(after(item, 5), 1, 65535, &port));
        query = after(query, item.len < query.len ? item.len + 1 : item.len);
    }
    struct cx_str hosts = param_host.len > 0 ? param_host : authority;
    while (hosts.len > 0) {
        struct cx_str host = before(hosts, ',');
        CX_TRY(allow_host(spec, host, port));
        hosts = after(hosts, host.len < hosts.len ? host.len + 1 : host.len);
    }
    return (spec->sockets & SANDBOX_SOCKETS_INET) ? allow_resolver(spec) : CX_OK;
}

/* The folder of the SQLite file, for its journal and shared memory. */
static cx_err allow_sqlite(struct sandbox_spec *spec, struct cx_str url)
{
    struct cx_str path = after(url, sizeof("sqlite:") - 1);
    size_t slash = path.len;
    while (slash > 0 && path.ptr[slash - 1] != '/')
        slash--;
    if (slash < 2) /* relative, or right in the root folder */
        return CX_ERR(PARSE);
    return sandbox_allow_path(spec, (struct cx_str){path.ptr, slash - 1},
                              SANDBOX_READ | SANDBOX_WRITE, false);
}

static cx_err core_spec(const struct role_start *start, struct sandbox_spec *spec,
                        struct cx_diag *diag)
{
    spec->sockets = SANDBOX_SOCKETS_UNIX;
    spec->nofile_max = FILES_CORE;
    CX_TRY(allow_data(spec, start, "public", SANDBOX_READ | SANDBOX_WRITE));
    CX_TRY(allow_key_lists(spec, start));
    CX_TRY(allow_openssl(spec));
    cx_err err = cx_str_starts(start->database_url, CX_STR("sqlite:"))
                     ? allow_sqlite(spec, start->database_url)
                     : allow_postgres(spec, start->database_url);
    if (cx_failed(err))
        return cx_refuse(diag, err, "database_url", "sandbox",
                         "database_url is neither sqlite:/path nor a postgresql:// URL");
    return CX_OK;
}

static cx_err keys_spec(const struct role_start *start, struct sandbox_spec *spec)
{
    spec->syscalls = SANDBOX_SYSCALLS_ALLOW_LIST;
    spec->nofile_max = FILES_PER_ROLE;
    if (start->pkcs11_state_dir.len > 0)
        CX_TRY(
            sandbox_allow_path(spec, start->pkcs11_state_dir, SANDBOX_READ | SANDBOX_WRITE, false));
    if (start->softhsm2_conf.len > 0)
        CX_TRY(sandbox_allow_path(spec, start->softhsm2_conf, SANDBOX_READ, true));
    CX_TRY(allow_openssl(spec));
    CX_TRY(allow_key_lists(spec, start));
    return allow_data(spec, start, "keys", SANDBOX_READ | SANDBOX_WRITE);
}

static cx_err outbound_spec(const struct role_start *start, struct sandbox_spec *spec)
{
    spec->sockets = SANDBOX_SOCKETS_INET;
    spec->any_tcp_connect = true;
    spec->no_listen = true;
    spec->nofile_max = FILES_OUTBOUND;
    if (start->outbound_binds) /* port 0: choosing the address that a connection comes from */
        CX_TRY(sandbox_allow_port(spec, 0, true, false));
    CX_TRY(allow_openssl(spec));
    return allow_resolver(spec);
}

cx_err role_sandbox_spec(const struct role_start *start, struct sandbox_spec *ret_spec,
                         struct cx_diag *diag)
{
    struct sandbox_spec spec = {
        .role = role_name(start->kind),
        .uid = start->uid,
        .syscalls = SANDBOX_SYSCALLS_DENY,
        .file_len_max = UINT64_MAX,
        .threads_max = 8192, /* RLIMIT_NPROC counts a user id over all instances of a host */
        .signal_scope = true};
    switch (start->kind) {
    case ROLE_CORE:
        CX_TRY(core_spec(start, &spec, diag));
        break;
    case ROLE_KEYS:
        CX_TRY(keys_spec(start, &spec));
        break;
    case ROLE_OUTBOUND:
        CX_TRY(outbound_spec(start, &spec));
        break;
    default:
        return CX_ERR(USAGE); /* the gate's is made beside its configuration: supervisor/gate.c */
    }
    *ret_spec = spec;
    return CX_OK;
}
