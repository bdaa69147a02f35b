/* json-body.c - a strict reading of a JSON object that somebody sent
 *
 * A handler names what it understands, one getter a member, and asks at the end whether all was
 * well. Exact types, limits, nothing unknown: whoever misspells a member hears of it, and where.
 *
 * The text is scanned before json-glib parses it: how deep it goes (the parser recurses), that it
 * is JSON by the letter (the parser takes comments), and that no string has a zero in it (the
 * parser would cut it there). Pure; lives for one call.
 */
#include "http/json-body.h"

#include <math.h>
#include <string.h>

#include "http/problem.h"

#define SHOWN_CHARS 60
/* What is between them is exact in a double, which is what other programs read numbers into. */
#define MOST_EXACT G_GINT64_CONSTANT (9007199254740992)

struct UsJsonPart {
  UsJsonBody *body;
  JsonObject *object; /* nullable: there is none; of the parser */
  char *path;         /* "/alerts/0" */
  GHashTable *known;  /* names that were asked for */
  GStrv members;      /* nullable: see us_json_members() */
};

struct UsJsonBody {
  JsonParser *parser;
  GPtrArray *parts; /* element-type UsJsonPart; the first is the root */
  GPtrArray *owned; /* arrays of strings and of parts */
  UsJsonProblem problem;
};

static void
part_free (gpointer data) {
  UsJsonPart *part = data;

  g_free (part->path);
  g_strfreev (part->members);
  g_hash_table_unref (part->known);
  g_free (part);
}

static UsJsonPart *
part_new (UsJsonBody *body, JsonObject *object, char *path) {
  UsJsonPart *part = g_new0 (UsJsonPart, 1);

  part->body = body;
  part->object = object;
  part->path = path;
  part->known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_ptr_array_add (body->parts, part);
  return part;
}

