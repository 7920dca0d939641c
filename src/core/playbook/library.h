/* The playbooks that come with the program (playbooks/): texts to bring into force by name. None is in force by itself, since a
 * playbook says what people have to do. */
#pragma once
#include "core/incident/rule_set.h"

extern const struct rule_text playbook_texts[]; /* generated; by name */
extern const size_t playbook_text_count;

/* NULL: there is none of this name. */
const struct rule_text *playbook_library_find(struct cx_str name);
