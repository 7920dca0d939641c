/* The option table and everything that walks it. */
#include "supervisor/config.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/number.h"
#include "codec/yaml.h"
#include "os/file.h"
#include "outbound/mail.h"
#include "outbound/perspective.h"

#include <arpa/inet.h>

static const char *const log_levels[] = {"debug", "info", "warn", "error", NULL};

static const char *const smtp_tls_words[] = {"required", "none", NULL};

#define TEXT(member, default_value, max_len, help_text)                                            \
    {                                                                                              \
#member, CONFIG_TEXT, offsetof(struct config, member), default_value, 0, max_len, NULL,    \
            false, help_text                                                                       \
    }
#define NUMBER(member, default_value, minimum, maximum, help_text)                                 \
    {                                                                                              \
#member, CONFIG_INT, offsetof(struct config, member), default_value, minimum, maximum,     \
            NULL, false, help_text                                                                 \
    }
#define SWITCH(member, default_value, help_text)                                                   \
    {                                                                                              \
#member, CONFIG_BOOL, offsetof(struct config, member), default_value, 0, 1, NULL, false,   \
            help_text                                                                              \
    }

const struct config_option config_options[] = {
    TEXT(public_url, "https://localhost:8443", 255,
         "Base of every URL that clients are told: scheme, host and port, no trailing slash."),
    TEXT(status_url, "", 255,
         "Base put into certificates for CRL, OCSP and issuer URLs. RFC 5280 §4.2.1.13 expects "
         "http. "
         "Empty: http on http_listen's port of public_url's host, or public_url without "
         "http_listen."),
    TEXT(https_listen, "127.0.0.1:8443", 255,
         "Address and port of the gate's TLS listener; *:443 listens on every address."),
    TEXT(http_listen, "", 255,
         "Address and port of a plain listener that serves CRLs, OCSP and issuer certificates and "
         "nothing else. Empty: none."),
    TEXT(client_certificate_listen, "", 255,
         "Address and port of a second TLS listener, which asks clients for a certificate: service "
         "accounts act, and people log in, with one there. Browsers are not bothered on the first. "
         "Empty: none."),
    {"database_url", CONFIG_TEXT, offsetof(struct config, database_url), "", 0, 1000, NULL, true,
     "sqlite:/absolute/path or postgresql://user@host/database. Empty: the SQLite file of the data "
     "directory. Prefer a passfile parameter to a password in the URL."},
    NUMBER(
        uid_base, "61300", 0, 4000000000,
        "Started as root, roles become uid_base + 1 (core), 2 (keys), 3 (outbound), 4 (gate). 0: "
        "they stay root, which is for experiments only."),
    NUMBER(core_threads, "256", 1, 1024,
           "Requests that core handles at once: as many connections of the gate."),
    NUMBER(
        keys_workers, "16", 1, 64,
        "Threads of the keys process. Most of them wait for the journal's disk, and those who wait "
        "share one sync."),
    TEXT(unlock_file, "", 500,
         "Absolute path of the unlock secret, when it was moved off this disk. Empty: keys/unlock "
         "in the data "
         "directory."),
    TEXT(pkcs11_module, "", 500,
         "Absolute path of a PKCS#11 module for CA keys in a token. Empty: sealed files only."),
    TEXT(pkcs11_pin_file, "", 500,
         "File with the token's PIN, readable by root or the keys user only."),
    TEXT(pkcs11_state_dir, "", 500,
         "Folder that the PKCS#11 module itself reads and writes (SoftHSM2: its tokens)."),
    TEXT(softhsm2_conf, "", 500,
         "SoftHSM2's configuration file, given to the keys process as SOFTHSM2_CONF."),
    SWITCH(outbound_allow_private, "false",
           "Lets outbound reach loopback, link-local and private addresses. Off, a URL that a user "
           "enters cannot be aimed at the inner network."),
    TEXT(outbound_allow_networks, "", 1000,
         "Networks beyond the public ones that outbound may reach, such as 10.0.0.0/8,fd00::/8. A "
         "private "
         "CA that validates hosts of the inner network needs them here."),
    TEXT(
        validation_perspectives, "local", 1000,
        "From where ACME challenges and CAA are looked at, separated by |: a name, then resolver= "
        "(an "
        "address, address@port, or root for the authoritative servers; may be repeated; without it "
        "those "
        "of /etc/resolv.conf) and source= (an address of this host to connect from), after commas. "
        "Example: near,resolver=10.0.0.53|far,resolver=192.0.2.53,source=10.8.0.2"),
    NUMBER(validation_quorum, "0", 0, 8,
           "Perspectives that have to see the same, the first always among them. 0: all."),
    NUMBER(validation_http_port, "80", 1, 65535,
           "Port of http-01 (RFC 8555: 80). Another one is for tests: anybody may listen there."),
    NUMBER(validation_https_port, "443", 1, 65535,
           "Port of https targets that http-01 may be redirected to. Another one is for tests."),
    NUMBER(validation_tls_port, "443", 1, 65535,
           "Port of tls-alpn-01 (RFC 8737: 443). Another one is for tests."),
    TEXT(dns_trust_anchor, "root", 500,
         "Trust anchor of DNSSEC: root (the keys of the root zone, part of the program), the "
         "absolute path "
         "of a file with DS or DNSKEY records, or none. With an anchor, the resolvers have to pass "
         "on "
         "DNSSEC records, and an answer that does not verify fails the validation."),
    TEXT(dns_insecure_zones, "", 1000,
         "Zones to be taken without signatures, although the trust anchor says they do not exist "
         "or are "
         "signed: corp.example,lan. For names of the inner network."),
    TEXT(
        smtp_url, "", 300,
        "Mail relay for notices: smtp://host:587 (STARTTLS) or smtps://host:465. Empty: no mail is "
        "sent, and notices by e-mail wait."),
    {"smtp_tls", CONFIG_TEXT, offsetof(struct config, smtp_tls), "required", 0, 8, smtp_tls_words,
     false,
     "required: the relay has to offer TLS with a certificate that verifies. none: a relay on this "
     "host; other addresses are refused."},
    TEXT(smtp_from, "", 254, "Sender address of notices; bounces come back to it."),
    TEXT(smtp_user, "", 254, "User name at the relay. Empty: no authentication."),
    TEXT(smtp_password_file, "", 500, "Absolute path of the file with the password at the relay."),
    TEXT(smtp_ca_file, "", 500,
         "Absolute path of PEM roots for the relay's certificate. Empty: those of this host."),
    NUMBER(body_max, "1048576", 4096, 67108864, "Octets of a request body; more is answered 413."),
    NUMBER(request_timeout_s, "30", 5, 3600,
           "Seconds a client has for its header and for each pause in its body, and core for its "
           "answer."),
    NUMBER(request_rate, "50", 1, 1000000,
           "Requests a second from one address; more than that beyond the burst is answered 429."),
    NUMBER(request_burst, "200", 1, 1000000, "Requests one address may be ahead of its rate."),
    NUMBER(connection_limit, "64", 1, 65535, "Connections at once from one address."),
    TEXT(nginx, "/usr/sbin/nginx", 255, "Path of nginx."),
    NUMBER(gate_workers, "2", 1, 256, "Worker processes of the gate."),
    SWITCH(access_log, "false",
           "One JSON line a request in DIR/gate/access.log: method, path, status, times; no query, "
           "no body, "
           "no token."),
    {"log_level", CONFIG_TEXT, offsetof(struct config, log_level), "info", 0, 8, log_levels, false,
     "Least severe level that is logged: debug, info, warn, error."},
};
const size_t config_option_count = CX_COUNT_OF(config_options);

