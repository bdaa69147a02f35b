/* playlist-attribute.c - attribute lists (RFC 8216 4.2), and what EXT-X-KEY, EXT-X-MEDIA and
 * EXT-X-STREAM-INF say in theirs
 *
 * A list stays text: what this program does not know in it must pass through unchanged. Pure
 * functions, any thread. */
#include "hls/playlist-private.h"

#include <string.h>

#define DEFAULT_KEYFORMAT "identity"

/* Attribute: one of a list, as spans of it. */
typedef struct {
  const char *start, *end; /* the whole of it, without commas around */
  gsize name_length;
  const char *value; /* without quotes; NULL: no "=" */
  gsize value_length;
} Attribute;

/* Steps to the next attribute; a comma inside a quoted string separates nothing. Returns FALSE at
 * the end. */
static gboolean
next_attribute (const char **list, Attribute *attribute) {
  const char *p = *list;
  p += strspn (p, " ,");
  if (*p == '\0')
    return FALSE;
  *attribute = (Attribute){ .start = p };
  p += strcspn (p, "=,");
  attribute->name_length = p - attribute->start;
  if (*p == '=') {
    gboolean is_quoted = *++p == '"';
    attribute->value = is_quoted ? p + 1 : p;
    attribute->value_length = strcspn (attribute->value, is_quoted ? "\"" : ",");
    p = attribute->value + attribute->value_length;
    p += strcspn (p, ",");
  }
  attribute->end = p;
  *list = p;
  return TRUE;
}

static gboolean
find_attribute (const char *list, const char *name, Attribute *attribute) {
  while (next_attribute (&list, attribute))
    if (attribute->value != NULL && attribute->name_length == strlen (name)
        && strncmp (attribute->start, name, attribute->name_length) == 0)
      return TRUE;
  return FALSE;
}

/**
 * us_playlist_attribute:
 * @attributes: an attribute list
 * @name: such as "BANDWIDTH"; the case matters
 *
 * Returns: (transfer full) (nullable): the value of the first of that name, without its quotes
 */
char *
us_playlist_attribute (const char *attributes, const char *name) {
  g_return_val_if_fail (attributes != NULL && name != NULL, NULL);
  Attribute attribute;
  if (!find_attribute (attributes, name, &attribute))
    return NULL;
  return g_strndup (attribute.value, attribute.value_length);
}

/* Whether the list ends where it seems to: one with an open quote would swallow what is put behind
 * it. */
gboolean
us_playlist_attributes_are_closed (const char *attributes) {
  Attribute attribute;
  while (next_attribute (&attributes, &attribute))
    if (attribute.value != NULL && attribute.value[-1] == '"'
        && attribute.value[attribute.value_length] != '"')
      return FALSE;
  return TRUE;
}

/* Returns @attributes with the quoted value @value in the place of what @name had, or behind the
 * rest; NULL takes the attribute out. */
char *
us_playlist_attributes_with (const char *attributes, const char *name, const char *value) {
  Attribute attribute;
  GString *text = g_string_new (NULL);
  gboolean is_due = value != NULL;
  g_auto (GStrv) parts = value != NULL ? g_strsplit (value, "\"", -1) : NULL;
  g_autofree char *escaped = parts != NULL ? g_strjoinv ("%22", parts) : NULL;
  while (next_attribute (&attributes, &attribute)) {
    gboolean is_match = attribute.name_length == strlen (name)
                        && strncmp (attribute.start, name, attribute.name_length) == 0;
    if (is_match && !is_due)
      continue;
    g_string_append (text, text->len > 0 ? "," : "");
    if (is_match)
      g_string_append_printf (text, "%s=\"%s\"", name, escaped);
    else
      g_string_append_len (text, attribute.start, attribute.end - attribute.start);
    is_due &= !is_match;
  }
  if (is_due)
    g_string_append_printf (text, "%s%s=\"%s\"", text->len > 0 ? "," : "", name, escaped);
  return g_string_free (text, FALSE);
}

/* ---- keys ---- */

static char *
key_format (const char *attributes) {
  char *format = us_playlist_attribute (attributes, "KEYFORMAT");
  return format != NULL ? format : g_strdup (DEFAULT_KEYFORMAT);
}

