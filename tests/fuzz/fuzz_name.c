/* Names: first octet the kind, then the text. The normal form is stable: it parses to itself. */
#include "tests/fuzz/fuzz.h"
#include "pki/name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = ARENA_INIT(1 << 20);
    struct cx_diag diag = CX_DIAG_INIT;
    struct pki_name name;
    struct pki_name again;
    struct cx_str text;
    if (size == 0)
        return 0;
    enum pki_name_kind kind = (enum pki_name_kind)(data[0] % PKI_NAME_COUNT);
    cx_err err = pki_name_parse(&arena, kind, (struct cx_str){(const char *)data + 1, size - 1},
                                "/n", &diag, &name);
    if (cx_failed(err)) {
        FUZZ_REQUIRE(diag.rule[0] && diag.field[0]);
    } else {
        FUZZ_REQUIRE(cx_is_ok(pki_name_to_text(&arena, &name, &text)));
        FUZZ_REQUIRE(cx_is_ok(pki_name_parse(&arena, kind, text, "/n", NULL, &again)));
        FUZZ_REQUIRE(pki_name_eq(&name, &again));
    }
    arena_clear(&arena);
    return 0;
}
