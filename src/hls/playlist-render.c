/* playlist-render.c - HLS playlists (RFC 8216): value in, text out
 *
 * Pure functions of their arguments, so that two origins that hold the same write the same bytes.
 * The counterpart of the parser in playlist.c. */
#include "hls/playlist-private.h"

#include <string.h>

/* Tags: EXT-X-KEY and EXT-X-MAP as a reader has them in force at this point of the text. */
typedef struct {
  const char *key, *map_uri, *map_key;
  UsByteRange map_range;
} Tags;

static void
render_time (GString *text, gint64 wall_ms) {
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (wall_ms / 1000);
  if (time == NULL) /* after the year 9999 */
    return;
  g_string_append_printf (text, "#EXT-X-PROGRAM-DATE-TIME:%04d-%02d-%02dT%02d:%02d:%02d.%03dZ\n",
                          g_date_time_get_year (time), g_date_time_get_month (time),
                          g_date_time_get_day_of_month (time), g_date_time_get_hour (time),
                          g_date_time_get_minute (time), g_date_time_get_second (time),
                          (int)(wall_ms % 1000));
}

/* Brings the keys in force to @key (nullable). Where its lines alone do not lead there, as when a
 * KEYFORMAT is in force that it does not have, all are ended first. */
static void
render_key (GString *text, const char *key, Tags *tags) {
  if (g_strcmp0 (key, tags->key) == 0)
    return;
  g_auto (GStrv) lines = g_strsplit (key != NULL ? key : "", "\n", -1);
  g_autofree char *reached = g_strdup (tags->key);
  for (guint i = 0; lines[i] != NULL; i++) {
    char *next = us_playlist_key_add (reached, lines[i]);
    g_free (reached);
    reached = next;
  }
  if (g_strcmp0 (reached, key) != 0)
    g_string_append (text, "#EXT-X-KEY:METHOD=NONE\n");
  for (guint i = 0; lines[i] != NULL; i++)
    g_string_append_printf (text, "#EXT-X-KEY:%s\n", lines[i]);
  tags->key = key;
}

static void
render_map (GString *text, const UsPlaylistSegment *segment, Tags *tags) {
  const UsByteRange *range = &segment->map_range;
  gboolean is_same = g_strcmp0 (segment->map_uri, tags->map_uri) == 0
                     && g_strcmp0 (segment->map_key, tags->map_key) == 0
                     && range->offset == tags->map_range.offset
                     && range->length == tags->map_range.length;
  if (segment->map_uri == NULL || (is_same && !segment->is_discontinuous))
    return;
  /* The key before the map is the one that encrypts it. */
  render_key (text, segment->map_key, tags);
  g_string_append_printf (text, "#EXT-X-MAP:URI=\"%s\"", segment->map_uri);
  if (range->length > 0)
    g_string_append_printf (text, ",BYTERANGE=\"%" G_GUINT64_FORMAT "@%" G_GUINT64_FORMAT "\"",
                            range->length, range->offset);
  g_string_append_c (text, '\n');
  tags->map_uri = segment->map_uri;
  tags->map_range = *range;
  tags->map_key = segment->map_key;
}

static void
render_segment (GString *text, const UsPlaylistSegment *segment, const UsPlaylistSegment *previous,
                Tags *tags) {
  if (segment->is_discontinuous) {
    guint64 n_tags = 1;
    /* A gap in the numbers takes as many tags, else the next reader counts differently. */
    if (previous != NULL && segment->discontinuity > previous->discontinuity)
      n_tags = MIN (segment->discontinuity - previous->discontinuity, 100);
    while (n_tags-- > 0)
      g_string_append (text, "#EXT-X-DISCONTINUITY\n");
  }
  render_map (text, segment, tags);
  render_key (text, segment->key, tags);
  if (segment->is_gap)
    g_string_append (text, "#EXT-X-GAP\n");
  if (segment->wall_ms >= 0)
    render_time (text, segment->wall_ms);
  gint64 duration_ms = (MAX (segment->duration_us, 0) + 500) / 1000;
  g_string_append_printf (text, "#EXTINF:%" G_GINT64_FORMAT ".%03d,\n", duration_ms / 1000,
                          (int)(duration_ms % 1000));
  if (segment->range.length > 0)
    g_string_append_printf (text, "#EXT-X-BYTERANGE:%" G_GUINT64_FORMAT "@%" G_GUINT64_FORMAT "\n",
                            segment->range.length, segment->range.offset);
  g_string_append_printf (text, "%s\n", segment->uri);
}

