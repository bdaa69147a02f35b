/* muxer.h - turns raw segments of one stream into MPEG-TS, one pipeline run per segment */
#pragma once

#include "packager/assembler.h"
#include "packager/turnstile.h"

G_BEGIN_DECLS

typedef struct UsMuxer UsMuxer;

/* Called in the main context of us_muxer_new(), in the order of us_muxer_push(). @bytes is the
 * finished segment, or NULL with @error when this segment could not be made. */
typedef void (*UsMuxerFunc) (const UsRawSegment *raw, GBytes *bytes, const GError *error,
                             gpointer user_data);

typedef struct {
  const char *folder;     /* (nullable) of pipeline texts */
  const char *name;       /* "packager-copy" */
  guint deadline_ms;      /* for one segment; a pipeline that takes longer is thrown away. One that
                             encodes video has 4 durations of the segment more */
  guint max_waiting;      /* raw segments that may wait for their turn */
  guint video_kbps;       /* {video-bitrate} of the text: what an encoder shall make */
  UsTurnstile *turnstile; /* (nullable) (not owned): of all muxers of a packager */
  guint turn_ms; /* for so long a run may keep its turn; one that encodes video 2 durations more */
} UsMuxerSettings;

void us_muxer_settings_default (UsMuxerSettings *settings);
gboolean us_muxer_check (const UsMuxerSettings *settings, gboolean *is_encoding,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
UsMuxer *us_muxer_new (const UsMuxerSettings *settings, UsMuxerFunc func, gpointer user_data);
void us_muxer_push (UsMuxer *muxer, UsRawSegment *raw);
void us_muxer_rest (UsMuxer *muxer);
guint us_muxer_get_n_waiting (const UsMuxer *muxer);
guint64 us_muxer_get_n_retried (const UsMuxer *muxer);
guint64 us_muxer_get_n_missing (const UsMuxer *muxer);
gint64 us_muxer_get_run_us (const UsMuxer *muxer);
void us_muxer_free (UsMuxer *muxer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsMuxer, us_muxer_free)

G_END_DECLS
