/*
 * Configuration of an instance: DIR/certinext.yaml. One option table gives the parser, the
 * defaults, the ranges, `certinext config dump` and docs/config.md. Every option has a working
 * default; an unknown key, a wrong type or a value out of range is an error that names the option.
 *
 * Text lives in the arena given to config_load. Immutable afterwards, so shared freely.
 */
#pragma once
#include "base/arena.h"
#include "base/diag.h"
#include "base/log.h"

enum { CONFIG_FILE_MAX = 65536, CONFIG_TEXT_MAX = 1024 };

struct config {
    struct cx_str public_url;
    struct cx_str status_url; /* never empty after config_load */
    struct cx_str https_listen;
    struct cx_str http_listen;               /* "" = no plain listener */
    struct cx_str client_certificate_listen; /* "" = nobody is asked for a certificate */
    struct cx_str database_url;              /* never empty after config_load */
    int64_t uid_base;
    int64_t core_threads;
    int64_t keys_workers;
    struct cx_str unlock_file;
    struct cx_str pkcs11_module;
    struct cx_str pkcs11_pin_file;
    struct cx_str pkcs11_state_dir;
    struct cx_str softhsm2_conf;
    bool outbound_allow_private;
    struct cx_str outbound_allow_networks;
    struct cx_str validation_perspectives;
    int64_t validation_quorum;
    int64_t validation_http_port;
    int64_t validation_https_port;
    int64_t validation_tls_port;
    struct cx_str dns_trust_anchor;
    struct cx_str dns_insecure_zones;
    struct cx_str smtp_url;
    struct cx_str smtp_tls;
    struct cx_str smtp_from;
    struct cx_str smtp_user;
    struct cx_str smtp_password_file;
    struct cx_str smtp_ca_file;
    int64_t body_max;
    int64_t request_timeout_s;
    int64_t request_rate;
    int64_t request_burst;
    int64_t connection_limit;
    struct cx_str nginx;
    int64_t gate_workers;
    bool access_log;
    struct cx_str log_level;
};

enum config_type { CONFIG_TEXT, CONFIG_INT, CONFIG_BOOL };

struct config_option {
    const char *name;
    enum config_type type;
    size_t offset;            /* of the member in struct config */
    const char *default_text; /* as it would stand in the file */
    int64_t min, max;         /* CONFIG_INT: value; CONFIG_TEXT: octets */
    const char *const *words; /* the only texts allowed, NULL-terminated; NULL: any text */
    bool secret;              /* masked in dumps */
    const char *help;
};
extern const struct config_option config_options[];
extern const size_t config_option_count;

/* All defaults; database_url and status_url derived from data_dir and the listeners. */
cx_err config_default(struct cx_str data_dir, struct arena *arena, struct config *ret_config);
/* Defaults overlaid with DIR/certinext.yaml. CX_E_NOTFOUND when the file is missing. */
cx_err config_load(struct cx_str data_dir, struct arena *arena, struct cx_diag *diag,
                   struct config *ret_config);
/* The same from text: tests and fuzzing. */
cx_err config_parse(struct cx_bytes yaml, struct cx_str data_dir, struct arena *arena,
                    struct cx_diag *diag, struct config *ret_config);
/* One option from text, as on a command line (--set name=value). Call config_finish after the last.
 */
cx_err config_set(struct config *config, struct cx_str name, struct cx_str value,
                  struct arena *arena, struct cx_diag *diag);
/* Derives what depends on others and checks what one option alone cannot show. */
cx_err config_finish(struct config *config, struct cx_str data_dir, struct arena *arena,
                     struct cx_diag *diag);

/* YAML that config_parse reads back; with_help adds each option's text as a comment. Secrets are
 * masked (then it cannot be read back) unless with_secrets. */
cx_err config_write(const struct config *config, bool with_help, bool with_secrets,
                    struct cx_buf *out);
/* docs/config.md */
cx_err config_document(struct cx_buf *out);

enum cx_log_level config_log_level(const struct config *config);

/* "address:port", "[v6]:port" or "*:port" → port. CX_E_PARSE otherwise. */
cx_err config_listen_port(struct cx_str listen, uint16_t *ret_port);
