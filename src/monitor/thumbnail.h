/* thumbnail.h - the first key frame of a segment as a small JPEG, made in a child process */
#pragma once

#include "monitor/decoder.h"

G_BEGIN_DECLS

#define US_THUMBNAIL_MAX_WIDTH 320
#define US_THUMBNAIL_MAX_HEIGHT 180

/* UsThumbnailer: of one stream; at most one picture is under way, and pictures nobody waits for are
 * made once per interval only. */
typedef struct UsThumbnailer UsThumbnailer;

/* @jpeg: (nullable): none could be made; @reason: as given; @problem: (nullable): one plain
 * sentence, why not */
typedef void (*UsThumbnailDone) (gint64 wall_us, GBytes *jpeg, guint width, guint height,
                                 const char *reason, const char *problem, gpointer user_data);

/* @decoder: (nullable): stays the caller's and outlives the thumbnailer
 * @interval_ms: between two pictures that nobody asked for; 0: none of these */
UsThumbnailer *us_thumbnailer_new (UsDecoder *decoder, guint interval_ms, UsThumbnailDone done,
                                   gpointer user_data);
void us_thumbnailer_free (UsThumbnailer *thumbnailer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsThumbnailer, us_thumbnailer_free)

/* The next segment gives a picture, whatever the interval says. @reason: static, "finding" */
void us_thumbnailer_want (UsThumbnailer *thumbnailer, const char *reason);
/* Whether us_thumbnailer_make_async() would begin a picture now: then it is worth the bytes. */
gboolean us_thumbnailer_is_due (const UsThumbnailer *thumbnailer, gint64 now_us);
/* Begins a picture when one is wanted or due ("interval"), else does nothing. @now_us: monotonic;
 * @wall_us: of the picture; @segment: (nullable): encrypted or not had: no picture, says so;
 * @init: (nullable). @done is called later, from the main loop.
 * Returns: whether it began */
gboolean us_thumbnailer_make_async (UsThumbnailer *thumbnailer, gint64 now_us, gint64 wall_us,
                                    GBytes *segment, GBytes *init);

/* What stands in for a picture: SVG, 320 x 180, light and dark. @problem: (nullable)
 * Returns: (transfer full) */
GBytes *us_thumbnail_placeholder (const char *problem);

G_END_DECLS
