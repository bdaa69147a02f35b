/* window.h - the segments of one stream that an origin lists and keeps, and their playlist */
#pragma once

#include "hls/segment.h"

G_BEGIN_DECLS

/* UsWindow: an unbroken run of segment numbers, newest last. What left the playlist stays
 * fetchable for as long as RFC 8216 6.2.2 asks: its own duration and that of the longest playlist
 * that listed it. */
typedef struct UsWindow UsWindow;

UsWindow *us_window_new (guint n_listed);
/* Takes a reference. FALSE, and nothing changes, when the number does not rise. A number that
 * leaves a hole starts the run anew: an origin never lists what a player could take for
 * consecutive. @target_duration_s: fixed by the first segment. */
gboolean us_window_append (UsWindow *window, UsSegment *segment, guint target_duration_s);
guint64 us_window_get_last_number (const UsWindow *window); /* 0: empty */
guint us_window_get_target_duration_s (const UsWindow *window);
guint us_window_get_n_listed (const UsWindow *window);
gsize us_window_get_bytes (const UsWindow *window);
/* Returns: (transfer full) (nullable): NULL while empty */
GBytes *us_window_render (const UsWindow *window);
/* Everything that must still answer, oldest first.
 * Returns: (transfer none) (element-type UsSegment) */
const GPtrArray *us_window_get_segments (const UsWindow *window);
void us_window_free (UsWindow *window);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsWindow, us_window_free)

G_END_DECLS