/* RFC 6901 3 and 6: escaped, and as the fragment of a URI. */
static char *
pointer_to (const char *path, const char *name) {
  g_autoptr (GString) text = g_string_new ("#");

  g_string_append (text, path);
  if (name == NULL)
    return g_string_free (g_steal_pointer (&text), FALSE);
  g_autofree char *valid = g_utf8_make_valid (name, -1);
  g_autofree char *brief
      = g_utf8_substring (valid, 0, MIN (g_utf8_strlen (valid, -1), SHOWN_CHARS));
  g_autofree char *escaped = NULL;
  g_autoptr (GString) token = g_string_new (brief);
  g_string_replace (token, "~", "~0", 0);
  g_string_replace (token, "/", "~1", 0);
  escaped = g_uri_escape_string (token->str, "!$&'()*+,;=:@/?~", TRUE);
  g_string_append_printf (text, "/%s", escaped);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
note_problem (UsJsonBody *body, guint status, const char *type, const char *title, char *pointer,
              char *detail) {
  UsJsonProblem *problem = &body->problem;

  if (problem->status != 0) {
    g_free (pointer);
    g_free (detail);
    return;
  }
  *problem = (UsJsonProblem){
    .status = status, .type = type, .title = title, .pointer = pointer, .detail = detail
  };
}

static void
refuse (UsJsonPart *part, const char *name, char *detail) {
  note_problem (part->body, 422, "bad-value", "A value is not acceptable",
                pointer_to (part->path, name), detail);
}

/**
 * us_json_refuse:
 * @name: (nullable): of a member; %NULL: the object itself
 *
 * For what a getter cannot see: a value that does not go with another.
 */
void
us_json_refuse (UsJsonPart *part, const char *name, const char *format, ...) {
  va_list args;

  va_start (args, format);
  refuse (part, name, g_strdup_vprintf (format, args));
  va_end (args);
}

/* ---- the text ---- */

static gsize
skip_digits (const char *text, gsize size, gsize i) {
  while (i < size && g_ascii_isdigit (text[i]))
    i++;
  return i;
}

/* Returns: where the number that begins at @i ends; 0: it is none (RFC 8259 6) */
static gsize
skip_number (const char *text, gsize size, gsize i) {
  i += text[i] == '-' ? 1 : 0;
  gsize end = i < size && text[i] == '0' ? i + 1 : skip_digits (text, size, i);
  if (end == i)
    return 0;
  if (end < size && text[end] == '.') {
    i = end + 1;
    end = skip_digits (text, size, i);
    if (end == i)
      return 0;
  }
  if (end < size && (text[end] == 'e' || text[end] == 'E')) {
    i = end + 1;
    i += i < size && (text[i] == '+' || text[i] == '-') ? 1 : 0;
    end = skip_digits (text, size, i);
    if (end == i)
      return 0;
  }
  return end < size && g_ascii_isdigit (text[end]) ? 0 : end;
}

/* What follows a backslash (RFC 8259 7). */
static const char *
check_escape (const char *text, gsize size) {
  if (size == 0)
    return "a string does not end";
  if (text[0] == '\0' || strchr ("\"\\/bfnrtu", text[0]) == NULL)
    return "a backslash before what needs none";
  if (text[0] != 'u')
    return NULL;
  for (gsize i = 1; i <= 4; i++)
    if (i >= size || !g_ascii_isxdigit (text[i]))
      return "a code of less than four digits";
  return strncmp (text, "u0000", 5) == 0 ? "a string has a zero" : NULL;
}

/* Returns: (nullable): what is wrong with it */
static const char *
scan (const char *text, gsize size) {
  guint depth = 0;
  gboolean is_string = FALSE, is_done = FALSE, has_scalar = FALSE; /* outside of all brackets */

  for (gsize i = 0; i < size; i++) {
    guchar c = (guchar)text[i];

    has_scalar |= depth == 0 && strchr (" \t\r\n{[", c) == NULL;
    if (is_done && !g_ascii_isspace (c))
      return "something follows its end";
    if (is_string && c < 0x20)
      return "a string has control characters";
    if (is_string && c == '\\') {
      const char *mistake = check_escape (text + i + 1, size - i - 1);
      if (mistake != NULL)
        return mistake;
      i++;
    } else if (c == '"')
      is_string = !is_string;
    else if (is_string)
      continue;
    else if (c == '{' || c == '[') {
      if (has_scalar)
        return "something stands before it";
      if (++depth > US_JSON_BODY_MAX_DEPTH)
        return "it goes deeper than 16 levels";
    } else if (c == '}' || c == ']') {
      is_done = depth <= 1;
      depth -= depth > 0 ? 1 : 0;
    } else if (c == '-' || g_ascii_isdigit (c)) {
      gsize end = skip_number (text, size, i);
      if (end == 0)
        return "a number that is none";
      i = end - 1;
    } else if (c == '\0' || strchr (" \t\r\n,:truefalsn", c) == NULL)
      return "a character that is not JSON";
  }
  return is_string ? "a string does not end" : NULL;
}

/* json-glib begins with the name of a file that there is not. */
static char *
words_of (const GError *error) {
  const char *text = error->message;

  if (g_str_has_prefix (text, "<data>:"))
    text += strlen ("<data>:");
  return g_utf8_make_valid (text, -1);
}

static void
parse (UsJsonBody *body, const char *text, gsize size) {
  g_autoptr (GError) error = NULL;
  const char *mistake = g_utf8_validate_len (text, size, NULL) ? scan (text, size) : "not UTF-8";

  if (mistake != NULL || !json_parser_load_from_data (body->parser, text, (gssize)size, &error)) {
    note_problem (body, 400, "bad-json", "The body is no JSON", g_strdup ("#"),
                  mistake != NULL ? g_strdup (mistake) : words_of (error));
    return;
  }
  JsonNode *root = json_parser_get_root (body->parser);
  if (root == NULL || !JSON_NODE_HOLDS_OBJECT (root))
    note_problem (body, 422, "bad-value", "A value is not acceptable", g_strdup ("#"),
                  g_strdup ("expected an object"));
}

/**
 * us_json_body_new:
 * @bytes: (nullable): none, or an empty one, says the same as "{}"
 *
 * Returns: (transfer full): what getters read from; mistakes come to light in us_json_body_end()
 */
UsJsonBody *
us_json_body_new (GBytes *bytes, gsize max_bytes) {
  UsJsonBody *body = g_new0 (UsJsonBody, 1);
  gsize size = 0;
  const char *text = bytes != NULL ? g_bytes_get_data (bytes, &size) : NULL;

  /* No immutable one, here or anywhere: that of JSON-GLib 1.10 (Debian 13) aborts the program in
   * json_parser_get_root() when a number stands before the object, as in "5{}". */
  body->parser = json_parser_new ();
  body->parts = g_ptr_array_new_with_free_func (part_free);
  body->owned = g_ptr_array_new_with_free_func ((GDestroyNotify)g_ptr_array_unref);
  if (size > max_bytes)
    note_problem (body, 413, "too-large", "The body is too large", g_strdup ("#"),
                  g_strdup_printf ("expected at most %" G_GSIZE_FORMAT " bytes", max_bytes));
  else if (size > 0)
    parse (body, text, size);
  JsonNode *root = body->problem.status == 0 ? json_parser_get_root (body->parser) : NULL;
  part_new (body, root != NULL ? json_node_get_object (root) : NULL, g_strdup (""));
  return body;
}

void
us_json_body_free (UsJsonBody *body) {
  if (body == NULL)
    return;
  g_ptr_array_unref (body->parts);
  g_ptr_array_unref (body->owned);
  g_object_unref (body->parser);
  g_free (body->problem.pointer);
  g_free (body->problem.detail);
  g_free (body);
}

UsJsonPart *
us_json_body_root (UsJsonBody *body) {
  return g_ptr_array_index (body->parts, 0);
}

JsonObject *
us_json_body_get_object (UsJsonBody *body) {
  return us_json_body_root (body)->object;
}

/* ---- members ---- */

/* Returns: (nullable): the node of a member that is there and not null, unless something was wrong
 * already */
static JsonNode *
look_up (UsJsonPart *part, const char *name, UsJsonNeed need) {
  JsonNode *node = part->object != NULL ? json_object_get_member (part->object, name) : NULL;

  g_hash_table_add (part->known, g_strdup (name));
  if (part->body->problem.status != 0)
    return NULL;
  if (node != NULL && !JSON_NODE_HOLDS_NULL (node))
    return node;
  if (need == US_JSON_REQUIRED)
    note_problem (part->body, 422, "missing-member", "A member is missing",
                  pointer_to (part->path, name), g_strdup_printf ("\"%s\" is needed", name));
  return NULL;
}

static gboolean
holds (JsonNode *node, GType type) {
  return JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == type;
}

/* Whether it was given, null or not; does not count as understood. */
gboolean
us_json_has (UsJsonPart *part, const char *name) {
  return part->object != NULL && json_object_has_member (part->object, name);
}

/* Whether it was given as null, which to getters is the same as not given. */
gboolean
us_json_is_null (UsJsonPart *part, const char *name) {
  return us_json_has (part, name)
         && JSON_NODE_HOLDS_NULL (json_object_get_member (part->object, name));
}

static gboolean
is_text (const char *text, guint max_chars) {
  if (!g_utf8_validate (text, -1, NULL) || g_utf8_strlen (text, -1) > (glong)max_chars)
    return FALSE; /* half a surrogate pair comes as what is not UTF-8 */
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);

    if (g_unichar_iscntrl (c) && c != '\n' && c != '\t')
      return FALSE;
  }
  return TRUE;
}

