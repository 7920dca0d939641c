#include "tests/lib/test.h"
#include "outbound/address.h"

#include <netdb.h>

/* As a URL's host would be read: getaddrinfo accepts every textual form that an attacker might try. */
static bool is_public(const char *host)
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    assert_int_equal(getaddrinfo(host, "80", &hints, &found), 0);
    bool answer = outbound_address_is_public(found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    return answer;
}

static void test_public_addresses(void **state)
{
    (void)state;
    static const char *const hosts[] = {
        "1.1.1.1",     "8.8.8.8",         "9.255.255.255", "11.0.0.0",     "100.63.0.1",
        "100.128.0.1", "172.15.0.1",      "172.32.0.1",    "192.167.1.1",  "198.17.0.1",
        "198.20.0.1",  "223.255.255.255", "2606:4700::1",  "2001:4860::8", "::ffff:1.1.1.1"};
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
        assert_true(is_public(hosts[i]));
}

static void test_closed_addresses_in_every_spelling(void **state)
{
    (void)state;
    static const char *const hosts[] = {"127.0.0.1",
                                        "127.1",
                                        "2130706433",
                                        "0x7f000001",
                                        "0177.0.0.1",
                                        "127.255.255.255",
                                        "0.0.0.0",
                                        "0",
                                        "10.0.0.1",
                                        "10.255.255.255",
                                        "100.64.0.1",
                                        "100.127.255.255",
                                        "169.254.169.254",
                                        "0xa9fea9fe",
                                        "172.16.0.1",
                                        "172.31.255.255",
                                        "192.0.0.1",
                                        "192.0.2.1",
                                        "192.88.99.1",
                                        "192.168.0.1",
                                        "198.18.0.1",
                                        "198.19.255.255",
                                        "198.51.100.1",
                                        "203.0.113.1",
                                        "224.0.0.1",
                                        "240.0.0.1",
                                        "255.255.255.255",
                                        "::",
                                        "::1",
                                        "::ffff:127.0.0.1",
                                        "::ffff:10.0.0.1",
                                        "::127.0.0.1",
                                        "64:ff9b::7f00:1",
                                        "fe80::1",
                                        "fc00::1",
                                        "fd00::1",
                                        "fec0::1",
                                        "ff02::1",
                                        "2001::1",
                                        "2001:db8::1",
                                        "2002:7f00:1::",
                                        "3fff::1",
                                        "100::1",
                                        "4000::1"};
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
        if (is_public(hosts[i]))
            fail_msg("%s is taken for public", hosts[i]);
}

static void test_other_families_and_short_addresses_are_closed(void **state)
{
    (void)state;
    const struct sockaddr_storage address = {.ss_family = AF_UNIX};
    const struct sockaddr_storage short_one = {.ss_family = AF_INET};
    assert_false(outbound_address_is_public((const struct sockaddr *)&address, sizeof(address)));
    assert_false(outbound_address_is_public((const struct sockaddr *)&short_one, 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_public_addresses),
        cmocka_unit_test(test_closed_addresses_in_every_spelling),
        cmocka_unit_test(test_other_families_and_short_addresses_are_closed),
    };
    return cmocka_run_group_tests_name("outbound/address", tests, NULL, NULL);
}
