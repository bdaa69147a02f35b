/* option.c - the types of settings: which texts fit, and how to say it when one does not
 *
 * Pure: tables and texts in, verdicts and sentences out. Used by config.c on every thread-free path
 * of program start; nothing here is kept.
 */
#include "base/option.h"

#include <gio/gio.h>
#include <string.h>

#include "base/route.h"
#include "base/text.h"

#define MAX_VALUE_LENGTH 4096
#define MAX_WORD_LENGTH 64 /* longer words are not looked up for "did you mean" */

GQuark
us_config_error_quark (void) {
  return g_quark_from_static_string ("us-config-error");
}

/**
 * us_option_get_default:
 * @group: the group @option is used in
 * @option: an option
 *
 * Returns: (transfer none): its default in this group
 */
const char *
us_option_get_default (const UsOptionGroup *group, const UsOption *option) {
  for (const char *const *d = group->defaults; d != NULL && d[0] != NULL; d += 2) {
    if (strcmp (d[0], option->key) == 0)
      return d[1];
  }
  return option->fallback;
}

/**
 * us_option_parse_bool:
 * @text: a value
 * @value: (out): what it says
 *
 * Returns: %TRUE when @text is one of true, yes, on, 1, false, no, off, 0
 */
gboolean
us_option_parse_bool (const char *text, gboolean *value) {
  static const char *const words[] = { "false", "true", "no", "yes", "off", "on", "0", "1" };
  for (guint i = 0; i < G_N_ELEMENTS (words); i++) {
    if (g_ascii_strcasecmp (text, words[i]) == 0) {
      *value = i % 2 == 1;
      return TRUE;
    }
  }
  return FALSE;
}

/**
 * us_option_parse_duration:
 * @text: a number with an optional unit: ms, s, min or h; without one, seconds
 * @ms: (out): milliseconds
 *
 * Returns: %FALSE when @text is no duration or lasts more than some 285 years
 */
gboolean
us_option_parse_duration (const char *text, gint64 *ms) {
  static const struct {
    const char *name;
    double ms;
  } units[] = { { "", 1000 }, { "s", 1000 }, { "ms", 1 }, { "min", 60000 }, { "h", 3600000 } };

  if (!g_ascii_isdigit (text[0]) || strlen (text) > 20 || text[1] == 'x' || text[1] == 'X')
    return FALSE;
  char *end = NULL;
  double number = g_ascii_strtod (text, &end);
  while (*end == ' ')
    end++;
  for (guint i = 0; i < G_N_ELEMENTS (units); i++) {
    if (strcmp (end, units[i].name) != 0)
      continue;
    double value = number * units[i].ms;
    if (!(value < 9e15))
      return FALSE;
    *ms = (gint64)(value + 0.5);
    return TRUE;
  }
  return FALSE;
}

/**
 * us_option_format_duration:
 * @ms: milliseconds
 *
 * Returns: (transfer full): the same, in the largest unit that needs no fraction
 */
char *
us_option_format_duration (gint64 ms) {
  if (ms > 0 && ms % 3600000 == 0)
    return g_strdup_printf ("%" G_GINT64_FORMAT "h", ms / 3600000);
  if (ms > 0 && ms % 60000 == 0)
    return g_strdup_printf ("%" G_GINT64_FORMAT "min", ms / 60000);
  if (ms % 1000 == 0)
    return g_strdup_printf ("%" G_GINT64_FORMAT "s", ms / 1000);
  return g_strdup_printf ("%" G_GINT64_FORMAT "ms", ms);
}

/**
 * us_option_parse_address:
 * @text: an address of this machine and a port
 * @host: (out) (optional) (transfer full): a numeric address
 * @port: (out) (optional): 0 to 65535
 *
 * Names other than localhost are refused: which of a name's addresses to listen on is a question
 * that a configuration file must not leave open.
 *
 * Returns: %FALSE when @text is not of that form
 */
