#include "tests/lib/starve.h"
#include "base/arena.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static _Atomic int64_t refused_at; /* 0: none */
static _Atomic int64_t counted;
static _Atomic bool fired, is_paused, is_process;
static _Thread_local bool is_subject;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *ptr, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t len);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *ptr, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t len);
cx_err __real_arena_alloc(struct arena *arena, size_t size, void **ret_ptr);
cx_err __real_arena_alloc_array(struct arena *arena, size_t count, size_t size, void **ret_ptr);
cx_err __real_arena_copy(struct arena *arena, struct cx_bytes bytes, struct cx_bytes *ret_copy);
cx_err __real_arena_copy_str(struct arena *arena, struct cx_str text, struct cx_str *ret_copy);
cx_err __wrap_arena_alloc(struct arena *arena, size_t size, void **ret_ptr);
cx_err __wrap_arena_alloc_array(struct arena *arena, size_t count, size_t size, void **ret_ptr);
cx_err __wrap_arena_copy(struct arena *arena, struct cx_bytes bytes, struct cx_bytes *ret_copy);
cx_err __wrap_arena_copy_str(struct arena *arena, struct cx_str text, struct cx_str *ret_copy);

void starve_begin(enum starve_scope scope, int64_t at)
{
    counted = 0;
    fired = false;
    is_paused = false;
    is_process = scope == STARVE_PROCESS;
    is_subject = true;
    refused_at = at;
}

bool starve_end(void)
{
    refused_at = 0;
    is_subject = false;
    return fired;
}

void starve_pause(bool paused)
{
    is_paused = paused;
}

void starve_spare_jansson(void)
{
    json_set_alloc_funcs(__real_malloc, free);
}

static bool refuse(void)
{
    if (refused_at == 0 || is_paused || (!is_process && !is_subject) || ++counted != refused_at)
        return false;
    fired = true;
    errno = ENOMEM;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return refuse() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return refuse() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *ptr, size_t size)
{
    return refuse() ? NULL : __real_realloc(ptr, size);
}

char *__wrap_strdup(const char *text)
{
    return refuse() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t len)
{
    return refuse() ? NULL : __real_strndup(text, len);
}

cx_err __wrap_arena_alloc(struct arena *arena, size_t size, void **ret_ptr)
{
    return refuse() ? CX_ERR(NOMEM) : __real_arena_alloc(arena, size, ret_ptr);
}

cx_err __wrap_arena_alloc_array(struct arena *arena, size_t count, size_t size, void **ret_ptr)
{
    return refuse() ? CX_ERR(NOMEM) : __real_arena_alloc_array(arena, count, size, ret_ptr);
}

cx_err __wrap_arena_copy(struct arena *arena, struct cx_bytes bytes, struct cx_bytes *ret_copy)
{
    return refuse() ? CX_ERR(NOMEM) : __real_arena_copy(arena, bytes, ret_copy);
}

cx_err __wrap_arena_copy_str(struct arena *arena, struct cx_str text, struct cx_str *ret_copy)
{
    return refuse() ? CX_ERR(NOMEM) : __real_arena_copy_str(arena, text, ret_copy);
}
