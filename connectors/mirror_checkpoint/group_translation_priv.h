/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers GET /connectors/X/translate?group=... for MirrorCheckpointConnector: where groups are on
 * the target by their checkpoints, as Java's RemoteClusterUtils.translateOffsets answers (KIP-1239:
 * for many groups), and the translation of what they have committed by now.
 *
 * If the source can't be asked, for example after it was lost, the checkpoints answer alone. Any
 * thread.
 */
#ifndef CONNECTORS_MIRROR_CHECKPOINT_GROUP_TRANSLATION_PRIV_H
#define CONNECTORS_MIRROR_CHECKPOINT_GROUP_TRANSLATION_PRIV_H

#include "mirror/mirror_config.h"

/* As kc_connector_ops.translate_groups. */
struct kc_error *kc_mirror_translate_groups(const struct kc_plugin *plugin,
                                            const struct kc_map *config, const json_t *question,
                                            json_t **answer) KC_MUST_CHECK;

#endif