gboolean
us_option_parse_address (const char *text, char **host, guint16 *port) {
  const char *colon = strrchr (text, ':');
  if (colon == NULL || colon == text || !g_ascii_isdigit (colon[1]))
    return FALSE;
  guint64 number = 0;
  if (!g_ascii_string_to_unsigned (colon + 1, 10, 0, G_MAXUINT16, &number, NULL))
    return FALSE;

  g_autofree char *name = g_strndup (text, (gsize)(colon - text));
  gsize length = strlen (name);
  gboolean is_bracketed = name[0] == '[' && name[length - 1] == ']';
  if (is_bracketed) {
    name[length - 1] = '\0';
    memmove (name, name + 1, length - 1);
  } else if (strchr (name, ':') != NULL) {
    return FALSE; /* "::1:80" could be read in two ways */
  }
  if (strcmp (name, "localhost") == 0) {
    g_free (name);
    name = g_strdup ("127.0.0.1");
  }
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (name);
  if (address == NULL)
    return FALSE;
  if (is_bracketed != (g_inet_address_get_family (address) == G_SOCKET_FAMILY_IPV6))
    return FALSE;
  if (host != NULL)
    *host = g_steal_pointer (&name);
  if (port != NULL)
    *port = (guint16)number;
  return TRUE;
}

static gboolean
is_url (const char *text, const char *const *schemes) {
  g_autoptr (GUri) uri = g_uri_parse (text, G_URI_FLAGS_ENCODED, NULL);
  if (uri == NULL || g_uri_get_host (uri) == NULL || g_uri_get_host (uri)[0] == '\0')
    return FALSE;
  return schemes == NULL || g_strv_contains (schemes, g_uri_get_scheme (uri));
}

static gboolean
is_route (const char *text, const char *const *schemes) {
  const char *url = NULL;
  g_free (us_route_split (text, &url)); /* the URL points into the text */
  /* Braces have no place in a URL; what they stand for has. */
  g_autofree char *example = us_route_fill (url, "stream");
  return is_url (example, schemes);
}

static gboolean
is_list (const char *text, const char *const *schemes,
         gboolean (*is_item) (const char *text, const char *const *schemes)) {
  g_auto (GStrv) items = g_strsplit (text, ";", -1);
  for (guint i = 0; items[i] != NULL; i++) {
    g_strstrip (items[i]);
    gboolean is_last = items[i + 1] == NULL;
    if (!(is_last && items[i][0] == '\0') && !is_item (items[i], schemes))
      return FALSE;
  }
  return TRUE;
}

/**
 * us_option_describe_type:
 * @option: an option
 *
 * Returns: (transfer full): what it takes, to follow "is not" or a colon: "a whole number from 1 to
 *   100"
 */
char *
us_option_describe_type (const UsOption *option) {
  g_autofree char *words = NULL;
  if (option->choices != NULL)
    words = g_strjoinv (option->type == US_OPTION_CHOICE ? ", " : " or ", (char **)option->choices);

  switch (option->type) {
  case US_OPTION_BOOL:
    return g_strdup ("true or false");
  case US_OPTION_INTEGER:
    return g_strdup_printf ("a whole number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT,
                            option->min, option->max);
  case US_OPTION_DURATION: {
    g_autofree char *min = us_option_format_duration (option->min);
    g_autofree char *max = us_option_format_duration (option->max);
    return g_strdup_printf ("a duration from %s to %s, such as 500ms, 2s or 5min", min, max);
  }
  case US_OPTION_ADDRESS:
    return g_strdup ("an address and port, such as 0.0.0.0:8080 or [::1]:8080");
  case US_OPTION_URL:
    return g_strdup_printf ("a URL with scheme %s and a host", words != NULL ? words : "and host");
  case US_OPTION_LIST:
    return g_strdup_printf ("a list of %s URLs separated by ;", words != NULL ? words : "any");
  case US_OPTION_ROUTES:
    return g_strdup_printf ("a list of %s URLs, or NAME=URL, separated by ;",
                            words != NULL ? words : "any");
  case US_OPTION_CHOICE:
    return g_strdup_printf ("one of %s", words);
  case US_OPTION_STRING:
  default:
    return g_strdup_printf ("a text of %d to %d characters", (int)option->min,
                            (int)(option->max > 0 ? option->max : MAX_VALUE_LENGTH));
  }
}