/* RFC 8216 7: what the tags of the segments ask a reader to know. */
static guint
needed_version (const UsPlaylist *playlist) {
  guint version = 1;
  for (guint i = 0; i < playlist->segments->len; i++) {
    const UsPlaylistSegment *segment = g_ptr_array_index (playlist->segments, i);
    if (segment->map_uri != NULL)
      return 6;
    if (segment->range.length > 0)
      version = MAX (version, 4);
    if (segment->key == NULL)
      continue;
    version = MAX (version, strstr (segment->key, "IV=") != NULL ? 2 : 1);
    if (strstr (segment->key, "KEYFORMAT") != NULL)
      version = MAX (version, 5);
  }
  return version;
}

/**
 * us_playlist_render:
 * @playlist: a media playlist; its segments' numbers follow each other, since the format writes
 *   only the first
 *
 * Writes a live playlist, never #EXT-X-ENDLIST: whether a stream has ended is for its operator to
 * say, not for a playlist that passed through. Durations are rounded to milliseconds; what
 * us_playlist_parse() read from the result renders to the same bytes again.
 *
 * The format has no tag that ends an EXT-X-MAP: a segment without one must not follow one with.
 *
 * Returns: (transfer full): the text
 */
char *
us_playlist_render (const UsPlaylist *playlist) {
  g_return_val_if_fail (playlist != NULL, NULL);

  guint64 media_sequence = playlist->media_sequence;
  guint64 discontinuity_sequence = playlist->discontinuity_sequence;
  if (playlist->segments->len > 0) {
    const UsPlaylistSegment *first = g_ptr_array_index (playlist->segments, 0);
    media_sequence = first->number;
    discontinuity_sequence = first->discontinuity;
    if (first->is_discontinuous && discontinuity_sequence > 0)
      discontinuity_sequence--;
  }

  Tags tags = { 0 };
  GString *text = g_string_sized_new (256 + 128 * (gsize)playlist->segments->len);
  g_string_append_printf (text,
                          "#EXTM3U\n#EXT-X-VERSION:%u\n#EXT-X-TARGETDURATION:%u\n"
                          "#EXT-X-MEDIA-SEQUENCE:%" G_GUINT64_FORMAT
                          "\n#EXT-X-DISCONTINUITY-SEQUENCE:%" G_GUINT64_FORMAT "\n",
                          MAX (playlist->version, needed_version (playlist)),
                          playlist->target_duration_s, media_sequence, discontinuity_sequence);
  if (playlist->can_block_reload)
    g_string_append (text, "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES\n");
  if (playlist->is_independent)
    g_string_append (text, "#EXT-X-INDEPENDENT-SEGMENTS\n");
  const UsPlaylistSegment *previous = NULL;
  for (guint i = 0; i < playlist->segments->len; i++) {
    const UsPlaylistSegment *segment = g_ptr_array_index (playlist->segments, i);
    render_segment (text, segment, previous, &tags);
    previous = segment;
  }
  return g_string_free (text, FALSE);
}

/**
 * us_playlist_render_multivariant:
 * @playlist: one with variants
 *
 * The caller changes the `uri` of variants and renditions as it serves them; everything else is
 * written as it was read. Tags that neither describes (session data, content steering) are gone.
 *
 * Returns: (transfer full): the text
 */
char *
us_playlist_render_multivariant (const UsPlaylist *playlist) {
  g_return_val_if_fail (playlist != NULL, NULL);

  GString *text = g_string_new (NULL);
  g_string_append_printf (text, "#EXTM3U\n#EXT-X-VERSION:%u\n", playlist->version);
  if (playlist->is_independent)
    g_string_append (text, "#EXT-X-INDEPENDENT-SEGMENTS\n");
  for (guint i = 0; i < playlist->renditions->len; i++) {
    const UsPlaylistRendition *rendition = g_ptr_array_index (playlist->renditions, i);
    g_autofree char *attributes
        = us_playlist_attributes_with (rendition->attributes, "URI", rendition->uri);
    g_string_append_printf (text, "#EXT-X-MEDIA:%s\n", attributes);
  }
  for (guint i = 0; i < playlist->variants->len; i++) {
    const UsPlaylistVariant *variant = g_ptr_array_index (playlist->variants, i);
    g_string_append_printf (text, "#EXT-X-STREAM-INF:%s\n%s\n", variant->attributes, variant->uri);
  }
  for (guint i = 0; i < playlist->i_frame_variants->len; i++) {
    const UsPlaylistVariant *variant = g_ptr_array_index (playlist->i_frame_variants, i);
    g_autofree char *attributes
        = us_playlist_attributes_with (variant->attributes, "URI", variant->uri);
    g_string_append_printf (text, "#EXT-X-I-FRAME-STREAM-INF:%s\n", attributes);
  }
  return g_string_free (text, FALSE);
}
