#include "cli/enroll.h"

#include "api_types.h"
#include "base/cleanup.h"
#include "cli/operation.h"
#include "cli/output.h"
#include "codec/hex.h"
#include "codec/pem.h"
#include "crypto/hash.h"

#include <unistd.h>

bool enroll_url_valid(struct cx_str url)
{
    static const char scheme[] = "https://";
    size_t lead = sizeof(scheme) - 1;
    if (url.len <= lead || !cx_str_starts(url, CX_STR("https://")) || url.len > 512)
        return false;
    for (size_t i = lead; i < url.len; i++) {
        unsigned char c = (unsigned char)url.ptr[i];
        bool host = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '-' || c == '.' || c == ':' || c == '[' || c == ']';
        if (!host)
            return false;
    }
    return true;
}

static bool secret_valid(struct cx_str secret)
{
    if (!cx_str_starts(secret, CX_STR("cxl_")) || secret.len < 16 || secret.len > 200)
        return false;
    for (size_t i = 0; i < secret.len; i++) {
        unsigned char c = (unsigned char)secret.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'))
            return false;
    }
    return true;
}

cx_err enroll_link_parse(struct cx_str text, struct enroll_link *ret_link)
{
    static const char pin_lead[] = "&ca=";
    struct enroll_link link = {.secret = text};
    const char *hash = memchr(text.ptr ? text.ptr : "", '#', text.len);
    if (hash) {
        struct cx_str url = {text.ptr, (size_t)(hash - text.ptr)};
        if (cx_str_ends(url, CX_STR("/enroll")))
            url.len -= sizeof("/enroll") - 1;
        if (!enroll_url_valid(url))
            return CX_ERR(PARSE);
        link.url = url;
        link.secret = (struct cx_str){hash + 1, text.len - (size_t)(hash + 1 - text.ptr)};
    }
    const char *pin = memmem(link.secret.ptr ? link.secret.ptr : "", link.secret.len, pin_lead,
                             sizeof(pin_lead) - 1);
    if (pin) {
        const char *value = pin + sizeof(pin_lead) - 1;
        link.pin = (struct cx_str){value, (size_t)(link.secret.ptr + link.secret.len - value)};
        link.secret.len = (size_t)(pin - link.secret.ptr);
        if (link.pin.len != 64)
            return CX_ERR(PARSE);
        for (size_t i = 0; i < link.pin.len; i++)
            if (hex_digit(link.pin.ptr[i]) < 0)
                return CX_ERR(PARSE);
    }
    if (!secret_valid(link.secret))
        return CX_ERR(PARSE);
    *ret_link = link;
    return CX_OK;
}

static cx_err read_link(struct cli *cli, struct enroll_link *ret_link)
{
    bool has_url = cli->positional_count == 2;
    struct cx_str text = cli->positionals[has_url ? 1 : 0], url = CX_STR_NONE;
    CX_TRY(cli_text_argument(cli, text, &text));
    while (text.len && text.ptr[text.len - 1] == '\n')
        text.len--;
    if (cx_failed(enroll_link_parse(text, ret_link)))
        return cx_refuse(&cli->diag, CX_ERR(USAGE), "", "link-syntax",
                         "This is not a one-time link: it starts with cxl_ or https://.");
    if (has_url) {
        url = cli->positionals[0];
        if (url.len && url.ptr[url.len - 1] == '/')
            url.len--;
        if (!enroll_url_valid(url))
            return cx_refuse(&cli->diag, CX_ERR(USAGE), "", "url-syntax",
                             "The server's address is https://HOST:PORT.");
        ret_link->url = url;
    }
    if (ret_link->url.len == 0 && cli->local.len == 0)
        return cx_refuse(&cli->diag, CX_ERR(USAGE), "", "",
                         "Name the server: certinext enroll https://HOST:PORT LINK");
    return CX_OK;
}

static cx_err find_root(struct cli *cli, const struct enroll_link *link, struct cx_str *ret_pem)
{
    struct cx_str file;
    struct cx_bytes content;
    CX_CLEANUP(cx_buf_clear) struct cx_buf pin = CX_BUF_INIT(CRYPTO_SHA256_LEN);
    if (cli_get(cli, "ca-file", &file)) {
        CX_TRY(cli_read_file(cli, file, &content));
        return cx_str_view(content, ret_pem);
    }
    if (cli->local.len) {
        *ret_pem = CX_STR("");
        return CX_OK;
    }
    if (link->pin.len == 0)
        return cx_refuse(&cli->diag, CX_ERR(USAGE), "ca-file", "server-not-trusted",
                         "Nothing says which root the server has: give --ca-file ROOT.pem.");
    CX_TRY(hex_decode(link->pin, &pin));
    return http_pinned_root(cli, link->url, cx_buf_view(&pin), ret_pem);
}

