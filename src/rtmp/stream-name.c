/* stream-name.c - checks the names by which a publisher addresses its stream; pure
 *
 * Encoders put one word of an URL into the app, the key, or both (docs of OBS, ffmpeg and old
 * libavformat differ), so this file says nothing about which one counts: that is the ingest's
 * business. It only guarantees that both are short, UTF-8 and free of control characters before
 * anything logs them or looks them up.
 */
#include "rtmp/stream-name.h"

#include <string.h>

#include "rtmp/error.h"

static gboolean
has_control (const char *text) {
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p)) {
    if (g_unichar_iscntrl (g_utf8_get_char (p)))
      return TRUE;
  }
  return FALSE;
}

/* "/live/" means "live": slashes at the ends come from how URLs were put together. */
static char *
strip_slashes (const char *name, gsize length) {
  while (length > 0 && name[length - 1] == '/')
    length--;
  while (length > 0 && name[0] == '/') {
    name++;
    length--;
  }
  return g_strndup (name, length);
}

/**
 * us_rtmp_stream_name_new:
 * @value: (nullable): what the peer sent; missing or null counts as ""
 * @what: "app" or "key", for the error
 * @query: (out) (transfer full): the text behind the first '?', or ""
 * @error: (out): US_RTMP_ERROR_NAME
 *
 * Returns: (transfer full): the name without query and outer slashes, or %NULL
 */
char *
us_rtmp_stream_name_new (const UsAmf0 *value, const char *what, char **query, GError **error) {
  gsize length = 0;
  const char *bytes = us_amf0_get_bytes (value, &length);
  if (bytes == NULL && value != NULL && us_amf0_get_type (value) != US_AMF0_NULL) {
    g_set_error (error, US_RTMP_ERROR, US_RTMP_ERROR_NAME, "the %s is not a string", what);
    return NULL;
  }
  if (bytes == NULL)
    bytes = "";
  if (!g_utf8_validate_len (bytes, length, NULL) || has_control (bytes)) {
    g_set_error (error, US_RTMP_ERROR, US_RTMP_ERROR_NAME,
                 "the %s is not UTF-8 or holds control characters", what);
    return NULL;
  }
  const char *mark = memchr (bytes, '?', length);
  g_autofree char *name = strip_slashes (bytes, mark != NULL ? (gsize)(mark - bytes) : length);
  if (strlen (name) > US_RTMP_NAME_MAX
      || (mark != NULL && length - (gsize)(mark - bytes) > US_RTMP_TEXT_MAX)) {
    g_set_error (error, US_RTMP_ERROR, US_RTMP_ERROR_NAME,
                 "the %s has %" G_GSIZE_FORMAT " bytes, at most %d are taken (and %d of query)",
                 what, length, US_RTMP_NAME_MAX, US_RTMP_TEXT_MAX);
    return NULL;
  }
  *query = g_strdup (mark != NULL ? mark + 1 : "");
  return g_steal_pointer (&name);
}

/**
 * us_rtmp_stream_text_new:
 * @value: (nullable): what the peer sent
 *
 * For texts that only the log shows, so nothing is refused for them.
 *
 * Returns: (transfer full): valid UTF-8 of at most US_RTMP_TEXT_MAX bytes, with '?' in place of
 *   control characters; "" when @value is no string
 */
char *
us_rtmp_stream_text_new (const UsAmf0 *value) {
  gsize length = 0;
  const char *bytes = us_amf0_get_bytes (value, &length);
  if (bytes == NULL)
    return g_strdup ("");
  /* A replacement character has three bytes. */
  g_autofree char *text = g_utf8_make_valid (bytes, (gssize)MIN (length, US_RTMP_TEXT_MAX / 3));
  GString *clean = g_string_new (NULL);
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);
    g_string_append_unichar (clean, g_unichar_iscntrl (c) ? '?' : c);
  }
  return g_string_free (clean, FALSE);
}
