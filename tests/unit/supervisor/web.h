/* A web client for the tree test: one request, its status, head and body. */
#pragma once
#include "tests/lib/test.h"

#include <curl/curl.h>

enum { BODY_MAX = 65536 };

struct answer {
    long status;
    char body[BODY_MAX];
    size_t len;
    char head[8192];
    size_t head_len;
};

static inline size_t take_body(char *data, size_t size, size_t count, void *arg)
{
    struct answer *answer = arg;
    size_t len = size * count;
    if (len > sizeof(answer->body) - 1 - answer->len)
        return 0;
    memcpy(answer->body + answer->len, data, len);
    answer->len += len;
    return len;
}

static inline size_t take_head(char *data, size_t size, size_t count, void *arg)
{
    struct answer *answer = arg;
    size_t len = size * count;
    if (len > sizeof(answer->head) - 1 - answer->head_len)
        return 0;
    memcpy(answer->head + answer->head_len, data, len);
    answer->head_len += len;
    return len;
}

static inline CURL *new_client(const char *url, struct answer *answer)
{
    CURL *easy = curl_easy_init();
    assert_non_null(easy);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L); /* a certificate made for this test */
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 10000L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, answer);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_head);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, answer);
    return easy;
}

static inline CURLcode perform(CURL *easy, struct answer *answer)
{
    answer->len = answer->head_len = 0;
    CURLcode rc = curl_easy_perform(easy);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &answer->status);
    answer->body[answer->len] = '\0';
    answer->head[answer->head_len] = '\0';
    return rc;
}
