/* query.c - the parameters of a URL, read with types and limits
 *
 * A handler names what it understands, one getter a parameter, and asks at the end whether all was
 * well: a parameter that means nothing here is a mistake of the caller, who would otherwise believe
 * that it had an effect. Pure; lives for one call.
 */
#include "http/query.h"

#include <string.h>

#include "http/problem.h"

#define SHOWN_CHARS 60
/* Numbers above it are milliseconds: it would be the year 5138. */
#define MOST_SECONDS G_GINT64_CONSTANT (100000000000)
/* Year 9999: what GDateTime can hold. */
#define MOST_TIME_S G_GINT64_CONSTANT (253402300799)

typedef struct {
  char *name, *value;
  gboolean is_known;
  GStrv items; /* nullable: of a list */
} Parameter;

struct UsQuery {
  GArray *parameters; /* element-type Parameter */
  GString *known;     /* names, for the message */
  char *bad_name;     /* nullable: of the first mistake */
  char *mistake;      /* nullable */
};

static void
parameter_clear (gpointer data) {
  Parameter *parameter = data;

  g_free (parameter->name);
  g_free (parameter->value);
  g_strfreev (parameter->items);
}

static char *
shown (const char *text) {
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  g_autofree char *brief
      = g_utf8_substring (valid, 0, MIN (g_utf8_strlen (valid, -1), SHOWN_CHARS));

  for (char *p = brief; *p != '\0'; p++)
    if (g_ascii_iscntrl (*p))
      *p = ' ';
  return g_steal_pointer (&brief);
}

static void
note_mistake (UsQuery *query, const char *name, char *mistake) {
  if (query->mistake == NULL) {
    query->bad_name = shown (name);
    query->mistake = mistake;
  } else
    g_free (mistake);
}

/* application/x-www-form-urlencoded: "+" is a space. */
static char *
decode (const char *text, gsize length) {
  g_autofree char *copy = g_strndup (text, length);

  for (char *p = copy; *p != '\0'; p++)
    if (*p == '+')
      *p = ' ';
  g_autofree char *plain = g_uri_unescape_string (copy, NULL); /* no %00 */
  return plain != NULL && g_utf8_validate (plain, -1, NULL) ? g_steal_pointer (&plain) : NULL;
}

static Parameter *
find (UsQuery *query, const char *name) {
  for (guint i = 0; i < query->parameters->len; i++) {
    Parameter *parameter = &g_array_index (query->parameters, Parameter, i);

    if (strcmp (parameter->name, name) == 0)
      return parameter;
  }
  return NULL;
}

static void
take_pair (UsQuery *query, const char *pair, gsize length) {
  const char *equals = memchr (pair, '=', length);
  gsize n_name = equals != NULL ? (gsize)(equals - pair) : length;
  Parameter parameter = { 0 };

  parameter.name = decode (pair, n_name);
  parameter.value = equals != NULL ? decode (equals + 1, length - n_name - 1) : g_strdup ("");
  if (parameter.name == NULL || parameter.value == NULL)
    note_mistake (query, parameter.name != NULL ? parameter.name : "?",
                  g_strdup ("it is not valid percent-encoded UTF-8"));
  else if (find (query, parameter.name) != NULL)
    note_mistake (query, parameter.name, g_strdup ("it is there twice"));
  else if (query->parameters->len >= US_QUERY_MAX_PARAMETERS)
    note_mistake (query, parameter.name, g_strdup ("there are too many parameters"));
  else {
    g_array_append_val (query->parameters, parameter);
    return;
  }
  parameter_clear (&parameter);
}

/**
 * us_query_new:
 * @raw: as in the request: without "?", percent-encoded
 *
 * Returns: (transfer full): what getters read from; mistakes come to light in us_query_end()
 */
UsQuery *
us_query_new (const char *raw) {
  UsQuery *query = g_new0 (UsQuery, 1);
  const char *p = raw;

  query->parameters = g_array_new (FALSE, TRUE, sizeof (Parameter));
  g_array_set_clear_func (query->parameters, parameter_clear);
  query->known = g_string_new (NULL);
  while (*p != '\0' && query->mistake == NULL) {
    gsize length = strcspn (p, "&");

    if (length > 0)
      take_pair (query, p, length);
    p += length + (p[length] == '&' ? 1 : 0);
  }
  return query;
}

void
us_query_free (UsQuery *query) {
  if (query == NULL)
    return;
  g_array_unref (query->parameters);
  g_string_free (query->known, TRUE);
  g_free (query->bad_name);
  g_free (query->mistake);
  g_free (query);
}

/* Returns: (nullable): the parameter, unless something was wrong already */
static Parameter *
look_up (UsQuery *query, const char *name) {
  Parameter *parameter = find (query, name);

  g_string_append_printf (query->known, "%s%s", query->known->len > 0 ? ", " : "", name);
  if (parameter != NULL)
    parameter->is_known = TRUE;
  return query->mistake == NULL ? parameter : NULL;
}

/* Whether it was given; does not count as understood. */
gboolean
us_query_has (UsQuery *query, const char *name) {
  return find (query, name) != NULL;
}

/**
 * us_query_text:
 *
 * Returns: (nullable) (transfer none): without control characters, not empty; %NULL: not given
 */
const char *
us_query_text (UsQuery *query, const char *name, guint max_chars) {
  const Parameter *parameter = look_up (query, name);

  if (parameter == NULL)
    return NULL;
  if (*parameter->value == '\0' || g_utf8_strlen (parameter->value, -1) > (glong)max_chars) {
    note_mistake (query, name, g_strdup_printf ("expected 1 to %u characters", max_chars));
    return NULL;
  }
  for (const char *p = parameter->value; *p != '\0'; p = g_utf8_next_char (p)) {
    if (g_unichar_iscntrl (g_utf8_get_char (p))) {
      note_mistake (query, name, g_strdup ("it has control characters"));
      return NULL;
    }
  }
  return parameter->value;
}

