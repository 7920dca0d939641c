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
    json_set_alloc_funcs(malloc, wipe_and_free);
}