static cx_err redeem(struct cli *cli, const struct cli_context *context, struct cx_str secret,
                     json_t **ret_answer)
{
    char host[256] = "this host";
    CX_IGNORE(gethostname(host, sizeof(host) - 1) == 0 ? CX_OK : CX_ERR(IO)); /* only a label */
    struct cx_str label, name;
    CX_TRY(arena_printf(&cli->arena, &label, "certinext on %.80s", host));
    json_auto_t *body =
        json_pack("{s:s%, s:s%}", "link", secret.ptr, secret.len, "label", label.ptr, label.len);
    if (!body)
        return CX_ERR(NOMEM);
    static const char *const optional[][2] = {{"display-name", "display_name"}, {"email", "email"}};
    for (size_t i = 0; i < 2; i++)
        if (cli_get(cli, optional[i][0], &name) &&
            json_object_set_new(body, optional[i][1], json_stringn(name.ptr, name.len)) != 0)
            return CX_ERR(NOMEM);
    char *text = json_dumps(body, JSON_COMPACT);
    if (!text)
        return CX_ERR(NOMEM);
    struct http_call call = {.method = "POST",
                             .path = cx_str_from(api_operations[API_OP_ENROLL].path),
                             .content_type = "application/json",
                             .body = CX_BYTES(text, strlen(text))};
    struct http_answer answer;
    cx_err err = http_send(cli, context, &call, &answer);
    cx_wipe(text, strlen(text));
    free(text);
    CX_TRY(err);
    CX_TRY(http_problem(cli, &answer));
    return json_parse(answer.body, HTTP_ANSWER_MAX, &cli->diag, ret_answer);
}

/* Without --name the context is named after the server and, when that is taken, the user. */
static cx_err context_name(struct cli *cli, const struct cli_contexts *contexts, struct cx_str url,
                           const char *user, struct cx_str *ret_name)
{
    struct cx_str name = CX_STR("local");
    if (cli_get(cli, "name", ret_name))
        return CX_OK;
    if (cx_str_starts(url, CX_STR("https://")))
        name = (struct cx_str){url.ptr + 8, url.len - 8};
    *ret_name = name;
    for (size_t i = 0; i < contexts->count; i++)
        if (cx_str_eq(contexts->items[i].name, name))
            return arena_printf(&cli->arena, ret_name, "%.*s/%.8s",
                                (int)(name.len < 50 ? name.len : 50), name.ptr,
                                strlen(user) > 4 ? user + 4 : user);
    return CX_OK;
}

cx_err enroll_run(struct cli *cli, const struct cli_command *command)
{
    struct enroll_link link;
    struct cli_contexts contexts;
    struct cli_context context = {0};
    json_auto_t *answer = NULL;
    (void)command;
    CX_TRY(read_link(cli, &link));
    CX_TRY(context_load(cli, &contexts)); /* before the link is used up */
    context.url = link.url;
    if (cli->local.len)
        CX_TRY(arena_printf(&cli->arena, &context.url, "unix:%.*s", CX_STR_ARG(cli->local)));
    CX_TRY(find_root(cli, &link, &context.ca));
    CX_TRY(redeem(cli, &context, link.secret, &answer));
    const char *token = json_string_value(json_object_get(answer, "token"));
    const char *user = json_string_value(json_object_get(answer, "user_id"));
    if (!token || !user)
        return cx_refuse(&cli->diag, CX_ERR(PARSE), "", "", "The server's answer holds no token.");
    context.token = cx_str_from(token);
    CX_TRY(context_name(cli, &contexts, context.url, user, &context.name));
    CX_TRY(context_put(cli, &contexts, &context));
    CX_TRY(context_save(cli, &contexts));
    if (json_object_del(answer, "token") !=
            0 || /* it is in the context; a terminal keeps history */
        json_object_set_new(answer, "context", json_stringn(context.name.ptr, context.name.len)) !=
            0)
        return CX_ERR(NOMEM);
    return output_document(cli, answer, NULL, 0);
}

cx_err enroll_print_hand_over(struct cli *cli, const json_t *answer)
{
    const char *secret = json_string_value(json_object_get(answer, "link"));
    struct cli_context context;
    struct pem_block *blocks = NULL;
    size_t count = 0;
    uint8_t digest[CRYPTO_SHA256_LEN];
    CX_CLEANUP(cx_buf_clear) struct cx_buf pin = CX_BUF_INIT(2 * sizeof(digest) + 1);
    static const struct pem_limits limits = {.text_max = 65536, .blocks_max = 4};
    /* It goes into a command that somebody will paste: nothing but a link's own characters. */
    if (cli->json || cli->local.len > 0 || !secret || !secret_valid(cx_str_from(secret)))
        return CX_OK;
    CX_TRY(operation_context(cli, &context));
    CX_TRY(pem_parse(&cli->arena, cx_str_bytes(context.ca), &limits, &cli->diag, &blocks, &count));
    CX_TRY(crypto_sha256(blocks[0].der, digest));
    CX_TRY(hex_encode(CX_BYTES(digest, sizeof(digest)), &pin));
    printf("\nHand this to that person, by a way that only they read:\n\n"
           "  certinext enroll '%.*s/enroll#%s&ca=%.*s'\n",
           CX_STR_ARG(context.url), secret, (int)pin.len, (const char *)pin.ptr);
    return CX_OK;
}