gint64
us_query_integer (UsQuery *query, const char *name, gint64 fallback, gint64 least, gint64 most) {
  const Parameter *parameter = look_up (query, name);
  gint64 value = fallback;

  if (parameter == NULL
      || g_ascii_string_to_signed (parameter->value, 10, least, most, &value, NULL))
    return value;
  g_autofree char *given = shown (parameter->value);
  note_mistake (query, name,
                g_strdup_printf ("expected a whole number from %" G_GINT64_FORMAT
                                 " to %" G_GINT64_FORMAT ", not \"%s\"",
                                 least, most, given));
  return fallback;
}

/* "true" and "false", "1" and "0"; a bare name means true. */
gboolean
us_query_flag (UsQuery *query, const char *name, gboolean fallback) {
  const Parameter *parameter = look_up (query, name);

  if (parameter == NULL)
    return fallback;
  if (strcmp (parameter->value, "true") == 0 || strcmp (parameter->value, "1") == 0
      || *parameter->value == '\0')
    return TRUE;
  if (strcmp (parameter->value, "false") != 0 && strcmp (parameter->value, "0") != 0)
    note_mistake (query, name, g_strdup ("expected true or false"));
  return FALSE;
}

/**
 * us_query_word:
 * @words: ended by %NULL
 *
 * Returns: the place of the value in @words, or @fallback
 */
int
us_query_word (UsQuery *query, const char *name, const char *const *words, int fallback) {
  const Parameter *parameter = look_up (query, name);

  if (parameter == NULL)
    return fallback;
  for (int i = 0; words[i] != NULL; i++)
    if (strcmp (words[i], parameter->value) == 0)
      return i;
  g_autofree char *possible = g_strjoinv (", ", (char **)words);
  g_autofree char *given = shown (parameter->value);
  note_mistake (query, name, g_strdup_printf ("expected one of %s, not \"%s\"", possible, given));
  return fallback;
}

/* "2026-11-22T03:00:00+02:00", of which the "+" may have become a space. Without a zone: UTC. */
static gboolean
read_date (const char *text, gint64 *wall_us) {
  g_autofree char *copy = g_strdup (text);
  g_autoptr (GTimeZone) utc = g_time_zone_new_utc ();
  char *space = strrchr (copy, ' ');

  if (space != NULL && strchr (copy, 'T') != NULL)
    *space = '+';
  g_autoptr (GDateTime) date = g_date_time_new_from_iso8601 (copy, utc);
  if (date == NULL)
    return FALSE;
  *wall_us = g_date_time_to_unix (date) * G_USEC_PER_SEC + g_date_time_get_microsecond (date);
  return *wall_us >= 0;
}

/**
 * us_query_time:
 * @fallback_us: us since the epoch
 *
 * RFC 3339, or seconds or milliseconds since the epoch.
 *
 * Returns: us since the epoch
 */
gint64
us_query_time (UsQuery *query, const char *name, gint64 fallback_us) {
  const Parameter *parameter = look_up (query, name);
  gint64 value = fallback_us;

  if (parameter == NULL)
    return fallback_us;
  if (g_ascii_string_to_signed (parameter->value, 10, 0, MOST_TIME_S * 1000, &value, NULL))
    return value >= MOST_SECONDS ? value * 1000 : value * G_USEC_PER_SEC;
  if (read_date (parameter->value, &value))
    return value;
  g_autofree char *given = shown (parameter->value);
  note_mistake (query, name,
                g_strdup_printf ("expected a time like 2026-01-31T12:00:00Z, not \"%s\"", given));
  return fallback_us;
}

/**
 * us_query_list:
 *
 * Returns: (nullable) (transfer none): the items between commas, none of them empty; %NULL: not
 *   given
 */
const char *const *
us_query_list (UsQuery *query, const char *name, guint max_items) {
  Parameter *parameter = look_up (query, name);

  if (parameter == NULL)
    return NULL;
  if (parameter->items == NULL)
    parameter->items = g_strsplit (parameter->value, ",", (gint)max_items + 1);
  gboolean is_good = parameter->items[0] != NULL && g_strv_length (parameter->items) <= max_items;
  for (char **item = parameter->items; *item != NULL && is_good; item++)
    is_good = *g_strstrip (*item) != '\0';
  if (is_good)
    return (const char *const *)parameter->items;
  note_mistake (query, name,
                g_strdup_printf ("expected 1 to %u words, with commas between", max_items));
  return NULL;
}

/**
 * us_query_end:
 * @response: filled with 400 when something was wrong
 *
 * Returns: whether all parameters were understood
 */
gboolean
us_query_end (UsQuery *query, UsHttpResponse *response) {
  if (query->mistake != NULL) {
    us_http_problem_of_parameter (response, "bad-parameter", "A parameter is not acceptable",
                                  query->bad_name, "%s: %s", query->bad_name, query->mistake);
    return FALSE;
  }
  for (guint i = 0; i < query->parameters->len; i++) {
    const Parameter *parameter = &g_array_index (query->parameters, Parameter, i);

    if (parameter->is_known)
      continue;
    g_autofree char *name = shown (parameter->name);
    us_http_problem_of_parameter (response, "unknown-parameter", "A parameter is unknown", name,
                                  "\"%s\" means nothing here; possible: %s", name,
                                  query->known->len > 0 ? query->known->str : "none");
    return FALSE;
  }
  return TRUE;
}