static void *member(struct config *config, const struct config_option *option)
{
    return (char *)config + option->offset;
}

static cx_err check_text(const struct config_option *option, struct cx_str text,
                         struct cx_diag *diag)
{
    if (text.len > (size_t)option->max)
        return cx_refuse(diag, CX_ERR(LIMIT), option->name, "length",
                         "%s takes at most %lld octets", option->name, (long long)option->max);
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] <= 0x20 || strchr("\"'\\;{}$#", text.ptr[i]) != NULL)
            return cx_refuse(diag, CX_ERR(PARSE), option->name, "characters",
                             "%s holds a blank or one of \" ' \\ ; { } $ #", option->name);
    if (option->words == NULL)
        return CX_OK;
    for (size_t i = 0; option->words[i] != NULL; i++)
        if (cx_str_is(text, option->words[i]))
            return CX_OK;
    return cx_refuse(diag, CX_ERR(PARSE), option->name, "words", "%s: unknown value %.*s",
                     option->name, CX_STR_ARG(text));
}

static cx_err refuse_type(const struct config_option *option, struct cx_diag *diag)
{
    static const char *const wanted[] = {"a text", "an integer", "true or false"};
    return cx_refuse(diag, CX_ERR(PARSE), option->name, "type", "%s takes %s", option->name,
                     wanted[option->type]);
}

