#include "base/arena.h"
#include "base/checked.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Blocks form a list, newest first. A request that does not fit the newest block starts another. */
struct arena_block {
    struct arena_block *next;
    size_t used;
    size_t cap;
    alignas(max_align_t) uint8_t data[];
};

enum { ARENA_BLOCK_SIZE = 8192 };

void arena_clear(struct arena *arena)
{
    struct arena_block *block = arena->head;
    while (block) {
        struct arena_block *next = block->next;
        cx_wipe(block->data, block->used); /* requests hold tokens, links and names in the clear */
        free(block);
        block = next;
    }
    *arena = ARENA_INIT(arena->max);
}

static cx_err add_block(struct arena *arena, size_t need)
{
    size_t cap = need > ARENA_BLOCK_SIZE ? need : ARENA_BLOCK_SIZE;
    size_t total = 0;
    if (!cx_add_size(sizeof(struct arena_block), cap, &total))
        return CX_ERR(LIMIT);
    struct arena_block *block = malloc(total);
    if (!block)
        return CX_ERR(NOMEM);
    block->next = arena->head;
    block->used = 0;
    block->cap = cap;
    arena->head = block;
    return CX_OK;
}

/* As arena_alloc, but with what was in the memory before: for who writes all of it. */
static cx_err take(struct arena *arena, size_t size, void **ret_ptr)
{
    const size_t align = alignof(max_align_t);
    size_t rounded = 0;
    if (!cx_add_size(size ? size : 1, align - 1, &rounded))
        return CX_ERR(LIMIT);
    rounded -= rounded % align;
    if (rounded > arena->max || arena->used > arena->max - rounded)
        return CX_ERR(LIMIT);
    if (!arena->head || arena->head->cap - arena->head->used < rounded)
        CX_TRY(add_block(arena, rounded));
    void *ptr = arena->head->data + arena->head->used;
    arena->head->used += rounded;
    arena->used += rounded;
    *ret_ptr = ptr;
    return CX_OK;
}

cx_err arena_alloc(struct arena *arena, size_t size, void **ret_ptr)
{
    void *ptr = NULL;
    CX_TRY(take(arena, size, &ptr));
    memset(ptr, 0, size);
    *ret_ptr = ptr;
    return CX_OK;
}

cx_err arena_alloc_array(struct arena *arena, size_t count, size_t size, void **ret_ptr)
{
    size_t total = 0;
    if (!cx_mul_size(count, size, &total))
        return CX_ERR(LIMIT);
    return arena_alloc(arena, total, ret_ptr);
}

cx_err arena_copy(struct arena *arena, struct cx_bytes bytes, struct cx_bytes *ret_copy)
{
    void *ptr = NULL;
    CX_TRY(take(arena, bytes.len, &ptr));
    if (bytes.len)
        memcpy(ptr, bytes.ptr, bytes.len);
    *ret_copy = CX_BYTES(ptr, bytes.len);
    return CX_OK;
}

cx_err arena_copy_str(struct arena *arena, struct cx_str text, struct cx_str *ret_copy)
{
    size_t room = 0;
    if (!cx_add_size(text.len, 1, &room))
        return CX_ERR(LIMIT);
    char *ptr = NULL;
    CX_TRY(take(arena, room, (void **)&ptr));
    if (text.len)
        memcpy(ptr, text.ptr, text.len);
    ptr[text.len] = 0;
    *ret_copy = (struct cx_str){ptr, text.len};
    return CX_OK;
}

cx_err arena_printf(struct arena *arena, struct cx_str *ret_text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int need = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (need < 0)
        return CX_ERR(INTERNAL);
    char *ptr = NULL;
    CX_TRY(take(arena, (size_t)need + 1, (void **)&ptr));
    va_start(args, format);
    vsnprintf(ptr, (size_t)need + 1, format, args);
    va_end(args);
    *ret_text = (struct cx_str){ptr, (size_t)need};
    return CX_OK;
}
