/*
 * Composing: from a scope to one exact text a contact, step by step. A step's texts, its place in the queue, the running hash
 * and its audit entry commit together; two nodes share the work, since a step that another took is a conflict.
 */
#include "base/cleanup.h"
#include "core/access/secret.h"
#include "core/api/decode.h"
#include "core/audit/audit.h"
#include "core/core.h"
#include "core/field.h"
#include "core/issuance/certificate_store.h"
#include "core/notify/notice_store.h"
#include "core/notify/text.h"
#include "core/notify/worker.h"
#include "core/tenant/tenant_store.h"
#include "crypto/hash.h"

enum { COMPOSE_ARENA_MAX = 64 * 1024 * 1024, CONTENT_MAX = 256 * 1024, NAMES_MAX_LEN = 200 };

struct customer {
    struct cx_id owner_id;
    struct notice_certificate *certificates;
    size_t count;
    int64_t all;
};

struct composed {
    struct row_notice_recipient recipient;
    struct row_notice_delivery deliveries[2];
    size_t delivery_count;
};

struct composing {
    struct core *core;
    struct cx_id tenant_id;
    struct arena *arena;
    cx_time now_us;
    struct row_notice notice;
    struct row_notice_contact contacts[NOTICE_STEP];
    struct customer customers[NOTICE_STEP]; /* of the contact with that number */
    size_t count;
    struct api_notice_content content;
    struct composed *made;
    struct cx_str tenant, incident;
    uint8_t sha256[CRYPTO_SHA256_LEN];
};

cx_err notice_content_open(struct core *core, const struct row_notice *row, struct arena *arena,
                           struct api_notice_content *ret_content)
{
    struct field_place place = {row->tenant_id, "notice", "content", row->notice_id};
    struct api_notice_content read = {0};
    struct cx_diag diag = CX_DIAG_INIT;
    struct cx_bytes json = CX_BYTES_NONE;
    json_auto_t *root = NULL;
    CX_TRY(field_open(core, place, row->content, arena, &json));
    CX_TRY(
        api_decode_body(&api_schema_notice_content, json, CONTENT_MAX, arena, &diag, &read, &root));
    /* The tree goes; its texts stay. */
    if (read.has_nature)
        CX_TRY(arena_copy_str(arena, read.nature, &read.nature));
    if (read.has_impact)
        CX_TRY(arena_copy_str(arena, read.impact, &read.impact));
    struct cx_str *steps = NULL;
    CX_TRY(ARENA_NEW_ARRAY(arena, read.steps_count, &steps));
    for (size_t i = 0; i < read.steps_count; i++)
        CX_TRY(arena_copy_str(arena, read.steps[i], &steps[i]));
    read.steps = steps;
    *ret_content = read;
    return CX_OK;
}

/* The names that fit, and how many do not. E-mail and URI names are personal: the certificate has them. */
static cx_err name_certificate(struct store_tx *tx, struct composing *composing,
                               const struct notice_owned *owned,
                               struct notice_certificate *certificate)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(NAMES_MAX_LEN + 300);
    struct cx_str names[PKI_NAMES_MAX];
    size_t count = 0, i = 0;
    bool others = false;
    CX_TRY(certificate_names_read(tx, composing->tenant_id, owned->certificate_id, composing->arena,
                                  names, &count, &others));
    for (; i < count && text.len < NAMES_MAX_LEN; i++)
        CX_TRY(cx_buf_addf(&text, "%s%.*s", i ? ", " : "", CX_STR_ARG(names[i])));
    if (i < count)
        CX_TRY(cx_buf_addf(&text, ", +%zu", count - i));
    if (count == 0)
        CX_TRY(cx_buf_add_str(&text, CX_STR("-")));
    certificate->not_after_us = owned->not_after_us;
    CX_TRY(page_hex_write(composing->arena, owned->serial, &certificate->serial));
    return arena_copy_str(composing->arena, (struct cx_str){(const char *)text.ptr, text.len},
                          &certificate->names);
}