static gboolean
fits (const UsOption *option, const char *value) {
  gint64 number = 0;
  gboolean flag = FALSE;
  gsize length = strlen (value);

  if (length == 0)
    return option->fallback[0] == '\0' || option->type == US_OPTION_LIST
           || option->type == US_OPTION_ROUTES;
  switch (option->type) {
  case US_OPTION_BOOL:
    return us_option_parse_bool (value, &flag);
  case US_OPTION_INTEGER:
    return g_ascii_string_to_signed (value, 10, option->min, option->max, &number, NULL);
  case US_OPTION_DURATION:
    return us_option_parse_duration (value, &number) && number >= option->min
           && number <= option->max;
  case US_OPTION_ADDRESS:
    return us_option_parse_address (value, NULL, NULL);
  case US_OPTION_URL:
    return is_url (value, option->choices);
  case US_OPTION_LIST:
    return is_list (value, option->choices, is_url);
  case US_OPTION_ROUTES:
    return is_list (value, option->choices, is_route);
  case US_OPTION_CHOICE:
    return g_strv_contains (option->choices, value);
  case US_OPTION_STRING:
  default:
    return length >= (gsize)option->min && (option->max == 0 || length <= (gsize)option->max);
  }
}

/* What a person typed goes back to a terminal on one line: shortened, and nothing that it obeys. */
static char *
quotable (const char *value) {
  g_autofree char *clean = us_text_clean (value, 61);
  if (g_utf8_strlen (clean, -1) <= 60)
    return g_steal_pointer (&clean);
  g_autofree char *head = g_utf8_substring (clean, 0, 57);
  return g_strconcat (head, "...", NULL);
}

/* A target's key or password that stands in a value with a mistake is not for the journal. */
static char *
without_secrets (const UsOption *option, const char *value) {
  if (option->type != US_OPTION_URL && option->type != US_OPTION_LIST
      && option->type != US_OPTION_ROUTES)
    return g_strdup (value);
  g_auto (GStrv) items = g_strsplit (value, ";", -1);
  for (guint i = 0; items[i] != NULL; i++) {
    char *item = items[i];
    items[i] = us_route_for_people (item);
    g_free (item);
  }
  return g_strjoinv (";", items);
}

/* @value: valid UTF-8 */
static gboolean
has_control_character (const char *value) {
  for (const char *p = value; *p != '\0'; p = g_utf8_next_char (p)) {
    if (g_unichar_iscntrl (g_utf8_get_char (p)))
      return TRUE;
  }
  return FALSE;
}

/**
 * us_option_check:
 * @option: an option
 * @value: what somebody wants to set it to
 * @error: set to US_CONFIG_ERROR_VALUE with "'abc' is not a whole number from 1 to 100"; the caller
 *   prefixes where it stood
 *
 * Returns: %TRUE when @value fits
 */
gboolean
us_option_check (const UsOption *option, const char *value, GError **error) {
  g_autofree char *safe = without_secrets (option, value);
  g_autofree char *shown = quotable (safe);
  if (!g_utf8_validate (value, -1, NULL) || has_control_character (value)) {
    g_set_error (error, US_CONFIG_ERROR, US_CONFIG_ERROR_VALUE,
                 "'%s' has bytes that are not printable text", shown);
    return FALSE;
  }
  if (strlen (value) <= MAX_VALUE_LENGTH && fits (option, value))
    return TRUE;
  g_autofree char *type = us_option_describe_type (option);
  g_set_error (error, US_CONFIG_ERROR, US_CONFIG_ERROR_VALUE, "'%s' is not %s", shown, type);
  return FALSE;
}

/* Levenshtein distance with one row; both words at most MAX_WORD_LENGTH bytes. */
static guint
distance (const char *a, const char *b) {
  guint row[MAX_WORD_LENGTH + 1];
  gsize n = strlen (b);
  for (gsize j = 0; j <= n; j++)
    row[j] = (guint)j;
  for (gsize i = 1; a[i - 1] != '\0'; i++) {
    guint diagonal = row[0];
    row[0] = (guint)i;
    for (gsize j = 1; j <= n; j++) {
      guint change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = MIN (MIN (row[j], row[j - 1]) + 1, change);
    }
  }
  return row[n];
}

/**
 * us_option_nearest:
 * @word: what was typed
 * @words: what there is, ending with NULL
 *
 * Returns: (nullable) (transfer none): the word of @words that was probably meant: at most a third
 *   of its letters, or three, differ
 */
const char *
us_option_nearest (const char *word, const char *const *words) {
  const char *best = NULL;
  guint best_distance = G_MAXUINT;
  if (strlen (word) > MAX_WORD_LENGTH)
    return NULL;
  for (guint i = 0; words[i] != NULL; i++) {
    gsize length = strlen (words[i]);
    if (length > MAX_WORD_LENGTH)
      continue;
    guint d = distance (word, words[i]);
    if (d < best_distance && d <= MIN (3, MAX (1, length / 3))) {
      best = words[i];
      best_distance = d;
    }
  }
  return best;
}