static cx_err set_int(struct config *config, const struct config_option *option, int64_t value,
                      struct cx_diag *diag)
{
    if (value < option->min || value > option->max)
        return cx_refuse(diag, CX_ERR(LIMIT), option->name, "range", "%s takes %lld to %lld",
                         option->name, (long long)option->min, (long long)option->max);
    *(int64_t *)member(config, option) = value;
    return CX_OK;
}

static cx_err set_text(struct config *config, const struct config_option *option,
                       struct cx_str text, struct arena *arena, struct cx_diag *diag)
{
    CX_TRY(check_text(option, text, diag));
    return arena_copy_str(arena, text, member(config, option));
}

/* From text, as in the table's defaults and on the command line. */
static cx_err set_from_text(struct config *config, const struct config_option *option,
                            struct cx_str text, struct arena *arena, struct cx_diag *diag)
{
    int64_t number = 0;
    switch (option->type) {
    case CONFIG_TEXT:
        return set_text(config, option, text, arena, diag);
    case CONFIG_INT:
        if (cx_failed(cx_parse_i64(text, INT64_MIN, INT64_MAX, &number)))
            return refuse_type(option, diag);
        return set_int(config, option, number, diag);
    case CONFIG_BOOL:
        if (!cx_str_is(text, "true") && !cx_str_is(text, "false"))
            return refuse_type(option, diag);
        *(bool *)member(config, option) = cx_str_is(text, "true");
        return CX_OK;
    }
    return CX_ERR(INTERNAL);
}

static cx_err set_from_tree(struct config *config, const struct config_option *option,
                            const json_t *value, struct arena *arena, struct cx_diag *diag)
{
    switch (option->type) {
    case CONFIG_TEXT:
        if (!json_is_string(value))
            return refuse_type(option, diag);
        return set_text(config, option,
                        (struct cx_str){json_string_value(value), json_string_length(value)}, arena,
                        diag);
    case CONFIG_INT:
        if (!json_is_integer(value))
            return refuse_type(option, diag);
        return set_int(config, option, json_integer_value(value), diag);
    case CONFIG_BOOL:
        if (!json_is_boolean(value))
            return refuse_type(option, diag);
        *(bool *)member(config, option) = json_is_true(value);
        return CX_OK;
    }
    return CX_ERR(INTERNAL);
}

static const struct config_option *find_option(struct cx_str name)
{
    for (size_t i = 0; i < config_option_count; i++)
        if (cx_str_is(name, config_options[i].name))
            return &config_options[i];
    return NULL;
}

static cx_err unknown_option(struct cx_str name, struct cx_diag *diag)
{
    return cx_refuse(diag, CX_ERR(PARSE), "certinext.yaml", "unknown",
                     "there is no option named %.*s", CX_STR_ARG(name));
}

static cx_err set_defaults(struct arena *arena, struct config *config)
{
    for (size_t i = 0; i < config_option_count; i++)
        CX_TRY(set_from_text(config, &config_options[i],
                             cx_str_from(config_options[i].default_text), arena, NULL));
    return CX_OK;
}

cx_err config_set(struct config *config, struct cx_str name, struct cx_str value,
                  struct arena *arena, struct cx_diag *diag)
{
    const struct config_option *option = find_option(name);
    if (option == NULL)
        return unknown_option(name, diag);
    return set_from_text(config, option, value, arena, diag);
}

