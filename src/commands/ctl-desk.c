/* ctl-desk.c - what `understudy ctl` asks of the operations desk
 *
 * A table of verbs: what is asked for, and how the answer is shown. The desk's answers are read as
 * those of another version may be (ctl-read.c).
 */
#include "commands/ctl-desk.h"

#include <string.h>

#include "base/text.h"
#include "base/url.h"
#include "commands/ctl-read.h"
#include "monitor/stream-config.h"

#define MAX_COLUMN 40

typedef void (*Print) (GString *out, JsonNode *root, gint64 now_us);
static void print_streams (GString *out, JsonNode *root, gint64 now_us);
static void print_added (GString *out, JsonNode *root, gint64 now_us);
static void print_removed (GString *out, JsonNode *root, gint64 now_us);
static void print_incidents (GString *out, JsonNode *root, gint64 now_us);
static void print_incident (GString *out, JsonNode *root, gint64 now_us);
static void print_findings (GString *out, JsonNode *root, gint64 now_us);

/* @path: %s is the subject, escaped */
static const struct {
  const char *verb, *method, *path;
  Print print;
} verbs[] = {
  { "streams", "GET", "/api/streams", print_streams },
  { "add", "POST", "/api/streams", print_added },
  { "remove", "DELETE", "/api/streams/%s", print_removed },
  { "incidents", "GET", "/api/incidents?active_only=false&limit=50", print_incidents },
  { "ack", "POST", "/api/incidents/%s/acknowledge", print_incident },
  { "findings", "GET", "/api/streams/%s/findings", print_findings },
};

static int
find_verb (const char *verb) {
  for (guint i = 0; i < G_N_ELEMENTS (verbs); i++) {
    if (strcmp (verbs[i].verb, verb) == 0)
      return (int)i;
  }
  return -1;
}

gboolean
us_ctl_desk_knows (const char *verb) {
  return find_verb (verb) >= 0;
}

/* ---- showing ---- */

/* Names and reasons may hold what a peer sent: no control byte reaches the terminal, and no column
 * pushes the others away. */
static void
add_cell (GString *out, const char *text, int width) {
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  int n = 0;
  for (const char *p = valid; *p != '\0' && n < MAX_COLUMN * 3; p = g_utf8_next_char (p), n++) {
    gunichar c = g_utf8_get_char (p);
    g_string_append_unichar (out, g_unichar_isprint (c) ? c : '?');
  }
  for (; n < width; n++)
    g_string_append_c (out, ' ');
  if (width > 0)
    g_string_append (out, "  ");
}

/* Returns: (transfer full): how long ago, "3 min"; "-" where it is not known */
static char *
age_of (JsonObject *object, const char *name, gint64 now_us) {
  g_autoptr (GTimeZone) utc = g_time_zone_new_utc ();
  g_autoptr (GDateTime) time = g_date_time_new_from_iso8601 (us_ctl_text (object, name), utc);
  if (time == NULL)
    return g_strdup ("-");
  gint64 s = MAX (0, now_us / G_USEC_PER_SEC - g_date_time_to_unix (time));
  if (s < 120)
    return g_strdup_printf ("%" G_GINT64_FORMAT " s", s);
  if (s < 120 * 60)
    return g_strdup_printf ("%" G_GINT64_FORMAT " min", s / 60);
  if (s < 48 * 3600)
    return g_strdup_printf ("%" G_GINT64_FORMAT " h", s / 3600);
  return g_strdup_printf ("%" G_GINT64_FORMAT " d", s / 86400);
}

static JsonArray *
list_of (JsonNode *root) {
  return root != NULL && JSON_NODE_HOLDS_ARRAY (root) ? json_node_get_array (root) : NULL;
}

static void
print_streams (GString *out, JsonNode *root, gint64 now_us) {
  JsonArray *list = list_of (root);
  for (guint i = 0; i < us_ctl_length (list); i++) {
    JsonObject *stream = us_ctl_element (list, i);
    const char *reason = us_ctl_text (stream, "reason");
    const char *incident = us_ctl_text (stream, "active_incident_id");
    g_autofree char *age = age_of (stream, "since", now_us);
    add_cell (out, us_ctl_text (stream, "id"), 24);
    add_cell (out, us_ctl_flag (stream, "paused") ? "PAUSED" : us_ctl_text (stream, "state"), 9);
    add_cell (out, age, 7);
    add_cell (out, incident, 12);
    add_cell (out, strcmp (reason, "-") != 0 ? reason : us_ctl_text (stream, "manifest_url"), 0);
    g_string_append_c (out, '\n');
  }
  if (us_ctl_length (list) == 0)
    g_string_append (out, "no streams\n");
}

static void
print_added (GString *out, JsonNode *root, gint64 now_us) {
  JsonObject *stream = us_ctl_object_of (root);
  add_cell (out, us_ctl_text (stream, "id"), 0);
  g_string_append (out, ": watched from now on\n");
}

static void
print_removed (GString *out, JsonNode *root, gint64 now_us) {
  add_cell (out, us_ctl_text (us_ctl_object_of (root), "stream_id"), 0);
  g_string_append (out, ": no longer watched\n");
}

/* The cause thought of first. */
static void
add_cause (GString *out, JsonObject *incident) {
  JsonObject *cause = us_ctl_object_of (us_ctl_member (incident, "root_cause"));
  if (cause == NULL)
    return;
  g_string_append (out, "  cause: ");
  add_cell (out, us_ctl_text (cause, "title"), 0);
  g_string_append (out, ", confidence ");
  add_cell (out, us_ctl_text (cause, "confidence"), 0);
  g_string_append_c (out, '\n');
}

