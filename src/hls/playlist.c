/* playlist.c - HLS playlists (RFC 8216): text in, value out
 *
 * Pure functions of their arguments, usable from any thread; a playlist belongs to who made it.
 * The parser is strict on structure and on the values of the tags it uses, because a playlist that
 * is half understood would move a whole audience; it steps over tags and attributes it does not
 * know. Every error says the line, the tag and the value.
 *
 * Nothing a peer sends can make it keep more than a small multiple of US_PLAYLIST_MAX_BYTES. */
#include "hls/playlist.h"

#include "hls/playlist-private.h"

#include <string.h>

/* Longest duration and target duration taken for real. */
#define MAX_SECONDS (24 * 60 * 60)
#define MAX_VERSION 1000
#define MAX_VARIANTS 1000
/* Sub-ranges: offset and length each, so that their sum cannot overflow. */
#define MAX_RANGE ((guint64)G_MAXINT64 / 2)
/* Keys in force at once, one per KEYFORMAT. */
#define MAX_KEYS 8
/* EXT-X-MAP and EXT-X-KEY are repeated in every segment they apply to: the sum of the copies. */
#define MAX_CARRIED_BYTES (8 * US_PLAYLIST_MAX_BYTES)
/* As much of a bad value as an error message quotes. */
#define MAX_QUOTE 48

G_DEFINE_QUARK (us_playlist_error, us_playlist_error)

static void
segment_free (UsPlaylistSegment *segment) {
  g_free (segment->uri);
  g_free (segment->map_uri);
  g_free (segment->map_key);
  g_free (segment->key);
  g_free (segment);
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
  GDestroyNotify free_variant = (GDestroyNotify)us_playlist_variant_free;
  playlist->variants = g_ptr_array_new_with_free_func (free_variant);
  playlist->i_frame_variants = g_ptr_array_new_with_free_func (free_variant);
  playlist->renditions
      = g_ptr_array_new_with_free_func ((GDestroyNotify)us_playlist_rendition_free);
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
  g_ptr_array_unref (playlist->i_frame_variants);
  g_ptr_array_unref (playlist->renditions);
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
  UsByteRange range;
  gboolean has_range, has_range_offset;
  char *stream_inf;

  /* what stays in force */
  guint64 discontinuity;
  char *map_uri;
  UsByteRange map_range;
  char *map_key;
  char *key;
} Parser;

static void
parser_clear (Parser *self) {
  g_clear_pointer (&self->playlist, us_playlist_free);
  g_clear_pointer (&self->stream_inf, g_free);
  g_clear_pointer (&self->map_uri, g_free);
  g_clear_pointer (&self->map_key, g_free);
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
  g_autofree char *can_block = us_playlist_attribute (value, "CAN-BLOCK-RELOAD");
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
  self->playlist->has_fractions |= strchr (number, '.') != NULL;
  self->has_extinf = TRUE;
  return TRUE;
}

/* "<length>[@<offset>]", RFC 8216 4.3.2.2. */
static gboolean
parse_range (const char *value, UsByteRange *range, gboolean *has_offset) {
  g_auto (GStrv) parts = g_strsplit (value, "@", 2);
  *has_offset = parts[0] != NULL && parts[1] != NULL;
  range->offset = 0;
  return parts[0] != NULL && parse_integer (parts[0], 1, MAX_RANGE, &range->length)
         && (!*has_offset || parse_integer (parts[1], 0, MAX_RANGE, &range->offset));
}

static gboolean
on_byte_range (Parser *self, const char *tag, const char *value, GError **error) {
  if (!parse_range (value, &self->range, &self->has_range_offset))
    return fail_value (self, tag, value, "<length>[@<offset>] in bytes", error);
  self->has_range = TRUE;
  return TRUE;
}

/* Without an offset it goes on where the part before of the same resource ends. */
static gboolean
place_range (Parser *self, const char *uri, GError **error) {
  GPtrArray *segments = self->playlist->segments;
  const UsPlaylistSegment *last
      = segments->len > 0 ? g_ptr_array_index (segments, segments->len - 1) : NULL;
  if (self->has_range_offset)
    return TRUE;
  if (last == NULL || last->range.length == 0 || strcmp (last->uri, uri) != 0)
    return fail_format (self, uri, "#EXT-X-BYTERANGE without an offset goes on from nothing",
                        error);
  self->range.offset = last->range.offset + last->range.length;
  return self->range.offset <= MAX_RANGE
         || fail_limit (self, "bytes in a resource", MAX_RANGE, error);
}

static gboolean
on_map (Parser *self, const char *tag, const char *value, GError **error) {
  g_autofree char *uri = us_playlist_attribute (value, "URI");
  g_autofree char *range = us_playlist_attribute (value, "BYTERANGE");
  gboolean has_offset;
  if (uri == NULL || *uri == '\0' || strchr (uri, '"') != NULL
      || strlen (uri) > US_PLAYLIST_MAX_URI)
    return fail_value (self, tag, value, "an attribute list with a URI", error);
  self->map_range = (UsByteRange){ 0 };
  if (range != NULL && !parse_range (range, &self->map_range, &has_offset))
    return fail_value (self, tag, value, "a BYTERANGE of \"<length>[@<offset>]\"", error);
  g_free (self->map_uri);
  self->map_uri = g_steal_pointer (&uri);
  g_free (self->map_key);
  self->map_key = g_strdup (self->key);
  return TRUE;
}

