/* tail.h - whether the last, cut-off segment of a timeline is worth publishing */
#pragma once

#include "rtmp/mark.h"

G_BEGIN_DECLS

/* How long a track may keep a segment waiting for its first frame. Encoders interleave their tracks
 * within some tens of milliseconds, careless ones within a few hundred; a track that has not come
 * for half a second had ended by itself, and what came of the other one is owed to viewers. */
#define US_TAIL_LOOSE_MS 500

gboolean us_tail_is_loose (UsTracks before, UsTracks tail, gint64 received_ms);

G_END_DECLS
