/* thumbnail.c - the first key frame of a segment as a small JPEG, made in a child process
 *
 * One per watched stream, in the monitor's loop; the pictures are made by the pool that decodes for
 * everything else. Pictures by interval give way when the pool is busy, and are tried again with
 * the next segment; those that somebody waits for go first. Freed, it cancels what is under way.
 */
#include "monitor/thumbnail.h"

#include <string.h>

#include "base/timer.h"

/* A moment that nobody can see must not be asked for again and again. */
#define FAILED_PAUSE_US (30 * (gint64)G_USEC_PER_SEC)
#define MAX_PROBLEM 80 /* characters in a placeholder */

struct UsThumbnailer {
  UsDecoder *decoder; /* nullable */
  guint interval_ms;
  UsThumbnailDone done;
  gpointer user_data;
  const char *wanted; /* nullable: reason */
  gint64 last_us;     /* the last picture by interval; 0: none */
  gint64 not_before_us;
  guint job; /* 0: none under way */
  gint64 job_us, job_wall_us;
  const char *job_reason;
  GSource *blank; /* there is no picture: told from the main loop */
};

UsThumbnailer *
us_thumbnailer_new (UsDecoder *decoder, guint interval_ms, UsThumbnailDone done,
                    gpointer user_data) {
  UsThumbnailer *self = g_new0 (UsThumbnailer, 1);
  self->decoder = decoder;
  self->interval_ms = interval_ms;
  self->done = done;
  self->user_data = user_data;
  return self;
}

/**
 * us_thumbnailer_free:
 * @thumbnailer: (transfer full)
 */
void
us_thumbnailer_free (UsThumbnailer *thumbnailer) {
  us_timer_stop (&thumbnailer->blank);
  if (thumbnailer->job != 0)
    us_decoder_cancel (thumbnailer->decoder, thumbnailer->job);
  g_free (thumbnailer);
}

void
us_thumbnailer_want (UsThumbnailer *thumbnailer, const char *reason) {
  thumbnailer->wanted = reason;
}

gboolean
us_thumbnailer_is_due (const UsThumbnailer *thumbnailer, gint64 now_us) {
  const UsThumbnailer *self = thumbnailer;
  if (self->job != 0 || self->blank != NULL)
    return FALSE;
  if (self->wanted != NULL)
    return TRUE;
  return self->interval_ms > 0 && now_us >= self->not_before_us
         && (self->last_us == 0 || now_us - self->last_us >= (gint64)self->interval_ms * 1000);
}

static void
on_done (const UsDecoded *decoded, const UsDecodedPicture *picture, const GError *error,
         gpointer data) {
  UsThumbnailer *self = data;
  self->job = 0;
  if (picture == NULL)
    self->not_before_us = self->job_us + FAILED_PAUSE_US;
  self->done (self->job_wall_us, picture != NULL ? picture->jpeg : NULL,
              picture != NULL ? picture->width : 0, picture != NULL ? picture->height : 0,
              self->job_reason, error != NULL ? error->message : NULL,
              self->user_data); /* last: it may free us */
}

static gboolean
on_blank (gpointer data) {
  UsThumbnailer *self = data;
  us_timer_stop (&self->blank);
  self->done (self->job_wall_us, NULL, 0, 0, self->job_reason,
              self->decoder != NULL ? "the segment could not be had, or is encrypted"
                                    : "pictures are not made here",
              self->user_data); /* last: it may free us */
  return G_SOURCE_REMOVE;
}

/**
 * us_thumbnailer_make_async:
 */
gboolean
us_thumbnailer_make_async (UsThumbnailer *thumbnailer, gint64 now_us, gint64 wall_us,
                           GBytes *segment, GBytes *init) {
  UsThumbnailer *self = thumbnailer;
  if (!us_thumbnailer_is_due (self, now_us))
    return FALSE;
  gboolean is_wanted = self->wanted != NULL;
  gboolean has_source = self->decoder != NULL && segment != NULL && g_bytes_get_size (segment) > 0;
  if (has_source) {
    self->job = us_decoder_push (self->decoder, US_DECODE_PICTURE,
                                 is_wanted ? US_DECODE_WANTED : US_DECODE_ROUTINE, segment, init,
                                 on_done, self);
    if (self->job == 0)
      return FALSE;
  } else {
    self->not_before_us = now_us + FAILED_PAUSE_US;
    us_timer_start (&self->blank, 0, "thumbnail-blank", on_blank, self);
  }
  self->job_us = now_us;
  self->job_wall_us = wall_us;
  self->job_reason = is_wanted ? self->wanted : "interval";
  self->wanted = NULL;
  self->last_us = now_us;
  return TRUE;
}

/**
 * us_thumbnail_placeholder:
 *
 * Needs no font, script or other resource beyond what a browser has.
 */
GBytes *
us_thumbnail_placeholder (const char *problem) {
  g_autofree char *valid = g_utf8_make_valid (problem != NULL ? problem : "", -1);
  g_autofree char *cut = g_utf8_substring (valid, 0, MIN (g_utf8_strlen (valid, -1), MAX_PROBLEM));
  g_autofree char *text = g_markup_escape_text (cut, -1);
  char *svg = g_strdup_printf (
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 320 "
      "180\" "
      "role=\"img\" aria-label=\"No picture\">\n"
      "<style>.b{fill:#e5e7eb}.f{fill:#374151}.l{stroke:#9ca3af}"
      "@media(prefers-color-scheme:dark){.b{fill:#1f2937}.f{fill:#d1d5db}.l{stroke:#6b7280}}"
      "</style>\n"
      "<rect class=\"b\" width=\"320\" height=\"180\"/>\n"
      "<path class=\"l\" d=\"M0 0L320 180M320 0L0 180\" stroke-width=\"1\"/>\n"
      "<rect class=\"b\" x=\"20\" y=\"68\" width=\"280\" height=\"46\"/>\n"
      "<g class=\"f\" font-family=\"sans-serif\" text-anchor=\"middle\">"
      "<text x=\"160\" y=\"88\" font-size=\"16\">No picture</text>"
      "<text x=\"160\" y=\"106\" font-size=\"9\">%s</text></g>\n</svg>\n",
      US_THUMBNAIL_MAX_WIDTH, US_THUMBNAIL_MAX_HEIGHT, text);
  return g_bytes_new_take (svg, strlen (svg));
}