/**
 * us_json_text:
 *
 * Returns: (nullable) (transfer none): a string, not empty, whose only control characters are line
 *   ends and tabs
 */
const char *
us_json_text (UsJsonPart *part, const char *name, UsJsonNeed need, guint max_chars) {
  JsonNode *node = look_up (part, name, need);

  if (node == NULL)
    return NULL;
  const char *text = holds (node, G_TYPE_STRING) ? json_node_get_string (node) : NULL;
  if (text != NULL && *text != '\0' && is_text (text, max_chars))
    return text;
  refuse (part, name,
          g_strdup_printf ("expected a string of 1 to %u characters, without control characters",
                           max_chars));
  return NULL;
}

gint64
us_json_integer (UsJsonPart *part, const char *name, gint64 fallback, gint64 least, gint64 most) {
  JsonNode *node = look_up (part, name, US_JSON_OPTIONAL);

  if (node == NULL)
    return fallback;
  gint64 value = holds (node, G_TYPE_INT64) ? json_node_get_int (node) : G_MININT64;
  if (value >= MAX (least, -MOST_EXACT) && value <= MIN (most, MOST_EXACT))
    return value;
  refuse (part, name,
          g_strdup_printf ("expected a whole number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT,
                           least, most));
  return fallback;
}

double
us_json_number (UsJsonPart *part, const char *name, double fallback, double least, double most) {
  JsonNode *node = look_up (part, name, US_JSON_OPTIONAL);

  if (node == NULL)
    return fallback;
  if (holds (node, G_TYPE_INT64) || holds (node, G_TYPE_DOUBLE)) {
    double value = json_node_get_double (node);
    if (isfinite (value) && value >= least && value <= most)
      return value;
  }
  refuse (part, name, g_strdup_printf ("expected a number from %g to %g", least, most));
  return fallback;
}

