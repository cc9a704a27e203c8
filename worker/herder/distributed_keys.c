/* SPDX-License-Identifier: Apache-2.0 */
/* Session keys in the distributed herder (KIP-507): rotation by the leader, checks by all. */
#include "connect/log.h"
#include "herder/distributed_priv.h"

#include <stdlib.h>
#include <strings.h>

static struct kc_logger log =
    KC_LOGGER("org.apache.kafka.connect.runtime.distributed.DistributedHerder");

enum { RETRY_MS = 1000 };

/* The record may say anything of when the key was made. */
static int64_t expiration(int64_t created_ms, int64_t ttl_ms)
{
    if (ttl_ms <= 0)
        return INT64_MAX;
    return created_ms > INT64_MAX - ttl_ms ? INT64_MAX : created_ms + ttl_ms;
}

/* Keys of the config topic, on its thread, from the start on. */
void kc_distributed_session_key_updated(void *opaque)
{
    struct kc_distributed *herder = opaque;
    struct kc_cluster_state *state = kc_config_store_snapshot(herder->base.config_store);
    const struct kc_session_key *key = kc_cluster_state_session_key(state);
    if (key && key->key) {
        kc_info("Session key updated");
        pthread_mutex_lock(&herder->base.lock);
        kc_session_key_copy(&herder->session_key, key);
        herder->key_expiration_ms = expiration(key->created_ms, herder->key_ttl_ms);
        pthread_mutex_unlock(&herder->base.lock);
    }
    kc_cluster_state_unref(state);
}

void kc_distributed_session_key(struct kc_distributed *herder, struct kc_session_key *key)
{
    pthread_mutex_lock(&herder->base.lock);
    if (herder->session_key.key)
        kc_session_key_copy(key, &herder->session_key);
    pthread_mutex_unlock(&herder->base.lock);
}

struct generator {
    const char *algorithm;
    int bits;
};

static struct generator generator(const struct kc_distributed *herder)
{
    const struct kc_config *values = herder->base.config->values;
    struct generator settings = {kc_config_string(values, "inter.worker.key.generation.algorithm"),
                                 0};
    if (!kc_config_is_null(values, "inter.worker.key.size"))
        settings.bits = (int)kc_config_long(values, "inter.worker.key.size");
    return settings;
}

static bool must_rotate(struct kc_distributed *herder)
{
    if (atomic_load(&herder->protocol_version) < 2 || !kc_distributed_is_leader(herder))
        return false;
    struct generator wanted = generator(herder);
    pthread_mutex_lock(&herder->base.lock);
    const struct kc_session_key *key = &herder->session_key;
    bool rotate = !key->key || herder->key_expiration_ms <= kc_now_ms() ||
                  strcasecmp(key->algorithm, wanted.algorithm) != 0 ||
                  kc_session_key_bytes(key) != kc_session_key_length(wanted.algorithm, wanted.bits);
    pthread_mutex_unlock(&herder->base.lock);
    return rotate;
}

bool kc_distributed_rotate_key(struct kc_distributed *herder)
{
    if (!must_rotate(herder))
        return true;
    kc_debug("Distributing new session key");
    struct kc_herder *base = &herder->base;
    struct generator wanted = generator(herder);
    struct kc_session_key key = {0};
    struct kc_error *err = kc_session_key_generate(wanted.algorithm, wanted.bits, &key);
    if (!err) {
        kc_stage_begin(&base->stage, "writing a new session key to the config topic");
        err =
            kc_distributed_wrote(herder, kc_config_store_put_session_key(base->config_store, &key));
        kc_stage_end(&base->stage);
    }
    kc_session_key_clear(&key);
    if (!err)
        return true;
    char *why = kc_error_trace(err);
    kc_info("Failed to write new session key to config topic; forcing a read to the end of the "
            "config topic before possibly retrying: %s",
            why);
    free(why);
    kc_error_destroy(err);
    herder->can_read_configs = false;
    kc_herder_sleep(base, RETRY_MS); /* a broker that refuses at once is asked again, not stormed */
    return false;
}

int64_t kc_distributed_next_rotation(struct kc_distributed *herder)
{
    if (atomic_load(&herder->protocol_version) < 2 || !kc_distributed_is_leader(herder))
        return INT64_MAX;
    pthread_mutex_lock(&herder->base.lock);
    int64_t expires_ms = herder->key_expiration_ms;
    pthread_mutex_unlock(&herder->base.lock);
    int64_t now = kc_now_ms();
    if (expires_ms == INT64_MAX || expires_ms <= now)
        return expires_ms == INT64_MAX ? INT64_MAX : kc_mono_ms();
    return kc_mono_ms() + (expires_ms - now);
}

struct kc_error *kc_distributed_check_signature(struct kc_herder *base,
                                                const struct kc_signature *signature)
{
    struct kc_distributed *herder = kc_distributed_of(base);
    struct kc_session_key key = {0};
    kc_distributed_session_key(herder, &key);
    struct kc_error *err = kc_signature_check(
        signature, atomic_load(&herder->protocol_version) >= 2,
        kc_config_list(base->config->values, "inter.worker.verification.algorithms"), &key);
    kc_session_key_clear(&key);
    return err;
}
