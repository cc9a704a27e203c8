/* SPDX-License-Identifier: Apache-2.0 */
/* The client's clocks of microseconds, by timerfd. See wire_client.h. Loop thread. */
#include "wire/wire_client_priv.h"

#include "connect/mem.h"

#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

struct kc_wire_alarm {
    int fd; /* -1: none was to be had */
    uv_poll_t uv;
    struct kc_wire_timer *timer; /* instead */
    int64_t at_us;               /* 0: not set */
    void (*fn)(void *arg);
    void *arg;
};

static void ring(struct kc_wire_alarm *alarm)
{
    alarm->at_us = 0;
    alarm->fn(alarm->arg);
}

static void on_timer(void *arg)
{
    ring(arg);
}

static void on_expired(uv_poll_t *uv, int status, int events)
{
    struct kc_wire_alarm *alarm = uv->data;
    uint64_t expirations;

    if (read(alarm->fd, &expirations, sizeof(expirations)) == sizeof(expirations))
        ring(alarm);
}

struct kc_wire_alarm *kc_wire_alarm_new(struct kc_wire_client *client, void (*fn)(void *arg),
                                        void *arg)
{
    struct kc_wire_alarm *alarm = kc_calloc(1, sizeof(*alarm));

    alarm->fn = fn;
    alarm->arg = arg;
    alarm->fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (alarm->fd >= 0 && uv_poll_init(&client->loop, &alarm->uv, alarm->fd) != 0) {
        close(alarm->fd);
        alarm->fd = -1;
    }
    if (alarm->fd < 0) {
        alarm->timer = kc_wire_timer_new(client, on_timer, alarm);
        return alarm;
    }
    alarm->uv.data = alarm;
    uv_poll_start(&alarm->uv, UV_READABLE, on_expired);
    return alarm;
}

void kc_wire_alarm_set(struct kc_wire_alarm *alarm, int64_t at_us)
{
    struct itimerspec at = {
        .it_value = {.tv_sec = at_us / 1000000, .tv_nsec = at_us % 1000000 * 1000}};

    if (alarm->at_us == at_us)
        return;
    alarm->at_us = at_us;
    if (alarm->fd < 0)
        kc_wire_timer_start(alarm->timer, (at_us - kc_mono_us() + 999) / 1000);
    else
        timerfd_settime(alarm->fd, TFD_TIMER_ABSTIME, &at, NULL);
}

static void on_closed(uv_handle_t *handle)
{
    struct kc_wire_alarm *alarm = handle->data;

    close(alarm->fd);
    free(alarm);
}

void kc_wire_alarm_destroy(struct kc_wire_alarm *alarm)
{
    if (!alarm)
        return;
    if (alarm->fd >= 0) {
        uv_close((uv_handle_t *)&alarm->uv, on_closed);
        return;
    }
    kc_wire_timer_destroy(alarm->timer);
    free(alarm);
}
