/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers in which addresses stand, or versions: how they are told to clients. Everything else
 * passes as the bytes that it is. Pure but for the nodes; any thread. All input is untrusted.
 */
#ifndef WORKER_GATEWAY_GATEWAY_REWRITE_PRIV_H
#define WORKER_GATEWAY_GATEWAY_REWRITE_PRIV_H

#include "gateway/gateway_nodes_priv.h"
#include "wire/codec.h"

/* Whether an answer to that API may have to be rewritten: Metadata, FindCoordinator,
 * DescribeCluster, ApiVersions, and Produce, Fetch, ShareFetch, ShareAcknowledge in versions that
 * name leaders (KIP-951). */
bool gateway_rewrites(int api, int version);

/* What versions clients may use: per API, the lower of the target's, the gateway's (for those that
 * it must read), and the source's (for those that it routes; from its own ApiVersions). */
struct gateway_versions {
    int16_t max[128]; /* by API key; -1: not offered; INT16_MAX: no limit */
    int16_t min[128];
    int16_t transaction_version; /* the finalized feature's highest level; -1: no limit */
};
void gateway_versions_own(struct gateway_versions *versions);

/* The version in which an answer (behind its header) is written: a broker that doesn't know a
 * version of ApiVersions answers in version 0. */
int gateway_answer_version(int api, int version, const uint8_t *body, size_t len);

/* Rewrites an answer (a frame without its length, with its header) into out, which may refer to
 * records in the frame; *same: nothing had to be changed, and out is untouched. What the answer
 * says of brokers is noted in nodes. KC_ERR_SCHEMA: the target's answer can't be read. */
struct kc_error *gateway_rewrite(int api, int version, const uint8_t *frame, size_t len,
                                 struct gateway_nodes *nodes, size_t listener,
                                 const struct gateway_versions *versions, struct kc_wire_out *out,
                                 bool *same) KC_MUST_CHECK;

#endif
