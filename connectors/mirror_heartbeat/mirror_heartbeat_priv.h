/* SPDX-License-Identifier: Apache-2.0 */
/* MirrorHeartbeatConnector: its plugin descriptor. */
#ifndef CONNECTORS_MIRROR_HEARTBEAT_MIRROR_HEARTBEAT_PRIV_H
#define CONNECTORS_MIRROR_HEARTBEAT_MIRROR_HEARTBEAT_PRIV_H

#include "connect/plugin.h"

extern const struct kc_plugin kc_mirror_heartbeat_plugin;

#endif
