#include "core/playbook/library.h"

const struct rule_text *playbook_library_find(struct cx_str name)
{
    for (size_t i = 0; i < playbook_text_count; i++)
        if (cx_str_is(name, playbook_texts[i].name))
            return &playbook_texts[i];
    return NULL;
}
