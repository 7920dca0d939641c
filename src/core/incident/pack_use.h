/*
 * Which version of a rule pack applies when. The packaged versions have their own dates; a tenant may upload others and say
 * from when on which one applies (a use). At a time the use that took effect last decides; before the first one, and
 * after a use without a version, the packaged ones do, each in its own time. A use takes effect now or later, never in the
 * past: what started before keeps the version that it started under, with its section and deadline.
 *
 * Uploaded versions never change, so each is read once a process and kept until its end (PACK_UPLOADS_MAX a tenant).
 */
#pragma once
#include "core/incident/pack_store.h"
#include "core/incident/rule_set.h"

struct core;

/* pack NULL: the packaged ones in their own time. */
struct pack_use {
    struct cx_str name;
    cx_time from_us;
    const struct rule_pack *pack;
};
/* Pure. uses: by name, then in the order in which they take effect. Packs that apply for a part of their time are copies with that
 * part as theirs; all is in arena. */
cx_err pack_compose(const struct rule_pack *packaged, size_t packaged_count,
                    const struct pack_use *uses, size_t use_count, struct arena *arena,
                    const struct rule_pack **ret_packs, size_t *ret_count);
/* A copy for what starts from from_us on until before until_us; own dates of the pack and of its duties stay where they are
 * narrower. *ret_empty: nothing is left. */
cx_err pack_clip(const struct rule_pack *pack, cx_time from_us, cx_time until_us,
                 struct arena *arena, struct rule_pack *ret_pack, bool *ret_empty);

/* Inside a closure: the packs by which a tenant's duties are judged. */
cx_err pack_list_of(struct store_tx *tx, struct core *core, struct cx_id tenant_id,
                    struct arena *arena, const struct rule_pack **ret_packs, size_t *ret_count);
/* One version; its text in arena. A packaged one that was activated is kept as a row too, so that another program's text of the
 * same version changes nothing. CX_E_NOTFOUND. */
struct pack_version {
    const struct rule_pack *pack;
    struct cx_str text;
    bool packaged, stored; /* stored: row is filled in */
    struct pack_row row;
};
cx_err pack_version_of(struct store_tx *tx, struct core *core, struct cx_id tenant_id,
                       struct cx_str name, struct cx_str version, struct arena *arena,
                       struct pack_version *ret_version);