static void
add_incident (GString *out, JsonObject *incident, gint64 now_us) {
  g_autofree char *age = age_of (incident, "opened_at", now_us);
  add_cell (out, us_ctl_text (incident, "id"), 12);
  add_cell (out, us_ctl_text (incident, "status"), 12);
  add_cell (out, age, 7);
  add_cell (out, us_ctl_text (incident, "stream_id"), 24);
  add_cell (out, us_ctl_text (incident, "reason"), 0);
  g_string_append_c (out, '\n');
  add_cause (out, incident);
}

static void
print_incidents (GString *out, JsonNode *root, gint64 now_us) {
  JsonArray *list = list_of (root);
  for (guint i = 0; i < us_ctl_length (list); i++)
    add_incident (out, us_ctl_element (list, i), now_us);
  if (us_ctl_length (list) == 0)
    g_string_append (out, "no incidents\n");
}

static void
print_incident (GString *out, JsonNode *root, gint64 now_us) {
  add_incident (out, us_ctl_object_of (root), now_us);
}

static void
print_findings (GString *out, JsonNode *root, gint64 now_us) {
  JsonArray *list = list_of (root);
  if (list == NULL)
    list = us_ctl_array (us_ctl_object_of (root), "findings");
  for (guint i = 0; i < us_ctl_length (list); i++) {
    JsonObject *finding = us_ctl_element (list, i);
    gint64 count = 0;
    us_ctl_number (finding, "count", &count);
    g_autofree char *age = age_of (finding, "first_at", now_us);
    g_autofree char *times = g_strdup_printf ("%" G_GINT64_FORMAT "x", count);
    add_cell (out, us_ctl_text (finding, "severity"), 9);
    add_cell (out, us_ctl_flag (finding, "is_open") ? "open" : "closed", 6);
    add_cell (out, age, 7);
    add_cell (out, times, 5);
    add_cell (out, us_ctl_text (finding, "check"), 24);
    add_cell (out, us_ctl_text (finding, "text"), 0);
    g_string_append_c (out, '\n');
  }
  if (us_ctl_length (list) == 0)
    g_string_append (out, "no findings\n");
}

/**
 * us_ctl_desk_print:
 * @verb: that was given
 * @json: the answer
 * @now_us: wall time, for ages
 *
 * Returns: (transfer full): for people
 */
char *
us_ctl_desk_print (const char *verb, const char *json, gint64 now_us) {
  int i = find_verb (verb);
  g_autoptr (JsonNode) root = json_from_string (json, NULL);
  GString *out = g_string_new (NULL);
  if (i >= 0)
    verbs[i].print (out, root, now_us);
  return g_string_free (out, FALSE);
}

/* ---- asking ---- */

static void
add_member (JsonBuilder *json, const char *name, const char *value) {
  if (value == NULL || value[0] == '\0')
    return;
  json_builder_set_member_name (json, name);
  json_builder_add_string_value (json, value);
}

/* Everybody may read names, and ids are made of them: no query of a URL belongs into one. */
static char *
name_of (const char *url) {
  g_autofree char *shown = us_url_for_people (url);
  return us_text_clean (shown, US_STREAM_MAX_NAME);
}

/**
 * us_ctl_desk_body:
 * @order: of a verb that us_ctl_desk_knows()
 *
 * Returns: (transfer full) (nullable): what is sent with it; %NULL: nothing
 */
GBytes *
us_ctl_desk_body (const UsCtlDeskOrder *order) {
  g_autoptr (JsonBuilder) json = json_builder_new ();
  json_builder_begin_object (json);
  if (strcmp (order->verb, "add") == 0) {
    g_autofree char *name
        = order->name[0] != '\0' ? g_strdup (order->name) : name_of (order->subject);
    add_member (json, "manifest_url", order->subject);
    add_member (json, "name", name);
  } else if (strcmp (order->verb, "ack") == 0) {
    add_member (json, "note", order->why);
  } else {
    return NULL;
  }
  json_builder_end_object (json);
  g_autoptr (JsonNode) root = json_builder_get_root (json);
  char *text = json_to_string (root, FALSE);
  return g_bytes_new_take (text, strlen (text));
}

/**
 * us_ctl_desk_give:
 * @order: of a verb that us_ctl_desk_knows()
 * @error: US_CTL_ERROR
 *
 * Returns: (transfer full): what to print
 */
char *
us_ctl_desk_give (UsCtlHttp *http, const UsCtlDeskOrder *order, GError **error) {
  int i = find_verb (order->verb);
  g_return_val_if_fail (i >= 0, NULL);
  g_autoptr (GBytes) body = us_ctl_desk_body (order);
  g_autofree char *subject
      = g_uri_escape_string (order->subject != NULL ? order->subject : "", NULL, FALSE);
  const char *place = strstr (verbs[i].path, "%s");
  g_autofree char *path = place == NULL ? g_strdup (verbs[i].path)
                                        : g_strdup_printf ("%.*s%s%s", (int)(place - verbs[i].path),
                                                           verbs[i].path, subject, place + 2);
  g_autofree char *answer = us_ctl_http_ask (http, verbs[i].method, path, body, error);
  if (answer == NULL)
    return NULL;
  return order->is_json ? g_strconcat (g_strchomp (answer), "\n", NULL)
                        : us_ctl_desk_print (order->verb, answer, g_get_real_time ());
}
