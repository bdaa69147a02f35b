/* stream-config.c - one watched stream as its operator wants it
 *
 * Plain values, any thread. Every way in (streams file, REST, command line) goes through
 * us_stream_config_check(), so that the rules stand in one place.
 */
#include "monitor/stream-config.h"

#include <gio/gio.h>
#include <math.h>
#include <string.h>

#define MAX_ID 64
#define MAX_REASON 500
#define MAX_AUTHORIZATION 4096
#define MAX_OWN_STREAM 200

G_DEFINE_QUARK (us_stream_error, us_stream_error)

/**
 * us_stream_config_new:
 * @id: (nullable)
 * @name: (nullable)
 * @url: (nullable)
 *
 * Every segment is fetched, and all content checks are on.
 *
 * Returns: (transfer full)
 */
UsStreamConfig *
us_stream_config_new (const char *id, const char *name, const char *url) {
  UsStreamConfig *config = g_new0 (UsStreamConfig, 1);
  config->id = g_strdup (id);
  config->name = g_strdup (name);
  config->url = g_strdup (url);
  config->segment_share = 1;
  config->has_black = config->has_frozen = config->has_silent = TRUE;
  return config;
}

UsStreamConfig *
us_stream_config_copy (const UsStreamConfig *config) {
  UsStreamConfig *copy = g_new (UsStreamConfig, 1);
  *copy = *config;
  copy->id = g_strdup (config->id);
  copy->name = g_strdup (config->name);
  copy->url = g_strdup (config->url);
  copy->own_stream = g_strdup (config->own_stream);
  copy->maintenance_reason = g_strdup (config->maintenance_reason);
  copy->authorization = g_strdup (config->authorization);
  return copy;
}

void
us_stream_config_free (UsStreamConfig *config) {
  if (config == NULL)
    return;
  g_free (config->id);
  g_free (config->name);
  g_free (config->url);
  g_free (config->own_stream);
  g_free (config->maintenance_reason);
  g_free (config->authorization);
  g_free (config);
}

/* ---- what is allowed ---- */

static gboolean
refuse (const char **pointer, const char *member, GError **error, const char *text) {
  *pointer = member;
  g_set_error_literal (error, US_STREAM_ERROR, US_STREAM_ERROR_VALUE, text);
  return FALSE;
}

static gboolean
is_id (const char *id) {
  gsize length = id != NULL ? strlen (id) : 0;
  return length > 0 && length <= MAX_ID
         && strspn (id, "abcdefghijklmnopqrstuvwxyz0123456789-") == length;
}

static gboolean
has_control (const char *text) {
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    if (g_unichar_iscntrl (g_utf8_get_char (p)))
      return TRUE;
  return FALSE;
}

/* Text that people read: at least @min characters of UTF-8, on one line. */
static gboolean
is_line (const char *text, glong min, glong max) {
  return g_utf8_validate (text, -1, NULL) && g_utf8_strlen (text, -1) >= min
         && g_utf8_strlen (text, -1) <= max && !has_control (text);
}

/* What a header may carry: visible ASCII and blanks. */
static gboolean
is_header_value (const char *text) {
  gsize length = strlen (text);
  if (length == 0 || length > MAX_AUTHORIZATION)
    return FALSE;
  for (const char *p = text; *p != '\0'; p++)
    if (!g_ascii_isprint (*p))
      return FALSE;
  return TRUE;
}

static const char *
fault_of_url (const char *url) {
  if (url == NULL || *url == '\0')
    return "A URL is needed";
  if (strlen (url) > US_STREAM_MAX_URL)
    return "The URL is longer than 2048 bytes";
  for (const char *p = url; *p != '\0'; p++)
    if (!g_ascii_isgraph (*p))
      return "The URL has a blank, a control character or a letter that must be percent-encoded";
  g_autoptr (GUri) uri = g_uri_parse (url, G_URI_FLAGS_ENCODED | G_URI_FLAGS_HAS_PASSWORD, NULL);
  if (uri == NULL)
    return "That is no absolute URL";
  if (strcmp (g_uri_get_scheme (uri), "http") != 0 && strcmp (g_uri_get_scheme (uri), "https") != 0)
    return "The URL must begin with http:// or https://";
  if (g_uri_get_host (uri) == NULL || *g_uri_get_host (uri) == '\0')
    return "The URL names no host";
  if (g_uri_get_userinfo (uri) != NULL)
    return "The URL carries a name or password: give them as authorization";
  return NULL;
}

/**
 * us_stream_config_check:
 * @config: all members, the id too
 * @pointer: (out) (nullable): static JSON pointer to the member that is wrong
 *
 * Returns: %TRUE, or %FALSE with %US_STREAM_ERROR_VALUE and one plain sentence
 */
gboolean
us_stream_config_check (const UsStreamConfig *config, const char **pointer, GError **error) {
  const char *fault = fault_of_url (config->url);
  *pointer = NULL;
  if (!is_id (config->id))
    return refuse (pointer, "/id", error, "An id has 1 to 64 of the characters a-z, 0-9 and -");
  if (config->name == NULL || !is_line (config->name, 1, US_STREAM_MAX_NAME))
    return refuse (pointer, "/name", error, "A name has 1 to 200 characters on one line");
  if (fault != NULL)
    return refuse (pointer, "/url", error, fault);
  if (!(config->segment_share >= 0 && config->segment_share <= 1))
    return refuse (pointer, "/segment_share", error, "The share of segments is from 0 to 1");
  if (config->maintenance_until_us < 0)
    return refuse (pointer, "/maintenance_until", error, "That is no date after 1970");
  if (config->maintenance_reason != NULL && !is_line (config->maintenance_reason, 0, MAX_REASON))
    return refuse (pointer, "/maintenance_reason", error,
                   "A reason has up to 500 characters on one line");
  if (config->authorization != NULL && !is_header_value (config->authorization))
    return refuse (pointer, "/authorization", error,
                   "An authorization has 1 to 4096 visible ASCII characters");
  if (config->own_stream != NULL && !is_line (config->own_stream, 1, MAX_OWN_STREAM))
    return refuse (pointer, "/own_stream", error, "That is no name of a stream");
  return TRUE;
}

/* ---- ids ---- */

/* "Main Hall (HD)" -> "main-hall-hd". What is left of a name without any Latin letter is little. */
static char *
slug_of (const char *name) {
  g_autofree char *ascii = g_str_to_ascii (name, "C");
  GString *slug = g_string_new (NULL);
  for (const char *p = ascii; *p != '\0' && slug->len < MAX_ID - 8; p++) {
    if (g_ascii_isalnum (*p))
      g_string_append_c (slug, g_ascii_tolower (*p));
    else if (slug->len > 0 && slug->str[slug->len - 1] != '-')
      g_string_append_c (slug, '-');
  }
  while (slug->len > 0 && slug->str[slug->len - 1] == '-')
    g_string_truncate (slug, slug->len - 1);
  if (slug->len == 0)
    g_string_assign (slug, "stream");
  return g_string_free (slug, FALSE);
}

/**
 * us_stream_config_make_id:
 * @name: of the stream, in valid UTF-8
 * @is_taken: whether an id is another stream's
 *
 * Returns: (transfer full): an id that reads like the name, with a number when it is taken
 */
char *
us_stream_config_make_id (const char *name, UsStreamIdTaken is_taken, gpointer user_data) {
  g_autofree char *slug = slug_of (name);
  char *id = g_strdup (slug);
  for (guint i = 2; is_taken (id, user_data); i++) {
    g_free (id);
    id = g_strdup_printf ("%s-%u", slug, i);
  }
  return id;
}
