/* recut.h - the rest of a transport stream segment from one of its random access points on */
#pragma once

#include "hls/probe.h"

G_BEGIN_DECLS

/* The tables, then every video PES from @picture's on that is shown at or after it, and every audio
 * PES with a time at or after its own; other PIDs as they come. Continuity counters inside the
 * result do not jump. Returns: (transfer full): NULL with US_PROBE_ERROR */
GBytes *us_recut_from (GBytes *ts, const UsPicture *picture,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
