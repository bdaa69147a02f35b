/* playlist.c - HLS playlists (RFC 8216): text in, value out, and back
 *
 * Pure functions of their arguments, usable from any thread; a playlist belongs to who made it.
 * The parser is strict on structure and on the values of the tags it uses, because a playlist that
 * is half understood would move a whole audience; it steps over tags and attributes it does not
 * know. Every error says the line, the tag and the value.
 *
 * Nothing a peer sends can make it keep more than a small multiple of US_PLAYLIST_MAX_BYTES. */
#include "hls/playlist.h"

#include <string.h>

/* Longest duration and target duration taken for real. */
#define MAX_SECONDS (24 * 60 * 60)
#define MAX_VERSION 1000
#define MAX_VARIANTS 1000
/* EXT-X-MAP and EXT-X-KEY are repeated in every segment they apply to: the sum of the copies. */
#define MAX_CARRIED_BYTES (8 * US_PLAYLIST_MAX_BYTES)
/* As much of a bad value as an error message quotes. */
#define MAX_QUOTE 48

G_DEFINE_QUARK (us_playlist_error, us_playlist_error)

static void
segment_free (UsPlaylistSegment *segment) {
  g_free (segment->uri);
  g_free (segment->map_uri);
  g_free (segment->key);
  g_free (segment);
}

static void
variant_free (UsPlaylistVariant *variant) {
  g_free (variant->uri);
  g_free (variant->attributes);
  g_free (variant);
}

/**
 * us_playlist_new:
 *
 * Returns: (transfer full): an empty live media playlist of version 6
 */
UsPlaylist *
us_playlist_new (void) {
  UsPlaylist *playlist = g_new0 (UsPlaylist, 1);
  playlist->version = 6;
  playlist->segments = g_ptr_array_new_with_free_func ((GDestroyNotify)segment_free);
  playlist->variants = g_ptr_array_new_with_free_func ((GDestroyNotify)variant_free);
  return playlist;
}

/**
 * us_playlist_free:
 * @playlist: (transfer full)
 */
void
us_playlist_free (UsPlaylist *playlist) {
  g_return_if_fail (playlist != NULL);
  g_ptr_array_unref (playlist->segments);
  g_ptr_array_unref (playlist->variants);
  g_free (playlist);
}

/**
 * us_playlist_add:
 * @uri: as it shall be written; copied
 * @number: media sequence number
 * @duration_us: in microseconds
 *
 * The wall time starts unknown and the discontinuity number as that of the segment before.
 *
 * Returns: (transfer none): the new last segment
 */
UsPlaylistSegment *
us_playlist_add (UsPlaylist *playlist, const char *uri, guint64 number, gint64 duration_us) {
  g_return_val_if_fail (playlist != NULL && uri != NULL, NULL);

  UsPlaylistSegment *segment = g_new0 (UsPlaylistSegment, 1);
  segment->uri = g_strdup (uri);
  segment->number = number;
  segment->duration_us = duration_us;
  segment->wall_ms = -1;
  segment->discontinuity = playlist->discontinuity_sequence;
  if (playlist->segments->len > 0) {
    const UsPlaylistSegment *last
        = g_ptr_array_index (playlist->segments, playlist->segments->len - 1);
    segment->discontinuity = last->discontinuity;
  }
  g_ptr_array_add (playlist->segments, segment);
  return segment;
}

/* ---- parsing ---- */

typedef struct {
  UsPlaylist *playlist;
  guint line;
  guint32 seen; /* bit per Tag: header tags stand once only */
  gsize carried_bytes;

  /* what the next URI line will take */
  gboolean has_extinf, has_discontinuity, has_gap;
  gint64 duration_us;
  gint64 wall_us; /* start of the next segment, -1: unknown */
  char *stream_inf;
  guint64 bandwidth_bps;

  /* what stays in force */
  guint64 discontinuity;
  char *map_uri;
  char *key;
} Parser;