/* "*", an IPv4 address or an IPv6 address in brackets. Names are refused: the gate's sandbox resolves none. */
static bool is_address(struct cx_str host)
{
    char text[INET6_ADDRSTRLEN + 2];
    struct in6_addr address;
    if (cx_str_is(host, "*"))
        return true;
    if (host.len >= sizeof(text))
        return false;
    bool brackets = host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']';
    if (brackets)
        host = (struct cx_str){host.ptr + 1, host.len - 2};
    memcpy(text, host.ptr, host.len);
    text[host.len] = '\0';
    return inet_pton(brackets ? AF_INET6 : AF_INET, text, &address) == 1;
}

cx_err config_listen_port(struct cx_str listen, uint16_t *ret_port)
{
    size_t colon = listen.len;
    while (colon > 0 && listen.ptr[colon - 1] != ':')
        colon--;
    if (colon < 2 || !is_address((struct cx_str){listen.ptr, colon - 1}))
        return CX_ERR(PARSE);
    int64_t port = 0;
    if (cx_failed(
            cx_parse_i64((struct cx_str){listen.ptr + colon, listen.len - colon}, 1, 65535, &port)))
        return CX_ERR(PARSE);
    *ret_port = (uint16_t)port;
    return CX_OK;
}

/* "https://host:port" → "host" (with brackets when IPv6). */
static struct cx_str host_of(struct cx_str url)
{
    struct cx_str rest = {url.ptr + sizeof("https://") - 1, url.len - (sizeof("https://") - 1)};
    for (size_t i = 0; i < rest.len; i++) {
        bool in_brackets = rest.ptr[0] == '[' && memchr(rest.ptr, ']', i) == NULL;
        if (rest.ptr[i] == '/' || (rest.ptr[i] == ':' && !in_brackets))
            rest.len = i;
    }
    return rest;
}

static cx_err check_listen(const char *name, struct cx_str listen, uint16_t *ret_port,
                           struct cx_diag *diag)
{
    cx_err err = config_listen_port(listen, ret_port);
    if (cx_failed(err))
        return cx_refuse(diag, err, name, "listen",
                         "%s must be address:port, for example 127.0.0.1:8443, [::1]:8443 or "
                         "*:8443; no host name",
                         name);
    return CX_OK;
}

static cx_err check_mail(const struct config *config, struct cx_diag *diag)
{
    CX_TRY(mail_url_check(config->smtp_url, diag));
    if (config->smtp_url.len > 0 && config->smtp_from.len == 0)
        return cx_refuse(diag, CX_ERR(PARSE), "smtp_from", "missing",
                         "smtp_url needs smtp_from, the sender of notices");
    if (config->smtp_from.len > 0 &&
        memchr(config->smtp_from.ptr, '@', config->smtp_from.len) == NULL)
        return cx_refuse(diag, CX_ERR(PARSE), "smtp_from", "address",
                         "smtp_from is an address: name@domain");
    if (config->smtp_user.len > 0 && config->smtp_password_file.len == 0)
        return cx_refuse(diag, CX_ERR(PARSE), "smtp_password_file", "missing",
                         "smtp_user needs smtp_password_file");
    return CX_OK;
}

static cx_err check_outbound(const struct config *config, struct cx_diag *diag)
{
    struct perspective_plans plans;
    struct address_policy policy;
    CX_TRY(perspective_parse(config->validation_perspectives, diag, &plans));
    CX_TRY(address_policy_parse(config->outbound_allow_networks, config->outbound_allow_private,
                                diag, &policy));
    if (config->validation_quorum > (int64_t)plans.count)
        return cx_refuse(diag, CX_ERR(PARSE), "validation_quorum", "range",
                         "validation_quorum is larger than the number of perspectives");
    struct cx_str anchor = config->dns_trust_anchor;
    if (!cx_str_is(anchor, "root") && !cx_str_is(anchor, "none") &&
        !cx_str_starts(anchor, CX_STR("/")))
        return cx_refuse(diag, CX_ERR(PARSE), "dns_trust_anchor", "words",
                         "dns_trust_anchor takes root, none or an absolute path");
    return CX_OK;
}

