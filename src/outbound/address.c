#include "outbound/address.h"

#include "base/bytes.h"
#include "base/checked.h"

#include <netinet/in.h>
#include <string.h>

/* IANA IPv4 Special-Purpose Address Registry (RFC 6890), and multicast and reserved space. */
static const struct {
    uint32_t prefix;
    int bits;
} closed_ipv4[] = {
    {0x00000000, 8},  /* 0.0.0.0/8: this network */
    {0x0a000000, 8},  /* 10.0.0.0/8: private */
    {0x64400000, 10}, /* 100.64.0.0/10: carrier NAT */
    {0x7f000000, 8},  /* 127.0.0.0/8: loopback */
    {0xa9fe0000, 16}, /* 169.254.0.0/16: link-local, cloud metadata */
    {0xac100000, 12}, /* 172.16.0.0/12: private */
    {0xc0000000, 24}, /* 192.0.0.0/24: protocol assignments */
    {0xc0000200, 24}, /* 192.0.2.0/24: documentation */
    {0xc0586300, 24}, /* 192.88.99.0/24: 6to4 relays */
    {0xc0a80000, 16}, /* 192.168.0.0/16: private */
    {0xc6120000, 15}, /* 198.18.0.0/15: benchmarking */
    {0xc6336400, 24}, /* 198.51.100.0/24: documentation */
    {0xcb007100, 24}, /* 203.0.113.0/24: documentation */
    {0xe0000000, 3},  /* 224.0.0.0/3: multicast, reserved, broadcast */
};

/* Parts of the global unicast space 2000::/3 that are not: everything outside 2000::/3 is closed. */
static const struct {
    uint8_t prefix[4];
    int bits;
} closed_ipv6[] = {
    {{0x20, 0x01, 0x00, 0x00}, 23}, /* 2001::/23: protocol assignments, Teredo */
    {{0x20, 0x01, 0x0d, 0xb8}, 32}, /* 2001:db8::/32: documentation */
    {{0x20, 0x02, 0x00, 0x00}, 16}, /* 2002::/16: 6to4 carries any IPv4 address */
    {{0x3f, 0xff, 0x00, 0x00}, 20}, /* 3fff::/20: documentation */
};

static bool ipv4_is_public(uint32_t address)
{
    for (size_t i = 0; i < CX_COUNT_OF(closed_ipv4); i++)
        if ((address ^ closed_ipv4[i].prefix) >> (32 - closed_ipv4[i].bits) == 0)
            return false;
    return true;
}

static bool ipv6_matches(const uint8_t address[static 16], const uint8_t prefix[static 4], int bits)
{
    uint32_t a = (uint32_t)address[0] << 24 | (uint32_t)address[1] << 16 |
                 (uint32_t)address[2] << 8 | address[3];
    uint32_t p = (uint32_t)prefix[0] << 24 | (uint32_t)prefix[1] << 16 | (uint32_t)prefix[2] << 8 |
                 prefix[3];
    return (a ^ p) >> (32 - bits) == 0;
}

static bool ipv6_is_public(const uint8_t address[static 16])
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (cx_bytes_eq(CX_BYTES(address, 12), CX_BYTES(mapped, 12))) /* ::ffff:a.b.c.d is a.b.c.d */
        return ipv4_is_public((uint32_t)address[12] << 24 | (uint32_t)address[13] << 16 |
                              (uint32_t)address[14] << 8 | address[15]);
    if ((address[0] & 0xe0) != 0x20)
        return false;
    for (size_t i = 0; i < CX_COUNT_OF(closed_ipv6); i++)
        if (ipv6_matches(address, closed_ipv6[i].prefix, closed_ipv6[i].bits))
            return false;
    return true;
}

bool outbound_address_is_public(const struct sockaddr *address, socklen_t len)
{
    if (address->sa_family == AF_INET && len >= sizeof(struct sockaddr_in)) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof(in));
        return ipv4_is_public(ntohl(in.sin_addr.s_addr));
    }
    if (address->sa_family == AF_INET6 && len >= sizeof(struct sockaddr_in6)) {
        struct sockaddr_in6 in6;
        memcpy(&in6, address, sizeof(in6));
        return ipv6_is_public(in6.sin6_addr.s6_addr);
    }
    return false;
}
