#include "core/api/memory.h"

#include "codec/json.h"

#include <malloc.h>

static void wipe_and_free(void *ptr)
{
    if (ptr)
        cx_wipe(ptr, malloc_usable_size(ptr));
    free(ptr);
}

void api_memory_wipe_on_free(void)
{
    json_malloc_t allocate = NULL;
    json_get_alloc_funcs(&allocate, NULL);
    json_set_alloc_funcs(allocate, wipe_and_free);
}
