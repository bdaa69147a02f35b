/* intake.h - what one publisher sends, received and kept ready in case it has to feed the stream */
#pragma once

#include "ingest/punctual.h"
#include "ingest/rates.h"
#include "rtmp/message.h"

G_BEGIN_DECLS

#define US_INTAKE_KEEP_MS 3000 /* key frames so far back are kept, and what follows the oldest */
#define US_INTAKE_MAX_ITEMS 8192
#define US_INTAKE_MAX_BYTES                                                                        \
  (24 * 1024 * 1024) /* of payload; beyond, the next key frame starts anew */

typedef struct UsIntake UsIntake;

typedef void (*UsIntakeFunc) (UsRtmpMessageType type, guint32 timestamp_ms, GBytes *payload,
                              gint64 arrived_us, gpointer user_data);

UsIntake *us_intake_new (void);
gboolean us_intake_push (UsIntake *intake, const UsRtmpMessage *message, gint64 now_us,
                         gint64 limit_ms);
void us_intake_keep (UsIntake *intake, gboolean is_wanted);
gboolean us_intake_is_ready (const UsIntake *intake);
const UsPunctual *us_intake_get_punctual (const UsIntake *intake);
const UsRates *us_intake_get_rates (const UsIntake *intake);
gint64 us_intake_nearest_key_us (const UsIntake *intake, gint64 at_us);
gint64 us_intake_next_key_us (const UsIntake *intake);
gsize us_intake_get_bytes (const UsIntake *intake);
void us_intake_replay (UsIntake *intake, gint64 key_us, UsIntakeFunc func, gpointer user_data);
void us_intake_free (UsIntake *intake);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsIntake, us_intake_free)

G_END_DECLS
