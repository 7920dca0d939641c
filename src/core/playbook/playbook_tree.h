/* A playbook from the tree that its YAML text is read into, or that another form was brought into. As playbook_parse. */
#pragma once
#include "codec/json.h"
#include "core/playbook/playbook.h"

cx_err playbook_tree_read(struct arena *arena, const struct json_node *top, struct cx_diag *diag,
                          struct playbook *ret_playbook);
