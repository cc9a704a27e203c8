/* SPDX-License-Identifier: Apache-2.0 */
/* /metrics and /health of a gateway, asked as a scraper does. */
#include "gateway/gateway_http_priv.h"

#include "gateway/gateway_metrics_priv.h"
#include "link/link_check.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *health = "starting";

static const char *on_health(void *arg)
{
    return health;
}

static const struct gateway_http_sight sight = {on_health, NULL};

/* The whole answer to a request; the caller's. */
static char *ask(const struct gateway_http *http, const char *request)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)gateway_http_port(http)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct kc_str answer = {0};
    char buffer[4096];
    ssize_t len;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(write(fd, request, strlen(request)), (ssize_t)strlen(request));
    while ((len = read(fd, buffer, sizeof(buffer))) > 0)
        kc_str_append_n(&answer, buffer, (size_t)len);
    close(fd);
    return kc_str_take(&answer);
}

static void assert_answer(const struct gateway_http *http, const char *request, const char *status,
                          const char *part)
{
    char *answer = ask(http, request);
    ck_assert_msg(strncmp(answer + 9, status, 3) == 0, "%s", answer);
    ck_assert_msg(strstr(answer, part), "%s", answer);
    free(answer);
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

START_TEST(a_scraper_gets_the_numbers)
{
    struct gateway_http *http = NULL;
    gateway_metrics_begin();
    gateway_measure_add(GATEWAY_REQUESTS_ROUTED, 7);
    gateway_measure_add(GATEWAY_HELD_MS, 1500);
    ck_assert_ptr_null(gateway_http_start("http://127.0.0.1:0", &sight, &http));
    assert_answer(http, GET("/metrics"), "200",
                  "isthmus_gateway_requests_total{way=\"routed\"} 7\n");
    assert_answer(http, GET("/metrics"), "200", "isthmus_gateway_hold_seconds_total 1.5\n");
    assert_answer(http, GET("/metrics"), "200", "isthmus_gateway_lease_age_seconds 0\n");
    assert_answer(http, GET("/metrics"), "200", "process_open_fds ");
    gateway_http_stop(http);
}
END_TEST

START_TEST(health_is_told)
{
    struct gateway_http *http = NULL;
    ck_assert_ptr_null(gateway_http_start("http://127.0.0.1:0", &sight, &http));
    assert_answer(http, GET("/health"), "503", "{\"status\":\"starting\"}");
    health = "healthy";
    assert_answer(http, GET("/health"), "200", "{\"status\":\"healthy\"}");
    assert_answer(http, GET("/other"), "404", "/metrics");
    assert_answer(http,
                  "POST /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                  "Content-Length: 3\r\n\r\nabc",
                  "405", "Allow: GET");
    gateway_http_stop(http);
}
END_TEST

START_TEST(wrong_listeners_are_named)
{
    static const char *const wrong[] = {"https://127.0.0.1:1", "127.0.0.1:1", "http://127.0.0.1",
                                        "http://127.0.0.1:x", "http://127.0.0.1:99999"};
    struct gateway_http *http = NULL;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        struct kc_error *err = gateway_http_start(wrong[i], &sight, &http);
        ck_assert_msg(kc_error_code(err) == KC_ERR_CONFIG, "%s", wrong[i]);
        ck_assert_ptr_nonnull(strstr(kc_error_text(err), "gateway.metrics.listener"));
        kc_error_destroy(err);
    }
    ck_assert_ptr_null(gateway_http_start(NULL, &sight, &http));
    ck_assert_ptr_null(http);
}
END_TEST

RUN_TESTS("gateway_http", 20, a_scraper_gets_the_numbers, health_is_told, wrong_listeners_are_named)
