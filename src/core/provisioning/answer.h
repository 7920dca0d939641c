/* Resources, lists and their JSON: RFC 7643 §3, RFC 7644 §3.4.2. What a query does not want is left out. */
#pragma once
#include "api_types.h"
#include "codec/json_write.h"
#include "core/provisioning/directory.h"

enum { SCIM_ANSWER_MAX = 16 * 1024 * 1024 };

#define SCIM_URN_USER "urn:ietf:params:scim:schemas:core:2.0:User"
#define SCIM_URN_GROUP "urn:ietf:params:scim:schemas:core:2.0:Group"

struct scim_user_shown {
    struct scim_user row;
    struct scim_attributes attributes;
    const struct scim_group *groups;
    size_t group_count;
};
struct scim_group_shown {
    struct scim_group row;
    const struct cx_id *members;
    size_t member_count;
};

cx_err scim_write_user(struct json_writer *json, const struct scim_call *call,
                       const struct scim_user_shown *user);
cx_err scim_write_group(struct json_writer *json, const struct scim_call *call,
                        const struct scim_group_shown *group);
/* "schemas": [urn] */
cx_err scim_write_schemas(struct json_writer *json, const char *urn);
/* Up to and with the opened Resources; the caller writes count of them and ends array and object. */
cx_err scim_list_begin(struct json_writer *json, size_t total, size_t start_index, size_t count);
/* out becomes the answer; status 0: the operation's own. */
cx_err scim_send(struct scim_call *call, struct api_raw *raw, uint16_t status,
                 const struct cx_buf *out);
/* The same for one resource, with its Location when it is new (status 201). */
cx_err scim_send_user(struct scim_call *call, struct api_raw *raw, uint16_t status,
                      const struct scim_user_shown *user);
cx_err scim_send_group(struct scim_call *call, struct api_raw *raw, uint16_t status,
                       const struct scim_group_shown *group);
/* 204 */
cx_err scim_send_nothing(struct api_raw *raw);