static gboolean
on_key (Parser *self, const char *tag, const char *value, GError **error) {
  g_autofree char *method = us_playlist_attribute (value, "METHOD");
  if (method == NULL || *method == '\0' || strlen (value) > US_PLAYLIST_MAX_URI
      || !us_playlist_attributes_are_closed (value))
    return fail_value (self, tag, value, "an attribute list with a METHOD", error);
  char *key = us_playlist_key_add (self->key, value);
  g_free (self->key);
  self->key = key;
  if (key != NULL && strlen (key) > MAX_KEYS * US_PLAYLIST_MAX_URI)
    return fail_limit (self, "bytes of keys in force", MAX_KEYS * US_PLAYLIST_MAX_URI, error);
  return TRUE;
}

static gboolean
on_stream_inf (Parser *self, const char *tag, const char *value, GError **error) {
  if (self->stream_inf != NULL)
    return fail_format (self, tag, "no URI after the #EXT-X-STREAM-INF before", error);
  g_autofree char *bandwidth = us_playlist_attribute (value, "BANDWIDTH");
  guint64 bandwidth_bps;
  if (bandwidth == NULL || !parse_integer (bandwidth, 0, G_MAXINT64, &bandwidth_bps)
      || !us_playlist_attributes_are_closed (value))
    return fail_value (self, tag, value, "an attribute list with a BANDWIDTH", error);
  self->stream_inf = g_strdup (value);
  return TRUE;
}

static gboolean
on_i_frame_stream_inf (Parser *self, const char *tag, const char *value, GError **error) {
  GPtrArray *variants = self->playlist->i_frame_variants;
  g_autofree char *uri = us_playlist_attribute (value, "URI");
  g_autofree char *bandwidth = us_playlist_attribute (value, "BANDWIDTH");
  guint64 bandwidth_bps;
  if (uri == NULL || *uri == '\0' || strlen (uri) > US_PLAYLIST_MAX_URI || bandwidth == NULL
      || !parse_integer (bandwidth, 0, G_MAXINT64, &bandwidth_bps)
      || !us_playlist_attributes_are_closed (value))
    return fail_value (self, tag, value, "an attribute list with a URI and a BANDWIDTH", error);
  if (variants->len >= MAX_VARIANTS)
    return fail_limit (self, "variants", MAX_VARIANTS, error);
  g_ptr_array_add (variants, us_playlist_variant_new (value, uri));
  return TRUE;
}

static gboolean
on_media (Parser *self, const char *tag, const char *value, GError **error) {
  GPtrArray *renditions = self->playlist->renditions;
  if (renditions->len >= MAX_VARIANTS)
    return fail_limit (self, "renditions", MAX_VARIANTS, error);
  UsPlaylistRendition *rendition = us_playlist_rendition_new (value);
  g_ptr_array_add (renditions, rendition);
  if (!us_playlist_attributes_are_closed (value) || rendition->type == NULL
      || rendition->group_id == NULL || rendition->name == NULL
      || (rendition->uri != NULL
          && (*rendition->uri == '\0' || strlen (rendition->uri) > US_PLAYLIST_MAX_URI)))
    return fail_value (self, tag, value, "an attribute list with TYPE, GROUP-ID and NAME", error);
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
  { "#EXT-X-BYTERANGE", on_byte_range, FALSE },
  { "#EXT-X-MAP", on_map, FALSE },
  { "#EXT-X-KEY", on_key, FALSE },
  { "#EXT-X-STREAM-INF", on_stream_inf, FALSE },
  { "#EXT-X-I-FRAME-STREAM-INF", on_i_frame_stream_inf, FALSE },
  { "#EXT-X-MEDIA", on_media, FALSE },
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
  g_ptr_array_add (playlist->variants, us_playlist_variant_new (self->stream_inf, uri));
  g_clear_pointer (&self->stream_inf, g_free);
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
  const char *carried[] = { self->map_uri, self->map_key, self->key };
  for (guint i = 0; i < G_N_ELEMENTS (carried); i++)
    self->carried_bytes += carried[i] != NULL ? strlen (carried[i]) : 0;
  if (self->carried_bytes > MAX_CARRIED_BYTES)
    return fail_limit (self, "bytes of maps and keys", MAX_CARRIED_BYTES, error);
  if (self->has_range && !place_range (self, uri, error))
    return FALSE;

  UsPlaylistSegment *segment = us_playlist_add (
      playlist, uri, playlist->media_sequence + playlist->segments->len, self->duration_us);
  segment->discontinuity = playlist->discontinuity_sequence + self->discontinuity;
  segment->is_discontinuous = self->has_discontinuity;
  segment->is_gap = self->has_gap;
  if (self->has_range)
    segment->range = self->range;
  segment->map_uri = g_strdup (self->map_uri);
  segment->map_range = self->map_range;
  segment->map_key = g_strdup (self->map_key);
  segment->key = g_strdup (self->key);
  if (self->wall_us >= 0) {
    segment->wall_ms = (self->wall_us + 500) / 1000;
    self->wall_us += self->duration_us;
  }
  self->has_extinf = self->has_discontinuity = self->has_gap = self->has_range = FALSE;
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
