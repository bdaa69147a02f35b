/* probe-private.h - what the two halves of the probe share */
#pragma once

#include "hls/nal.h"
#include "hls/probe.h"

G_BEGIN_DECLS

/* UsProbeBuilder: a probe on its way. */
typedef struct {
  UsProbe *probe;
  GArray *times; /* element-type gint64: pts of every picture, us */
} UsProbeBuilder;

gboolean us_probe_fail (UsProbeError code, GError **error, const char *format, ...)
    G_GNUC_PRINTF (3, 4);
gboolean us_probe_wrap (GError *cause, GError **error);
gboolean us_probe_add_picture (UsProbeBuilder *builder, gint64 pts_us, const UsAccessUnit *unit,
                               gsize offset, GError **error);
gint64 us_probe_median_step (GArray *times);
gint64 us_probe_us_from_ticks (gint64 ticks);

gboolean us_probe_ts (UsProbeBuilder *builder, const guint8 *data, gsize size, const guint8 *init,
                      gsize init_size, GError **error);
gboolean us_probe_fmp4 (UsProbeBuilder *builder, const guint8 *data, gsize size, const guint8 *init,
                        gsize init_size, GError **error);

G_END_DECLS
