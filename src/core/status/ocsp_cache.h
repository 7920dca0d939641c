/* The inside of the cache: ocsp.c fills it, ocsp_cache.c keeps it. */
#pragma once
#include "core/status/ocsp.h"

/* A copy in arena of what is kept and still fresh at now_us; false when there is nothing. */
bool ocsp_cache_find(struct ocsp_cache *cache, const struct ocsp_question *question,
                     struct arena *arena, struct ocsp_answer *ret_answer);
/* Rises with every drop: an answer made from data read before a drop must not be put after it. */
uint64_t ocsp_cache_generation(struct ocsp_cache *cache);
/* Keeps a copy, unless something was dropped since generation. Failing to is no error. */
void ocsp_cache_put(struct ocsp_cache *cache, const struct ocsp_question *question,
                    const struct ocsp_answer *answer, uint64_t generation);