static cx_err read_customer(struct store_tx *tx, struct composing *composing, size_t i)
{
    const struct row_notice_contact *contact = &composing->contacts[i];
    struct customer *customer = &composing->customers[i];
    struct notice_owned owned[NOTICE_CERTIFICATES_MAX];
    if (i > 0 && cx_id_eq(composing->customers[i - 1].owner_id, contact->owner_id)) {
        *customer = composing->customers[i - 1];
        return CX_OK;
    }
    customer->owner_id = contact->owner_id;
    CX_TRY(notice_owned(tx, &composing->notice, contact->owner_kind, contact->owner_id,
                        NOTICE_CERTIFICATES_MAX, composing->arena, owned, &customer->count,
                        &customer->all));
    CX_TRY(ARENA_NEW_ARRAY(composing->arena, customer->count, &customer->certificates));
    for (size_t c = 0; c < customer->count; c++)
        CX_TRY(name_certificate(tx, composing, &owned[c], &customer->certificates[c]));
    return CX_OK;
}

static cx_err read_step(struct store_tx *tx, void *arg)
{
    struct composing *composing = arg;
    CX_TRY(notice_to_compose(tx, composing->tenant_id, composing->arena, &composing->notice));
    CX_TRY(notice_contacts(tx, &composing->notice, composing->arena, composing->contacts,
                           &composing->count));
    for (size_t i = 0; i < composing->count; i++)
        CX_TRY(read_customer(tx, composing, i));
    return CX_OK;
}

static cx_err queue(struct composing *composing, struct composed *made, struct cx_str channel)
{
    struct row_notice_delivery *row = &made->deliveries[made->delivery_count];
    *row = (struct row_notice_delivery){.tenant_id = composing->tenant_id,
                                        .notice_id = composing->notice.notice_id,
                                        .recipient_id = made->recipient.recipient_id,
                                        .channel = channel,
                                        .state = made->delivery_count ? CX_STR("reserve")
                                                                      : CX_STR("drafted")};
    made->delivery_count++;
    return cx_id_new_at(composing->core->rng, composing->now_us, &row->delivery_id);
}

static cx_err seal_texts(struct composing *composing, const struct notice_template *template,
                         const struct notice_facts *facts, struct row_notice_recipient *row)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf subject = CX_BUF_INIT(NOTICE_TEXT_MAX);
    CX_CLEANUP(cx_buf_clear) struct cx_buf body = CX_BUF_INIT(NOTICE_TEXT_MAX);
    uint8_t digest[CRYPTO_SHA256_LEN];
    struct field_place places[] = {
        {composing->tenant_id, "notice_recipient", "subject", row->recipient_id},
        {composing->tenant_id, "notice_recipient", "body", row->recipient_id}};
    CX_TRY(notice_subject(template, facts, &subject));
    CX_TRY(notice_body(template, facts, &body));
    CX_TRY(crypto_sha256(cx_buf_view(&body), digest));
    CX_TRY(arena_copy(composing->arena, CX_BYTES(digest, sizeof(digest)), &row->sha256));
    CX_TRY(field_seal(composing->core, places[0], cx_buf_view(&subject), composing->arena,
                      &row->subject));
    CX_TRY(
        field_seal(composing->core, places[1], cx_buf_view(&body), composing->arena, &row->body));
    const struct cx_bytes pieces[] = {CX_BYTES(composing->sha256, CRYPTO_SHA256_LEN), row->sha256};
    return crypto_digest(CRYPTO_SHA256, pieces, 2, composing->sha256);
}

static cx_err compose_one(struct composing *composing, size_t i)
{
    const struct row_notice_contact *contact = &composing->contacts[i];
    const struct customer *customer = &composing->customers[i];
    struct composed *made = &composing->made[i];
    struct access_secret CX_CLEANUP(access_secret_clear) secret = {0};
    char text[ACCESS_SECRET_TEXT_LEN + 1];
    uint8_t hash[ACCESS_HASH_LEN];
    struct notice_facts facts = {.tenant = composing->tenant,
                                 .incident = composing->incident,
                                 .content = &composing->content,
                                 .has_act_by = composing->notice.has_act_by_us,
                                 .act_by_us = composing->notice.act_by_us,
                                 .has_update = composing->notice.has_update_due_us,
                                 .update_us = composing->notice.update_due_us,
                                 .certificates = customer->certificates,
                                 .certificate_count = customer->count,
                                 .all_count = customer->all};
    const struct notice_template *template =
        notice_templates_find(composing->core->notice_templates, contact->language);
    if (!template)
        return CX_ERR(INTERNAL); /* a contact's language is checked when it is added */
    CX_TRY(access_secret_new(composing->core->rng, composing->tenant_id, &secret));
    CX_TRY(access_secret_hash(&secret, hash));
    access_secret_format(ACCESS_SECRET_NOTICE, &secret, text);
    made->recipient = (struct row_notice_recipient){.tenant_id = composing->tenant_id,
                                                    .recipient_id = secret.id,
                                                    .notice_id = composing->notice.notice_id,
                                                    .contact_id = contact->contact_id,
                                                    .owner_kind = contact->owner_kind,
                                                    .owner_id = contact->owner_id,
                                                    .certificate_count = customer->all};
    CX_TRY(arena_copy(composing->arena, CX_BYTES(hash, sizeof(hash)), &made->recipient.token_hash));
    CX_TRY(arena_printf(composing->arena, &facts.link, "%.*s/notice/%s",
                        CX_STR_ARG(composing->core->options.public_url), text));
    CX_TRY(seal_texts(composing, template, &facts, &made->recipient));
    if (contact->has_email)
        CX_TRY(queue(composing, made, CX_STR("email")));
    return contact->has_webhook_url ? queue(composing, made, CX_STR("webhook")) : CX_OK;
}