cx_err config_finish(struct config *config, struct cx_str data_dir, struct arena *arena,
                     struct cx_diag *diag)
{
    uint16_t https_port = 0, http_port = 0, client_port = 0;
    CX_TRY(check_outbound(config, diag));
    CX_TRY(check_mail(config, diag));
    CX_TRY(check_listen("https_listen", config->https_listen, &https_port, diag));
    if (config->http_listen.len > 0)
        CX_TRY(check_listen("http_listen", config->http_listen, &http_port, diag));
    if (config->client_certificate_listen.len > 0)
        CX_TRY(check_listen("client_certificate_listen", config->client_certificate_listen,
                            &client_port, diag));
    if (!cx_str_starts(config->public_url, CX_STR("https://")) ||
        host_of(config->public_url).len == 0 || cx_str_ends(config->public_url, CX_STR("/")))
        return cx_refuse(diag, CX_ERR(PARSE), "public_url", "url",
                         "public_url must be https://host:port without a trailing slash");
    if (config->status_url.len == 0 && http_port != 0)
        CX_TRY(arena_printf(arena, &config->status_url,
                            http_port == 80 ? "http://%.*s" : "http://%.*s:%u",
                            CX_STR_ARG(host_of(config->public_url)), http_port));
    else if (config->status_url.len == 0)
        config->status_url = config->public_url;
    if (!cx_str_starts(config->status_url, CX_STR("http")) ||
        cx_str_ends(config->status_url, CX_STR("/")))
        return cx_refuse(diag, CX_ERR(PARSE), "status_url", "url",
                         "status_url must be http(s)://host:port without a trailing slash");
    if (config->database_url.len == 0)
        CX_TRY(arena_printf(arena, &config->database_url, "sqlite:%.*s/db/certinext.db",
                            CX_STR_ARG(data_dir)));
    if (!cx_str_starts(config->database_url, CX_STR("sqlite:/")) &&
        !cx_str_starts(config->database_url, CX_STR("postgresql://")) &&
        !cx_str_starts(config->database_url, CX_STR("postgres://")))
        return cx_refuse(diag, CX_ERR(PARSE), "database_url", "url",
                         "database_url must be sqlite:/absolute/path or postgresql://…");
    return CX_OK;
}

cx_err config_default(struct cx_str data_dir, struct arena *arena, struct config *ret_config)
{
    struct config config = {.body_max = 0};
    CX_TRY(set_defaults(arena, &config));
    CX_TRY(config_finish(&config, data_dir, arena, NULL));
    *ret_config = config;
    return CX_OK;
}

cx_err config_parse(struct cx_bytes yaml, struct cx_str data_dir, struct arena *arena,
                    struct cx_diag *diag, struct config *ret_config)
{
    struct config config = {.body_max = 0};
    CX_TRY(set_defaults(arena, &config));
    json_auto_t *root = NULL;
    CX_TRY(yaml_parse(yaml, CONFIG_FILE_MAX, diag, &root));
    if (!json_is_object(root))
        return cx_refuse(diag, CX_ERR(PARSE), "certinext.yaml", "type",
                         "the configuration must be a mapping of option: value");
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach(root, key, value)
    {
        const struct config_option *option = find_option(cx_str_from(key));
        if (option == NULL)
            return unknown_option(cx_str_from(key), diag);
        CX_TRY(set_from_tree(&config, option, value, arena, diag));
    }
    CX_TRY(config_finish(&config, data_dir, arena, diag));
    *ret_config = config;
    return CX_OK;
}

cx_err config_load(struct cx_str data_dir, struct arena *arena, struct cx_diag *diag,
                   struct config *ret_config)
{
    char path[OS_PATH_MAX];
    CX_TRY(os_path(path, "%.*s/certinext.yaml", CX_STR_ARG(data_dir)));
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(CONFIG_FILE_MAX);
    cx_err err = os_file_read(path, CONFIG_FILE_MAX, &text);
    if (cx_failed(err))
        return cx_refuse(diag, err, "certinext.yaml", "read",
                         "%s cannot be read; certinext init makes it", path);
    return config_parse(cx_buf_view(&text), data_dir, arena, diag, ret_config);
}

enum cx_log_level config_log_level(const struct config *config)
{
    for (int level = CX_LOG_DEBUG; level <= CX_LOG_ERROR; level++)
        if (cx_str_is(config->log_level, log_levels[level]))
            return (enum cx_log_level)level;
    return CX_LOG_INFO;
}