static void
parser_clear (Parser *self) {
  g_clear_pointer (&self->playlist, us_playlist_free);
  g_clear_pointer (&self->stream_inf, g_free);
  g_clear_pointer (&self->map_uri, g_free);
  g_clear_pointer (&self->key, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Parser, parser_clear)

/* Quotes a value for a message: short, and never a raw control character. */
static char *
quote (const char *value) {
  const char *end = value;
  for (guint n = 0; n < MAX_QUOTE && *end != '\0'; n++)
    end = g_utf8_next_char (end);
  g_autofree char *head = g_strndup (value, end - value);
  g_autofree char *escaped = g_strescape (head, NULL);
  return g_strdup_printf ("\"%s\"%s", escaped, *end != '\0' ? "..." : "");
}

static gboolean
fail_value (Parser *self, const char *tag, const char *value, const char *expected,
            GError **error) {
  g_autofree char *quoted = quote (value);
  g_set_error (error, US_PLAYLIST_ERROR, US_PLAYLIST_ERROR_VALUE, "line %u: %s: %s: expected %s",
               self->line, tag, quoted, expected);
  return FALSE;
}

static gboolean
fail_format (Parser *self, const char *line, const char *what, GError **error) {
  g_autofree char *quoted = quote (line);
  g_set_error (error, US_PLAYLIST_ERROR, US_PLAYLIST_ERROR_FORMAT, "line %u: %s: %s", self->line,
               quoted, what);
  return FALSE;
}

static gboolean
fail_limit (Parser *self, const char *what, guint64 limit, GError **error) {
  g_set_error (error, US_PLAYLIST_ERROR, US_PLAYLIST_ERROR_LIMIT,
               "line %u: more than %" G_GUINT64_FORMAT " %s", self->line, limit, what);
  return FALSE;
}

/* A decimal-integer of RFC 8216 4.2: digits only, so no sign, space or exponent. */
static gboolean
parse_integer (const char *value, guint64 min, guint64 max, guint64 *out) {
  return g_ascii_isdigit (value[0]) && g_ascii_string_to_unsigned (value, 10, min, max, out, NULL);
}

/* Digits with an optional fraction, in millionths; cuts what is finer. Not strtod(): that takes
 * "nan", "inf", "-1", "1e300" and rounds. */
static gboolean
parse_duration (const char *value, gint64 *duration_us) {
  gint64 us = 0;
  const char *p = value;
  if (!g_ascii_isdigit (*p))
    return FALSE;
  for (; g_ascii_isdigit (*p); p++) {
    us = us * 10 + (*p - '0');
    if (us > MAX_SECONDS)
      return FALSE;
  }
  us *= G_USEC_PER_SEC;
  if (*p == '.') {
    gint64 unit = G_USEC_PER_SEC / 10;
    for (p++; g_ascii_isdigit (*p); p++, unit /= 10)
      us += unit * (*p - '0');
  }
  if (*p != '\0')
    return FALSE;
  *duration_us = us;
  return TRUE;
}

/* Returns the value of one attribute of an attribute list (RFC 8216 4.2), without its quotes, or
 * NULL. A comma inside a quoted string separates nothing. */
static char *
find_attribute (const char *list, const char *name) {
  gsize name_length = strlen (name);
  const char *p = list;
  while (*p != '\0') {
    while (*p == ' ' || *p == ',')
      p++;
    const char *start = p;
    p += strcspn (p, "=,");
    gboolean is_match
        = (gsize)(p - start) == name_length && strncmp (start, name, name_length) == 0;
    if (*p != '=')
      continue;
    p++;
    const char *value = p;
    gsize length;
    if (*p == '"') {
      value++;
      length = strcspn (value, "\"");
      p = value + length;
      p += strcspn (p, ",");
    } else {
      length = strcspn (p, ",");
      p += length;
    }
    if (is_match)
      return g_strndup (value, length);
  }
  return NULL;
}

/* Each on_* function reads one tag. @value is what follows the colon, "" without one. */
typedef gboolean (*TagFunc) (Parser *self, const char *tag, const char *value, GError **error);

static gboolean
on_version (Parser *self, const char *tag, const char *value, GError **error) {
  guint64 version;
  if (!parse_integer (value, 1, MAX_VERSION, &version))
    return fail_value (self, tag, value, "a whole number from 1 to 1000", error);
  self->playlist->version = version;
  return TRUE;
}

static gboolean
on_target_duration (Parser *self, const char *tag, const char *value, GError **error) {
  guint64 seconds;
  if (!parse_integer (value, 1, MAX_SECONDS, &seconds))
    return fail_value (self, tag, value, "a whole number of seconds from 1 to 86400", error);
  self->playlist->target_duration_s = seconds;
  return TRUE;
}

/* RFC 8216 4.3.3.2, 4.3.3.3: before the first segment. */
static gboolean
parse_sequence (Parser *self, const char *tag, const char *value, guint64 *out, GError **error) {
  if (self->playlist->segments->len > 0)
    return fail_format (self, tag, "must stand before the first segment", error);
  if (!parse_integer (value, 0, G_MAXUINT64 - US_PLAYLIST_MAX_SEGMENTS, out))
    return fail_value (self, tag, value, "a whole number below 2^64 - 20000", error);
  return TRUE;
}

static gboolean
on_media_sequence (Parser *self, const char *tag, const char *value, GError **error) {
  return parse_sequence (self, tag, value, &self->playlist->media_sequence, error);
}

static gboolean
on_discontinuity_sequence (Parser *self, const char *tag, const char *value, GError **error) {
  if (!parse_sequence (self, tag, value, &self->playlist->discontinuity_sequence, error))
    return FALSE;
  if (self->discontinuity > 0)
    return fail_format (self, tag, "must stand before the first #EXT-X-DISCONTINUITY", error);
  return TRUE;
}

static gboolean
on_server_control (Parser *self, const char *tag, const char *value, GError **error) {
  g_autofree char *can_block = find_attribute (value, "CAN-BLOCK-RELOAD");
  self->playlist->can_block_reload = g_strcmp0 (can_block, "YES") == 0;
  return TRUE;
}

static gboolean
on_independent (Parser *self, const char *tag, const char *value, GError **error) {
  self->playlist->is_independent = TRUE;
  return TRUE;
}

static gboolean
on_end_list (Parser *self, const char *tag, const char *value, GError **error) {
  self->playlist->is_ended = TRUE;
  return TRUE;
}

static gboolean
on_discontinuity (Parser *self, const char *tag, const char *value, GError **error) {
  self->has_discontinuity = TRUE;
  self->discontinuity++;
  self->wall_us = -1; /* another timeline: the old wall time says nothing about it */
  return TRUE;
}

static gboolean
on_gap (Parser *self, const char *tag, const char *value, GError **error) {
  self->has_gap = TRUE;
  return TRUE;
}

static gboolean
on_program_date_time (Parser *self, const char *tag, const char *value, GError **error) {
  g_autoptr (GTimeZone) utc = g_time_zone_new_utc ();
  g_autoptr (GDateTime) time = g_date_time_new_from_iso8601 (value, utc);
  gint64 unix_s = time != NULL ? g_date_time_to_unix (time) : -1;
  if (unix_s < 0)
    return fail_value (self, tag, value, "a date and time such as 2026-11-21T20:26:16.123Z", error);
  self->wall_us = unix_s * G_USEC_PER_SEC + g_date_time_get_microsecond (time);
  return TRUE;
}

static gboolean
on_extinf (Parser *self, const char *tag, const char *value, GError **error) {
  if (self->has_extinf)
    return fail_format (self, tag, "no URI after the #EXTINF before", error);
  g_autofree char *number = g_strndup (value, strcspn (value, ","));
  if (!parse_duration (g_strstrip (number), &self->duration_us))
    return fail_value (self, tag, value, "seconds from 0 to 86400, such as 2.000", error);
  self->has_extinf = TRUE;
  return TRUE;
}

static gboolean
on_map (Parser *self, const char *tag, const char *value, GError **error) {
  g_autofree char *uri = find_attribute (value, "URI");
  if (uri == NULL || *uri == '\0' || strchr (uri, '"') != NULL
      || strlen (uri) > US_PLAYLIST_MAX_URI)
    return fail_value (self, tag, value, "an attribute list with a URI", error);
  g_free (self->map_uri);
  self->map_uri = g_steal_pointer (&uri);
  return TRUE;
}

static gboolean
on_key (Parser *self, const char *tag, const char *value, GError **error) {
  g_autofree char *method = find_attribute (value, "METHOD");
  if (method == NULL || *method == '\0' || strlen (value) > US_PLAYLIST_MAX_URI)
    return fail_value (self, tag, value, "an attribute list with a METHOD", error);
  g_clear_pointer (&self->key, g_free);
  if (strcmp (method, "NONE") != 0)
    self->key = g_strdup (value);
  return TRUE;
}

static gboolean
on_stream_inf (Parser *self, const char *tag, const char *value, GError **error) {
  if (self->stream_inf != NULL)
    return fail_format (self, tag, "no URI after the #EXT-X-STREAM-INF before", error);
  g_autofree char *bandwidth = find_attribute (value, "BANDWIDTH");
  if (bandwidth == NULL || !parse_integer (bandwidth, 0, G_MAXINT64, &self->bandwidth_bps))
    return fail_value (self, tag, value, "an attribute list with a BANDWIDTH", error);
  self->stream_inf = g_strdup (value);
  return TRUE;
}

/* A delta update (rfc8216bis 4.4.5.2) has rows missing; read as a whole it would give wrong
 * numbers to all that follow. Nobody here asks for one. */
static gboolean
on_skip (Parser *self, const char *tag, const char *value, GError **error) {
  return fail_value (self, tag, value, "a full playlist, not a delta update", error);
}

static const struct {
  const char *name;
  TagFunc func;
  gboolean is_once;
} TAGS[] = {
  { "#EXTINF", on_extinf, FALSE },
  { "#EXT-X-PROGRAM-DATE-TIME", on_program_date_time, FALSE },
  { "#EXT-X-DISCONTINUITY", on_discontinuity, FALSE },
  { "#EXT-X-GAP", on_gap, FALSE },
  { "#EXT-X-MAP", on_map, FALSE },
  { "#EXT-X-KEY", on_key, FALSE },
  { "#EXT-X-STREAM-INF", on_stream_inf, FALSE },
  { "#EXT-X-SKIP", on_skip, FALSE },
  { "#EXT-X-ENDLIST", on_end_list, FALSE },
  { "#EXT-X-INDEPENDENT-SEGMENTS", on_independent, FALSE },
  { "#EXT-X-SERVER-CONTROL", on_server_control, TRUE },
  { "#EXT-X-VERSION", on_version, TRUE },
  { "#EXT-X-TARGETDURATION", on_target_duration, TRUE },
  { "#EXT-X-MEDIA-SEQUENCE", on_media_sequence, TRUE },
  { "#EXT-X-DISCONTINUITY-SEQUENCE", on_discontinuity_sequence, TRUE },
};
G_STATIC_ASSERT (G_N_ELEMENTS (TAGS) <= 32);

static gboolean
parse_tag (Parser *self, char *line, GError **error) {
  gsize length = strcspn (line, ":");
  const char *value = line[length] == ':' ? line + length + 1 : line + length;
  for (guint i = 0; i < G_N_ELEMENTS (TAGS); i++) {
    if (strlen (TAGS[i].name) != length || strncmp (TAGS[i].name, line, length) != 0)
      continue;
    if (TAGS[i].is_once && (self->seen & (1u << i)) != 0)
      return fail_format (self, line, "stands in the playlist a second time", error);
    self->seen |= 1u << i;
    return TAGS[i].func (self, TAGS[i].name, value, error);
  }
  return TRUE; /* RFC 8216 6.3.1: unknown tags are ignored */
}

static gboolean
add_variant (Parser *self, const char *uri, GError **error) {
  UsPlaylist *playlist = self->playlist;
  if (playlist->variants->len >= MAX_VARIANTS)
    return fail_limit (self, "variants", MAX_VARIANTS, error);
  UsPlaylistVariant *variant = g_new0 (UsPlaylistVariant, 1);
  variant->uri = g_strdup (uri);
  variant->bandwidth_bps = self->bandwidth_bps;
  variant->attributes = g_steal_pointer (&self->stream_inf);
  g_ptr_array_add (playlist->variants, variant);
  return TRUE;
}

static gboolean
parse_uri (Parser *self, const char *uri, GError **error) {
  UsPlaylist *playlist = self->playlist;
  if (strlen (uri) > US_PLAYLIST_MAX_URI)
    return fail_limit (self, "bytes in a URI", US_PLAYLIST_MAX_URI, error);
  if (self->stream_inf != NULL && self->has_extinf)
    return fail_format (self, uri, "has both #EXTINF and #EXT-X-STREAM-INF", error);
  if (self->stream_inf != NULL)
    return add_variant (self, uri, error);
  if (!self->has_extinf)
    return fail_format (self, uri, "a URI without #EXTINF or #EXT-X-STREAM-INF before it", error);
  if (playlist->segments->len >= US_PLAYLIST_MAX_SEGMENTS)
    return fail_limit (self, "segments", US_PLAYLIST_MAX_SEGMENTS, error);
  self->carried_bytes += (self->map_uri != NULL ? strlen (self->map_uri) : 0)
                         + (self->key != NULL ? strlen (self->key) : 0);
  if (self->carried_bytes > MAX_CARRIED_BYTES)
    return fail_limit (self, "bytes of maps and keys", MAX_CARRIED_BYTES, error);

  UsPlaylistSegment *segment = us_playlist_add (
      playlist, uri, playlist->media_sequence + playlist->segments->len, self->duration_us);
  segment->discontinuity = playlist->discontinuity_sequence + self->discontinuity;
  segment->is_discontinuous = self->has_discontinuity;
  segment->is_gap = self->has_gap;
  segment->map_uri = g_strdup (self->map_uri);
  segment->key = g_strdup (self->key);
  if (self->wall_us >= 0) {
    segment->wall_ms = (self->wall_us + 500) / 1000;
    self->wall_us += self->duration_us;
  }
  self->has_extinf = self->has_discontinuity = self->has_gap = FALSE;
  return TRUE;
}

/* Says what a body that is no playlist is instead, as far as its first bytes tell: the reader of
 * the message then knows at once whether a proxy, a login page or a compression stands between. */
static gboolean
check_text (const char *text, gsize size, GError **error) {
  const guint8 *bytes = (const guint8 *)text;
  const char *what = NULL;
  if (size == 0)
    what = "the body is empty";
  else if (size >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b)
    what = "the body is gzip data";
  else if (size >= 2
           && ((bytes[0] == 0xff && bytes[1] == 0xfe) || (bytes[0] == 0xfe && bytes[1] == 0xff)))
    what = "the body is UTF-16; RFC 8216 asks for UTF-8";
  else if (size >= 3 && memcmp (bytes, "\xef\xbb\xbf", 3) == 0)
    what = "the body starts with a byte order mark, which RFC 8216 forbids";
  else if (bytes[0] == '<')
    what = "the body is HTML or XML";
  if (what != NULL) {
    g_set_error (error, US_PLAYLIST_ERROR, US_PLAYLIST_ERROR_FORMAT, "line 1: %s", what);
    return FALSE;
  }

  guint line = 1;
  const char *end;
  gboolean is_utf8 = g_utf8_validate (text, size, &end);
  for (const char *p = text; p < end; p++) {
    guint8 c = *p;
    if (c == '\n')
      line++;
    gboolean is_line_end = c == '\n' || (c == '\r' && p + 1 < text + size && p[1] == '\n');
    /* An old file may end in a lone carriage return. */
    if (c == '\r' && p + 1 == text + size)
      is_line_end = TRUE;
    if ((c < 0x20 && c != '\t' && !is_line_end) || c == 0x7f) {
      g_set_error (error, US_PLAYLIST_ERROR, US_PLAYLIST_ERROR_FORMAT,
                   "line %u: control character 0x%02x", line, c);
      return FALSE;
    }
  }
  if (!is_utf8) {
    g_set_error (error, US_PLAYLIST_ERROR, US_PLAYLIST_ERROR_FORMAT,
                 "line %u: byte 0x%02x is not UTF-8 text", line, (guint8)*end);
    return FALSE;
  }
  return TRUE;
}

/* What only the whole text can show. */
static gboolean
check_whole (Parser *self, GError **error) {
  UsPlaylist *playlist = self->playlist;
  if (self->has_extinf)
    return fail_format (self, "#EXTINF", "the playlist ends before its URI", error);
  if (self->stream_inf != NULL)
    return fail_format (self, "#EXT-X-STREAM-INF", "the playlist ends before its URI", error);
  if (playlist->variants->len > 0
      && (playlist->segments->len > 0 || playlist->target_duration_s > 0))
    return fail_format (self, "#EXT-X-STREAM-INF", "mixed with the tags of a media playlist",
                        error);
  if (playlist->variants->len == 0 && playlist->target_duration_s == 0)
    return fail_format (self, "#EXTM3U", "neither #EXT-X-TARGETDURATION nor variants", error);
  return TRUE;
}

/**
 * us_playlist_parse:
 * @text: the body as received, not terminated
 * @size: its length in bytes
 *
 * RFC 8216 section 4. Lines may end in CR LF. Reads what is there and judges structure only:
 * whether durations fit the target duration and the like is for a monitor to say.
 *
 * A program date time is carried on over the durations of the following segments, up to the next
 * discontinuity.
 *
 * Returns: (transfer full): the playlist, or NULL with US_PLAYLIST_ERROR
 */
UsPlaylist *
us_playlist_parse (const char *text, gsize size, GError **error) {
  g_return_val_if_fail (text != NULL || size == 0, NULL);

  if (size > US_PLAYLIST_MAX_BYTES) {
    g_set_error (error, US_PLAYLIST_ERROR, US_PLAYLIST_ERROR_LIMIT,
                 "the playlist has %" G_GSIZE_FORMAT " bytes, more than %d", size,
                 US_PLAYLIST_MAX_BYTES);
    return NULL;
  }
  if (!check_text (text, size, error))
    return NULL;

  g_auto (Parser) self = { .playlist = us_playlist_new (), .wall_us = -1 };
  self.playlist->version = 1; /* RFC 8216 4.3.1.2: without the tag */
  g_autofree char *copy = g_strndup (text, size);
  for (char *line = copy, *next = NULL; line != NULL; line = next) {
    self.line++;
    next = strchr (line, '\n');
    if (next != NULL)
      *next++ = '\0';
    g_strchomp (line);
    gboolean is_ok = TRUE;
    if (self.line == 1 && strcmp (line, "#EXTM3U") != 0)
      is_ok = fail_format (&self, line, "a playlist starts with #EXTM3U", error);
    else if (g_str_has_prefix (line, "#EXT"))
      is_ok = parse_tag (&self, line, error);
    else if (*line != '\0' && *line != '#')
      is_ok = parse_uri (&self, line, error);
    if (!is_ok)
      return NULL;
  }
  if (!check_whole (&self, error))
    return NULL;
  return g_steal_pointer (&self.playlist);
}

/* ---- rendering ---- */

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

static void
render_segment (GString *text, const UsPlaylistSegment *segment,
                const UsPlaylistSegment *previous) {
  if (segment->is_discontinuous) {
    guint64 n_tags = 1;
    /* A gap in the numbers takes as many tags, else the next reader counts differently. */
    if (previous != NULL && segment->discontinuity > previous->discontinuity)
      n_tags = MIN (segment->discontinuity - previous->discontinuity, 100);
    while (n_tags-- > 0)
      g_string_append (text, "#EXT-X-DISCONTINUITY\n");
  }
  const char *old_key = previous != NULL ? previous->key : NULL;
  if (g_strcmp0 (segment->key, old_key) != 0)
    g_string_append_printf (text, "#EXT-X-KEY:%s\n",
                            segment->key != NULL ? segment->key : "METHOD=NONE");
  const char *old_map = previous != NULL ? previous->map_uri : NULL;
  if (segment->map_uri != NULL && g_strcmp0 (segment->map_uri, old_map) != 0)
    g_string_append_printf (text, "#EXT-X-MAP:URI=\"%s\"\n", segment->map_uri);
  if (segment->is_gap)
    g_string_append (text, "#EXT-X-GAP\n");
  if (segment->wall_ms >= 0)
    render_time (text, segment->wall_ms);
  gint64 duration_ms = (MAX (segment->duration_us, 0) + 500) / 1000;
  g_string_append_printf (text, "#EXTINF:%" G_GINT64_FORMAT ".%03d,\n%s\n", duration_ms / 1000,
                          (int)(duration_ms % 1000), segment->uri);
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

  GString *text = g_string_sized_new (256 + 128 * (gsize)playlist->segments->len);
  g_string_append_printf (text,
                          "#EXTM3U\n#EXT-X-VERSION:%u\n#EXT-X-TARGETDURATION:%u\n"
                          "#EXT-X-MEDIA-SEQUENCE:%" G_GUINT64_FORMAT
                          "\n#EXT-X-DISCONTINUITY-SEQUENCE:%" G_GUINT64_FORMAT "\n",
                          playlist->version, playlist->target_duration_s, media_sequence,
                          discontinuity_sequence);
  if (playlist->can_block_reload)
    g_string_append (text, "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES\n");
  if (playlist->is_independent)
    g_string_append (text, "#EXT-X-INDEPENDENT-SEGMENTS\n");
  const UsPlaylistSegment *previous = NULL;
  for (guint i = 0; i < playlist->segments->len; i++) {
    const UsPlaylistSegment *segment = g_ptr_array_index (playlist->segments, i);
    render_segment (text, segment, previous);
    previous = segment;
  }
  return g_string_free (text, FALSE);
}