static cx_err compose(struct composing *composing)
{
    struct cx_id incident_id = composing->notice.incident_id;
    CX_TRY(
        tenant_name(composing->core, composing->tenant_id, composing->arena, &composing->tenant));
    CX_TRY(field_id_text(composing->arena, CX_ID_INCIDENT, incident_id, &composing->incident));
    CX_TRY(notice_content_open(composing->core, &composing->notice, composing->arena,
                               &composing->content));
    CX_TRY(ARENA_NEW_ARRAY(composing->arena, composing->count, &composing->made));
    if (composing->notice.sha256.len != CRYPTO_SHA256_LEN)
        return CX_ERR(STORE);
    memcpy(composing->sha256, composing->notice.sha256.ptr, CRYPTO_SHA256_LEN);
    for (size_t i = 0; i < composing->count; i++)
        CX_TRY(compose_one(composing, i));
    return CX_OK;
}

static cx_err write_step(struct store_tx *tx, void *arg)
{
    struct composing *composing = arg;
    const struct row_notice *notice = &composing->notice;
    struct cx_id owner_id = notice->after_owner_id, contact_id = notice->after_id;
    if (composing->count > 0) {
        owner_id = composing->contacts[composing->count - 1].owner_id;
        contact_id = composing->contacts[composing->count - 1].contact_id;
    }
    CX_TRY(notice_move_on(tx, notice, owner_id, contact_id,
                          CX_BYTES(composing->sha256, CRYPTO_SHA256_LEN), (int64_t)composing->count,
                          composing->count < NOTICE_STEP));
    for (size_t i = 0; i < composing->count; i++) {
        const struct composed *made = &composing->made[i];
        CX_TRY(row_notice_recipient_insert(tx, &made->recipient));
        for (size_t d = 0; d < made->delivery_count; d++)
            CX_TRY(row_notice_delivery_insert(tx, &made->deliveries[d]));
    }
    return CX_OK;
}

cx_err notice_compose_step(struct core *core, struct cx_id tenant_id, bool *ret_done)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(COMPOSE_ARENA_MAX);
    struct composing *composing = NULL;
    struct cx_str notice = CX_STR_NONE, count = CX_STR_NONE;
    CX_TRY(ARENA_NEW(&arena, &composing));
    composing->core = core;
    composing->tenant_id = tenant_id;
    composing->arena = &arena;
    composing->now_us = cx_now(core->clock);
    cx_err err = store_read(core->store, read_step, composing);
    *ret_done = err.code == CX_E_NOTFOUND;
    if (*ret_done)
        return CX_OK;
    CX_TRY(err);
    CX_TRY(compose(composing));
    CX_TRY(field_id_text(&arena, CX_ID_NOTICE, composing->notice.notice_id, &notice));
    CX_TRY(arena_printf(&arena, &count, "%zu", composing->count));
    const struct field_detail details[] = {{"notice", notice}, {"recipients", count}};
    struct audit_event event = {.action = "system.notice.compose",
                                .tenant_id = tenant_id,
                                .object_type = CX_ID_INCIDENT,
                                .object_id = composing->notice.incident_id};
    CX_TRY(field_details(&arena, details, 2, &event.details));
    err = audit_commit(core, &event, write_step, composing);
    return err.code == CX_E_CONFLICT ? CX_OK : err; /* another node did */
}

cx_err notice_compose_pass(struct core *core, struct cx_id tenant_id,
                           const struct os_worker *thread)
{
    bool done = false;
    while (!done && !os_worker_stopping(thread))
        CX_TRY(notice_compose_step(core, tenant_id, &done));
    return CX_OK;
}