gboolean
us_json_flag (UsJsonPart *part, const char *name, gboolean fallback) {
  JsonNode *node = look_up (part, name, US_JSON_OPTIONAL);

  if (node == NULL)
    return fallback;
  if (holds (node, G_TYPE_BOOLEAN))
    return json_node_get_boolean (node);
  refuse (part, name, g_strdup ("expected true or false"));
  return fallback;
}

/**
 * us_json_word:
 * @words: ended by %NULL
 *
 * Returns: the place of the value in @words, or @fallback
 */
int
us_json_word (UsJsonPart *part, const char *name, const char *const *words, int fallback) {
  JsonNode *node = look_up (part, name, US_JSON_OPTIONAL);

  if (node == NULL)
    return fallback;
  for (int i = 0; words[i] != NULL && holds (node, G_TYPE_STRING); i++)
    if (strcmp (words[i], json_node_get_string (node)) == 0)
      return i;
  g_autofree char *possible = g_strjoinv (", ", (char **)words);
  refuse (part, name, g_strdup_printf ("expected one of %s", possible));
  return fallback;
}

/* Returns: (nullable): an array of at most @max_items */
static JsonArray *
look_up_array (UsJsonPart *part, const char *name, UsJsonNeed need, guint max_items,
               const char *items) {
  JsonNode *node = look_up (part, name, need);

  if (node == NULL)
    return NULL;
  if (JSON_NODE_HOLDS_ARRAY (node)
      && json_array_get_length (json_node_get_array (node)) <= max_items)
    return json_node_get_array (node);
  refuse (part, name, g_strdup_printf ("expected a list of at most %u %s", max_items, items));
  return NULL;
}

/**
 * us_json_texts:
 *
 * Returns: (nullable) (transfer none): a list of strings as us_json_text() has them; %NULL: not
 *   given
 */
GStrv
us_json_texts (UsJsonPart *part, const char *name, guint max_items, guint max_chars) {
  JsonArray *array = look_up_array (part, name, US_JSON_OPTIONAL, max_items, "strings");

  if (array == NULL)
    return NULL;
  GPtrArray *texts = g_ptr_array_new ();
  g_ptr_array_add (part->body->owned, texts);
  for (guint i = 0; i < json_array_get_length (array); i++) {
    JsonNode *node = json_array_get_element (array, i);
    const char *text = holds (node, G_TYPE_STRING) ? json_node_get_string (node) : "";

    if (*text == '\0' || !is_text (text, max_chars)) {
      g_autofree char *place = g_strdup_printf ("%s/%u", name, i);
      note_problem (part->body, 422, "bad-value", "A value is not acceptable",
                    g_strdup_printf ("#%s/%s", part->path, place),
                    g_strdup_printf ("expected a string of 1 to %u characters", max_chars));
      return NULL;
    }
    g_ptr_array_add (texts, (gpointer)text);
  }
  g_ptr_array_add (texts, NULL);
  return (GStrv)texts->pdata;
}

