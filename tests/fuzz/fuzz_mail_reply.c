/* A relay's reply line: a code is three digits of 200 … 599 and nothing else, and what it means never depends on more. */
#include "outbound/mail.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cx_str reply = {(const char *)data, size};
    uint16_t code = mail_reply_code(reply);
    FUZZ_REQUIRE(code == 0 || (code >= 200 && code <= 599 && size >= 3));
    if (code)
        FUZZ_REQUIRE(data[0] == '0' + code / 100 && data[1] == '0' + code / 10 % 10 &&
                     data[2] == '0' + code % 10);
    FUZZ_REQUIRE(mail_judge(CX_STR("RCPT"), code) != OUTBOUND_LETTER_SENT);
    FUZZ_REQUIRE(mail_judge(CX_STR("MAIL"), code) == OUTBOUND_LETTER_AWAY);
    return 0;
}
