/* Distinguished names for people: RFC 4514, most specific part first. Unknown attribute types are shown by
 * their OID, so that nothing of a foreign CA's name is hidden. */
#pragma once
#include "base/arena.h"

enum { DN_PARTS_MAX = 32, DN_TEXT_MAX = 2048 };

/* name: DER of a Name. CX_E_PARSE when it is none, CX_E_LIMIT beyond the maxima. */
cx_err dn_text(struct cx_bytes name, struct arena *arena, struct cx_str *ret_text);
