/* mp4-init.h - the initialisation section of fragmented MP4: tracks and their defaults */
#pragma once

#include "hls/mp4-box.h"
#include "hls/nal.h"
#include "hls/probe.h"

G_BEGIN_DECLS

typedef enum { US_MP4_OTHER, US_MP4_VIDEO, US_MP4_AUDIO } UsMp4Media;

typedef struct {
  guint32 id;
  UsMp4Media media;
  guint32 timescale; /* ticks per second, never 0 */
  guint32 entry;     /* type of its sample entry: avc1, mp4a ... */
  UsNalCodec codec;
  guint nal_length; /* bytes of a NAL unit's length; 0: no such codec */
  guint32 default_duration, default_size, default_flags; /* trex */
  const guint8 *entry_body; /* of the sample entry; as long as the section's bytes */
  gsize entry_size;
  UsMp4Box config_box; /* avcC, hvcC, esds ...; type 0: none */
  gint64 edit_us;      /* what its edit list adds to its times */
  guint64 config;      /* hash of the sample entry, without what changes from segment to segment */
} UsMp4Track;

typedef struct {
  gboolean has_file_type;
  guint32 timescale; /* of the movie; 0: not known */
  guint n_tracks;
  UsMp4Track tracks[US_PROBE_MAX_TRACKS];
} UsMp4Init;

/* UsMp4Esds: what an esds box says of its decoder. */
typedef struct {
  gboolean has_decoder;
  guint object_type;
  const guint8 *info; /* nullable: AudioSpecificConfig */
  gsize info_size;
} UsMp4Esds;

void us_mp4_esds_read (UsMp4Esds *esds, UsMp4Reader body);
gboolean us_mp4_init_read (UsMp4Init *init, const guint8 *data, gsize size,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
UsMp4Track *us_mp4_init_find (UsMp4Init *init, guint32 id);
UsMp4Track *us_mp4_init_first (UsMp4Init *init, UsMp4Media media);

G_END_DECLS
