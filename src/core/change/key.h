/*
 * Keys of objects as people read and write them: identifiers with their prefix ("bnd_…"), where the stored key has hexadecimal. The stored
 * form is part of what the log vouches for and stays as it is. Pure.
 */
#pragma once
#include "core/change/object.h"

/* A part that is no identifier stays as it is. */
cx_err change_key_show(enum change_object object, struct cx_str key, struct arena *arena,
                       struct cx_str *ret_shown);
/* Takes either form. */
cx_err change_key_read(enum change_object object, struct cx_str shown, struct arena *arena,
                       struct cx_str *ret_key);
