/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers GET /connectors/X/translate?group=... for MirrorCheckpointConnector: where groups are on
 * the target, as Java's RemoteClusterUtils.translateOffsets says (by checkpoints; KIP-1239: for
 * many groups), and where what they have committed by now would be.
 *
 * Where the source can't be asked, say after it was lost, the checkpoints alone answer. Any thread.
 */
#ifndef CONNECTORS_MIRROR_CHECKPOINT_GROUP_TRANSLATION_PRIV_H
#define CONNECTORS_MIRROR_CHECKPOINT_GROUP_TRANSLATION_PRIV_H

#include "mirror/mirror_config.h"

/* As kc_connector_ops.translate_groups. */
struct kc_error *kc_mirror_translate_groups(const struct kc_plugin *plugin,
                                            const struct kc_map *config, const json_t *question,
                                            json_t **answer) KC_MUST_CHECK;

#endif