/**
 * us_json_object:
 *
 * Returns: (nullable) (transfer none): an object; %NULL: not given
 */
UsJsonPart *
us_json_object (UsJsonPart *part, const char *name, UsJsonNeed need) {
  JsonNode *node = look_up (part, name, need);

  if (node == NULL)
    return NULL;
  if (JSON_NODE_HOLDS_OBJECT (node)) {
    g_autofree char *pointer = pointer_to (part->path, name);
    return part_new (part->body, json_node_get_object (node), g_strdup (pointer + 1));
  }
  refuse (part, name, g_strdup ("expected an object"));
  return NULL;
}

/**
 * us_json_objects:
 *
 * Returns: (nullable) (transfer none) (element-type UsJsonPart): a list of objects; %NULL: not
 * given
 */
GPtrArray *
us_json_objects (UsJsonPart *part, const char *name, UsJsonNeed need, guint max_items) {
  JsonArray *array = look_up_array (part, name, need, max_items, "objects");

  if (array == NULL)
    return NULL;
  GPtrArray *parts = g_ptr_array_new ();
  g_ptr_array_add (part->body->owned, parts);
  g_autofree char *pointer = pointer_to (part->path, name);
  for (guint i = 0; i < json_array_get_length (array); i++) {
    JsonNode *node = json_array_get_element (array, i);

    if (!JSON_NODE_HOLDS_OBJECT (node)) {
      note_problem (part->body, 422, "bad-value", "A value is not acceptable",
                    g_strdup_printf ("%s/%u", pointer, i), g_strdup ("expected an object"));
      return NULL;
    }
    g_ptr_array_add (parts, part_new (part->body, json_node_get_object (node),
                                      g_strdup_printf ("%s/%u", pointer + 1, i)));
  }
  return parts;
}

/**
 * us_json_members:
 *
 * For an object whose names are data (headers, labels): what they are. Those that are not read with
 * a getter count as unknown.
 *
 * Returns: (transfer none): names, ended by %NULL
 */
const char *const *
us_json_members (UsJsonPart *part) {
  g_autoptr (GList) names = part->object != NULL ? json_object_get_members (part->object) : NULL;
  GPtrArray *all = g_ptr_array_new ();

  for (GList *l = names; l != NULL; l = l->next)
    g_ptr_array_add (all, g_strdup (l->data));
  g_ptr_array_add (all, NULL);
  g_strfreev (part->members);
  part->members = (GStrv)g_ptr_array_free (all, FALSE);
  return (const char *const *)part->members;
}

/* ---- the end ---- */

static void
check_unknown (UsJsonPart *part) {
  g_autoptr (GList) names = part->object != NULL ? json_object_get_members (part->object) : NULL;

  for (GList *l = names; l != NULL; l = l->next) {
    if (g_hash_table_contains (part->known, l->data))
      continue;
    g_autofree char *pointer = pointer_to (part->path, l->data);
    note_problem (part->body, 422, "unknown-member", "A member is unknown",
                  g_steal_pointer (&pointer), g_strdup ("it means nothing here"));
    return;
  }
}

/**
 * us_json_body_check:
 *
 * After all getters.
 *
 * Returns: (nullable) (transfer none): the first mistake; %NULL: all was understood
 */
const UsJsonProblem *
us_json_body_check (UsJsonBody *body) {
  for (guint i = 0; i < body->parts->len && body->problem.status == 0; i++)
    check_unknown (g_ptr_array_index (body->parts, i));
  return body->problem.status != 0 ? &body->problem : NULL;
}

/**
 * us_json_body_end:
 * @response: filled with 400, 413 or 422 when something was wrong
 *
 * Returns: whether all was understood
 */
gboolean
us_json_body_end (UsJsonBody *body, UsHttpResponse *response) {
  const UsJsonProblem *problem = us_json_body_check (body);

  if (problem == NULL)
    return TRUE;
  us_http_problem_at (response, problem->status, problem->type, problem->title, problem->pointer,
                      "%s: %s", problem->pointer, problem->detail);
  return FALSE;
}