static gboolean
has_same_format (const char *attributes, const char *others) {
  g_autofree char *format = key_format (attributes);
  g_autofree char *other = key_format (others);
  return strcmp (format, other) == 0;
}

/* What is in force when EXT-X-KEY with @attributes follows @key (nullable): it takes the place of
 * the one with its KEYFORMAT, and METHOD=NONE of all. RFC 8216 4.3.2.4. Returns NULL for none. */
char *
us_playlist_key_add (const char *key, const char *attributes) {
  g_autofree char *method = us_playlist_attribute (attributes, "METHOD");
  if (g_strcmp0 (method, "NONE") == 0)
    return NULL;
  g_auto (GStrv) lines = g_strsplit (key != NULL ? key : "", "\n", -1);
  gboolean is_placed = FALSE;
  for (guint i = 0; lines[i] != NULL; i++) {
    if (!has_same_format (lines[i], attributes))
      continue;
    g_free (lines[i]);
    lines[i] = g_strdup (attributes);
    is_placed = TRUE;
  }
  g_autofree char *text = g_strjoinv ("\n", lines);
  if (is_placed)
    return g_steal_pointer (&text);
  return g_strconcat (text, *text != '\0' ? "\n" : "", attributes, NULL);
}

/* Applies @change, which returns a new list or NULL for no change, to every line. */
static char *
change_lines (const char *key, char *(*change) (const char *line, gconstpointer data),
              gconstpointer data) {
  g_auto (GStrv) lines = g_strsplit (key, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) {
    char *changed = change (lines[i], data);
    if (changed == NULL)
      continue;
    g_free (lines[i]);
    lines[i] = changed;
  }
  return g_strjoinv ("\n", lines);
}

static char *
line_with_base (const char *line, gconstpointer data) {
  GUri *base = (GUri *)data;
  g_autofree char *uri = us_playlist_attribute (line, "URI");
  if (uri == NULL || g_uri_peek_scheme (uri) != NULL) /* https:, data:, skd: */
    return NULL;
  g_autoptr (GUri) absolute
      = g_uri_parse_relative (base, uri, G_URI_FLAGS_ENCODED | G_URI_FLAGS_PARSE_RELAXED, NULL);
  if (absolute == NULL)
    return NULL;
  /* The name and password that we fetch with are nothing for viewers. */
  g_autofree char *text = g_uri_to_string_partial (absolute, G_URI_HIDE_USERINFO);
  return us_playlist_attributes_with (line, "URI", text);
}

/**
 * us_playlist_key_with_base:
 * @key: as in UsPlaylistSegment: one attribute list, or several on lines of their own
 * @base_url: absolute, that of the playlist
 *
 * RFC 3986 5. URIs with a scheme of their own and those that cannot be resolved stay as they are.
 *
 * Returns: (transfer full): @key for a playlist that stands elsewhere
 */
char *
us_playlist_key_with_base (const char *key, const char *base_url) {
  g_return_val_if_fail (key != NULL && base_url != NULL, NULL);
  g_autoptr (GUri) base
      = g_uri_parse (base_url, G_URI_FLAGS_ENCODED | G_URI_FLAGS_PARSE_RELAXED, NULL);
  return base != NULL ? change_lines (key, line_with_base, base) : g_strdup (key);
}

static char *
line_with_iv (const char *line, gconstpointer data) {
  const guint64 *media_sequence = data;
  g_autofree char *method = us_playlist_attribute (line, "METHOD");
  g_autofree char *iv = us_playlist_attribute (line, "IV");
  g_autofree char *format = key_format (line);
  if (iv != NULL || g_strcmp0 (method, "NONE") == 0 || strcmp (format, DEFAULT_KEYFORMAT) != 0)
    return NULL;
  return g_strdup_printf ("%s,IV=0x%032" G_GINT64_MODIFIER "x", line, *media_sequence);
}

/**
 * us_playlist_key_with_iv:
 * @key: as in UsPlaylistSegment: one attribute list, or several on lines of their own
 * @media_sequence: the segment's number at its origin
 *
 * RFC 8216 5.2: an identity key without an IV takes the media sequence number for it, so whoever
 * gives the segment another number must write the old one down. Other KEYFORMATs have rules of
 * their own and stay.
 *
 * Returns: (transfer full): @key for a segment of any number
 */
