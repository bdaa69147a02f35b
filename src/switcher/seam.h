/* seam.h - whether two segments can be played one after the other without a DISCONTINUITY */
#pragma once

#include "hls/probe.h"

G_BEGIN_DECLS

gboolean us_seam_is_smooth (const UsProbe *before, const UsProbe *after);

G_END_DECLS
