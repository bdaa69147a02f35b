/* probe-private.h - what the parts of the probe share */
#pragma once

#include "hls/audio-frame.h"
#include "hls/cue.h"
#include "hls/inspect.h"
#include "hls/mp4-init.h"
#include "hls/nal.h"
#include "hls/probe.h"

G_BEGIN_DECLS

/* UsInspector: an inspection on its way. Whoever inspects wants to know how much is damaged, so the
 * reading goes on where the switcher's probe gives up. */
typedef struct {
  UsInspection *out;
  GArray *deltas, *frames; /* element-type guint32: bytes of pictures and of audio frames */
  gint64 video_edit_us, audio_edit_us; /* fragmented MP4: what edit lists add to the times */
  UsCueReader cues;
} UsInspector;

/* UsProbeBuilder: a probe on its way. @inspector: nullable */
typedef struct {
  UsProbe *probe;
  GArray *times; /* element-type gint64: pts of every picture, us */
  UsInspector *inspector;
} UsProbeBuilder;

gboolean us_probe_fail (UsProbeError code, GError **error, const char *format, ...)
    G_GNUC_PRINTF (3, 4);
gboolean us_probe_wrap (GError *cause, GError **error);
gboolean us_probe_add_picture (UsProbeBuilder *builder, gint64 pts_us, const UsAccessUnit *unit,
                               gsize offset, gsize size, GError **error);
gint64 us_probe_usual_step (GArray *times);
gint64 us_probe_us_from_ticks (gint64 ticks);

UsProbe *us_probe_read (GBytes *segment, GBytes *init, UsInspector *inspector,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean us_probe_ts (UsProbeBuilder *builder, const guint8 *data, gsize size, const guint8 *init,
                      gsize init_size, GError **error);
gboolean us_probe_fmp4 (UsProbeBuilder *builder, const guint8 *data, gsize size, const guint8 *init,
                        gsize init_size, GError **error);
gboolean us_probe_looks_packed (const guint8 *data, gsize size);
gboolean us_probe_packed (UsProbeBuilder *builder, const guint8 *data, gsize size, GError **error);

/* What the parts tell an inspector; it may be NULL. */
gboolean us_inspector_has_damage (const UsInspector *inspector);
void us_inspector_add_picture (UsInspector *inspector, const UsAccessUnit *unit, gsize size);
void us_inspector_add_frame (UsInspector *inspector, gsize size);
void us_inspector_set_sound (UsInspector *inspector, guint16 stream_type, guint n_channels,
                             const UsAudioFrame *frame);
void us_inspector_set_track (UsInspector *inspector, const UsMp4Track *track);

G_END_DECLS
