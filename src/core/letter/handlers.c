/* Which letters one gets: one's own choice. */
#include "api_routes.h"
#include "core/access/access_store.h"
#include "core/field.h"
#include "core/letter/letter_store.h"

struct choosing {
    struct api_request *request;
    bool wanted, has_address;
};

static cx_err read_choice(struct store_tx *tx, void *arg)
{
    struct choosing *choosing = arg;
    const struct principal *me = &choosing->request->principal;
    struct user_row user;
    CX_TRY(user_find(tx, me->tenant_id, me->user_id, choosing->request->arena, &user));
    choosing->has_address = user.email.envelope.len > 0;
    return letter_choice_read(tx, me->tenant_id, me->user_id, &choosing->wanted);
}

static cx_err show(struct api_request *request, struct api_letter_choice_view *ret_view)
{
    struct choosing choosing = {.request = request};
    CX_TRY(store_read(request->core->store, read_choice, &choosing));
    *ret_view = (struct api_letter_choice_view){.waiting = choosing.wanted,
                                                .mail = choosing.has_address &&
                                                        request->core->options.smtp_from.len > 0};
    return CX_OK;
}

static cx_err write_choice(struct store_tx *tx, void *arg)
{
    const struct choosing *choosing = arg;
    const struct principal *me = &choosing->request->principal;
    return letter_choice_write(tx, me->tenant_id, me->user_id, choosing->wanted,
                               choosing->request->now_us);
}

cx_err handle_letter_choice_get(struct api_request *request,
                                const struct api_letter_choice_get_in *in,
                                struct api_letter_choice_get_out *ret_out)
{
    (void)in;
    return show(request, &ret_out->body);
}

cx_err handle_letter_choice_set(struct api_request *request,
                                const struct api_letter_choice_set_in *in,
                                struct api_letter_choice_set_out *ret_out)
{
    struct choosing choosing = {.request = request, .wanted = in->waiting};
    const struct principal *me = &request->principal;
    const struct field_detail details[] = {
        {"waiting", in->waiting ? CX_STR("true") : CX_STR("false")}};
    struct audit_event event = {.object_type = CX_ID_USER, .object_id = me->user_id};
    CX_TRY(field_details(request->arena, details, 1, &event.details));
    CX_TRY(api_commit(request, &event, write_choice, &choosing));
    return show(request, &ret_out->body);
}