char *
us_playlist_key_with_iv (const char *key, guint64 media_sequence) {
  g_return_val_if_fail (key != NULL, NULL);
  return change_lines (key, line_with_iv, &media_sequence);
}

/* ---- variants and renditions ---- */

static guint64
read_integer (const char *attributes, const char *name) {
  guint64 number = 0;
  g_autofree char *value = us_playlist_attribute (attributes, name);
  if (value != NULL)
    g_ascii_string_to_unsigned (value, 10, 0, G_MAXINT64, &number, NULL);
  return number;
}

/* "1280x720" */
static void
read_resolution (UsPlaylistVariant *variant) {
  guint64 width, height;
  g_autofree char *value = us_playlist_attribute (variant->attributes, "RESOLUTION");
  g_auto (GStrv) parts = g_strsplit (value != NULL ? value : "", "x", 2);
  if (g_strv_length (parts) != 2
      || !g_ascii_string_to_unsigned (parts[0], 10, 1, G_MAXINT, &width, NULL)
      || !g_ascii_string_to_unsigned (parts[1], 10, 1, G_MAXINT, &height, NULL))
    return;
  variant->width = (guint)width;
  variant->height = (guint)height;
}

/* "29.97" */
static guint
read_frame_rate (const char *attributes) {
  g_autofree char *value = us_playlist_attribute (attributes, "FRAME-RATE");
  char *end;
  double rate = value != NULL ? g_ascii_strtod (value, &end) : 0;
  if (!(rate > 0 && rate < 1e6) || *end != '\0')
    return 0;
  return (guint)(rate * 1000 + 0.5);
}

/* Both are copied. */
UsPlaylistVariant *
us_playlist_variant_new (const char *attributes, const char *uri) {
  UsPlaylistVariant *variant = g_new0 (UsPlaylistVariant, 1);
  variant->uri = g_strdup (uri);
  variant->attributes = g_strdup (attributes);
  variant->bandwidth_bps = read_integer (attributes, "BANDWIDTH");
  variant->average_bandwidth_bps = read_integer (attributes, "AVERAGE-BANDWIDTH");
  read_resolution (variant);
  variant->frame_rate_mhz = read_frame_rate (attributes);
  variant->codecs = us_playlist_attribute (attributes, "CODECS");
  variant->audio = us_playlist_attribute (attributes, "AUDIO");
  variant->video = us_playlist_attribute (attributes, "VIDEO");
  variant->subtitles = us_playlist_attribute (attributes, "SUBTITLES");
  return variant;
}

void
us_playlist_variant_free (UsPlaylistVariant *variant) {
  g_free (variant->uri);
  g_free (variant->attributes);
  g_free (variant->codecs);
  g_free (variant->audio);
  g_free (variant->video);
  g_free (variant->subtitles);
  g_free (variant);
}

static gboolean
is_yes (const char *attributes, const char *name) {
  g_autofree char *value = us_playlist_attribute (attributes, name);
  return g_strcmp0 (value, "YES") == 0;
}

/* @attributes is copied. What is missing is %NULL; the parser judges. */
UsPlaylistRendition *
us_playlist_rendition_new (const char *attributes) {
  UsPlaylistRendition *rendition = g_new0 (UsPlaylistRendition, 1);
  rendition->attributes = g_strdup (attributes);
  rendition->type = us_playlist_attribute (attributes, "TYPE");
  rendition->group_id = us_playlist_attribute (attributes, "GROUP-ID");
  rendition->name = us_playlist_attribute (attributes, "NAME");
  rendition->language = us_playlist_attribute (attributes, "LANGUAGE");
  rendition->uri = us_playlist_attribute (attributes, "URI");
  rendition->is_default = is_yes (attributes, "DEFAULT");
  rendition->is_autoselect = is_yes (attributes, "AUTOSELECT");
  return rendition;
}

void
us_playlist_rendition_free (UsPlaylistRendition *rendition) {
  g_free (rendition->attributes);
  g_free (rendition->type);
  g_free (rendition->group_id);
  g_free (rendition->name);
  g_free (rendition->language);
  g_free (rendition->uri);
  g_free (rendition);
}
