/* ctl-print.c - what `understudy ctl` prints, made from the JSON that a switcher tells
 *
 * Pure: texts in, texts out. What a member is not there or of another type is shown as "-": the
 * switcher may be of another version.
 */
#include "commands/ctl-print.h"

#include <string.h>

#include "base/text.h"
#include "commands/ctl-read.h"

#define MAX_NAME 64     /* characters */
#define MAX_WARNING 300 /* characters of text or remedy */

struct UsCtlSeen {
  GHashTable *last_ms; /* stream -> gint64*: of the last change of sides that was seen */
  char *drill;         /* (nullable): that ran */
  gboolean has_begun;
};

/* ---- reading ---- */

static JsonObject *
find_stream (JsonNode *root, const char *stream) {
  JsonArray *streams = us_ctl_array (us_ctl_object_of (root), "streams");
  for (guint i = 0; i < us_ctl_length (streams); i++) {
    JsonObject *object = us_ctl_element (streams, i);
    if (strcmp (us_ctl_text (object, "name"), stream) == 0)
      return object;
  }
  return NULL;
}

/* ---- words ---- */

static char *
clock_time (gint64 ms) {
  g_autoptr (GDateTime) utc = g_date_time_new_from_unix_utc (ms / 1000);
  g_autoptr (GDateTime) local = utc != NULL ? g_date_time_to_local (utc) : NULL;
  g_autofree char *seconds = local != NULL ? g_date_time_format (local, "%H:%M:%S") : NULL;
  return seconds != NULL ? g_strdup_printf ("%s.%03d", seconds, (int)(ms % 1000)) : g_strdup ("-");
}

static char *
order_of (JsonObject *stream, gint64 now_ms) {
  gint64 until_ms;
  const char *mode = us_ctl_text (stream, "mode");
  GString *order = g_string_new (NULL);
  if (strcmp (mode, "auto") == 0)
    g_string_append_printf (order, "failback %s", us_ctl_text (stream, "failback"));
  else
    g_string_append_printf (order, "%s%s", mode,
                            us_ctl_flag (stream, "is_strict") ? " strictly" : "");
  if (us_ctl_number (stream, "until_ms", &until_ms))
    g_string_append_printf (order, " for %" G_GINT64_FORMAT " s more",
                            MAX (0, until_ms - now_ms + 999) / 1000);
  return g_string_free (order, FALSE);
}

static JsonObject *
origin_of (JsonObject *stream, const char *name) {
  return us_ctl_object_of (
      us_ctl_member (us_ctl_object_of (us_ctl_member (stream, "origins")), name));
}

/* What whoever has given an order must know of it: who is in maintenance, and that nobody is left
 * to take over. */
static void
add_caution (GString *out, JsonObject *stream, const char *name) {
  JsonObject *origin = origin_of (stream, name);
  gboolean is_active = us_ctl_flag (origin, "is_active");
  if (us_ctl_flag (origin, "is_drained"))
    g_string_append_printf (out, "; %s is drained%s", name,
                            is_active ? ", and used until the other works" : "");
  if (!is_active && strcmp (us_ctl_text (origin, "state"), "failed") == 0)
    g_string_append_printf (out, "; %s has failed (%s), nobody could take over", name,
                            us_ctl_text (origin, "reason"));
}

static void
add_origin (GString *out, JsonObject *stream, const char *name) {
  JsonObject *origin = origin_of (stream, name);
  const char *reason = us_ctl_text (origin, "reason"), *state = us_ctl_text (origin, "state");
  gint64 newest, age_ms;
  gboolean has_newest = us_ctl_number (origin, "newest_segment", &newest);
  g_autofree char *segment
      = has_newest ? g_strdup_printf ("%" G_GINT64_FORMAT, newest) : g_strdup ("-");
  g_autofree char *age = us_ctl_number (origin, "age_ms", &age_ms)
                             ? g_strdup_printf ("%.1f s", (double)age_ms / 1000.0)
                             : g_strdup ("-");
  gboolean is_plain = strcmp (reason, "ok") == 0 || strcmp (reason, state) == 0;
  g_autofree char *what
      = g_strdup_printf ("%s%s%s", state, is_plain ? "" : ": ", is_plain ? "" : reason);
  g_string_append_printf (out, "  %c %-8s %-22s %-8s segment %-12s %s\n",
                          us_ctl_flag (origin, "is_active") ? '*' : ' ', name, what, age, segment,
                          us_ctl_flag (origin, "is_drained") ? "drained" : "");
}

static char *
describe_switch (const char *stream, JsonObject *change) {
  gint64 ms = 0, gap_ms = 0, overlap_ms = 0;
  us_ctl_number (change, "time_ms", &ms);
  us_ctl_number (change, "gap_ms", &gap_ms);
  us_ctl_number (change, "overlap_ms", &overlap_ms);
  g_autofree char *when = clock_time (ms);
  const char *who = us_ctl_text (change, "who"), *why = us_ctl_text (change, "why");
  gboolean has_who = who[0] != '\0' && strcmp (who, "-") != 0;
  gboolean has_why = has_who && why[0] != '\0' && strcmp (why, "-") != 0;
  GString *out = g_string_new (NULL);
  g_string_append_printf (out, "%s  %s: %s -> %s  %s", when, stream, us_ctl_text (change, "from"),
                          us_ctl_text (change, "to"), us_ctl_text (change, "reason"));
  if (gap_ms != 0)
    g_string_append_printf (out, ", gap %" G_GINT64_FORMAT " ms", gap_ms);
  if (overlap_ms != 0)
    g_string_append_printf (out, ", overlap %" G_GINT64_FORMAT " ms", overlap_ms);
  if (has_who)
    g_string_append_printf (out, ", by %s", who);
  if (has_why)
    g_string_append_printf (out, ": %s", why);
  g_string_append_c (out, '\n');
  return g_string_free (out, FALSE);
}

/* ---- texts ---- */

/**
 * us_ctl_print_status:
 * @status: JSON of /control/status
 * @now_ms: wall time, for what is left of an order
 *
 * Returns: (transfer full): for people
 */
char *
us_ctl_print_status (const char *status, gint64 now_ms) {
  g_autoptr (JsonNode) root = json_from_string (status, NULL);
  JsonArray *streams = us_ctl_array (us_ctl_object_of (root), "streams");
  GString *out = g_string_new (NULL);
  for (guint i = 0; i < us_ctl_length (streams); i++) {
    JsonObject *stream = us_ctl_element (streams, i);
    gint64 failovers = 0, switchbacks = 0;
    us_ctl_number (stream, "failovers", &failovers);
    us_ctl_number (stream, "switchbacks", &switchbacks);
    g_autofree char *order = order_of (stream, now_ms);
    g_string_append_printf (
        out, "%s  %s, %s, %s, failovers %" G_GINT64_FORMAT ", switchbacks %" G_GINT64_FORMAT "\n",
        us_ctl_text (stream, "name"), us_ctl_flag (stream, "is_served") ? "served" : "not served",
        us_ctl_text (stream, "pair"), order, failovers, switchbacks);
    add_origin (out, stream, "primary");
    add_origin (out, stream, "backup");
    JsonArray *switches = us_ctl_array (stream, "switches");
    if (us_ctl_length (switches) > 0) {
      g_autofree char *last = describe_switch (
          us_ctl_text (stream, "name"), us_ctl_element (switches, us_ctl_length (switches) - 1));
      g_string_append_printf (out, "    last: %s", last);
    }
  }
  if (us_ctl_length (streams) == 0)
    g_string_append (out, "no streams\n");
  const char *drill = us_ctl_text (us_ctl_object_of (root), "active_drill");
  if (strcmp (drill, "-") != 0)
    g_string_append_printf (out, "drill %s runs\n", drill);
  return g_string_free (out, FALSE);
}

/**
 * us_ctl_print_warnings:
 * @ingest: JSON of the ingest's /healthz
 *
 * Returns: (transfer full): what it warns of, a line each; "": nothing
 */
char *
us_ctl_print_warnings (const char *ingest) {
  g_autoptr (JsonNode) root = json_from_string (ingest, NULL);
  JsonArray *streams = us_ctl_array (us_ctl_object_of (root), "streams");
  GString *out = g_string_new (NULL);
  for (guint i = 0; i < us_ctl_length (streams); i++) {
    JsonObject *stream = us_ctl_element (streams, i);
    JsonArray *warnings = us_ctl_array (stream, "warnings");
    g_autofree char *name = us_text_clean (us_ctl_text (stream, "name"), MAX_NAME);
    for (guint k = 0; k < us_ctl_length (warnings); k++) {
      JsonObject *warning = us_ctl_element (warnings, k);
      g_autofree char *text = us_text_clean (us_ctl_text (warning, "text"), MAX_WARNING);
      g_autofree char *remedy = us_text_clean (us_ctl_text (warning, "remedy"), MAX_WARNING);
      g_string_append_printf (out, "%s  encoder: %s; %s\n", name, text, remedy);
    }
  }
  return g_string_free (out, FALSE);
}

/**
 * us_ctl_print_stream:
 *
 * Returns: (transfer full): one line on a stream, as the answer to a command
 */
char *
us_ctl_print_stream (const char *status, const char *stream) {
  g_autoptr (JsonNode) root = json_from_string (status, NULL);
  JsonObject *object = find_stream (root, stream);
  gint64 now_ms = 0;
  us_ctl_number (us_ctl_object_of (root), "time_ms", &now_ms);
  if (object == NULL)
    return g_strdup_printf ("%s: done\n", stream);
  g_autofree char *order = order_of (object, now_ms);
  GString *out = g_string_new (NULL);
  g_string_append_printf (out, "%s: %s is active, %s", stream, us_ctl_text (object, "active"),
                          order);
  add_caution (out, object, "primary");
  add_caution (out, object, "backup");
  g_string_append_c (out, '\n');
  return g_string_free (out, FALSE);
}

char *
us_ctl_print_drills (const char *drills) {
  g_autoptr (JsonNode) root = json_from_string (drills, NULL);
  JsonArray *list = us_ctl_array (us_ctl_object_of (root), "drills");
  GString *out = g_string_new (NULL);
  for (guint i = 0; i < us_ctl_length (list); i++)
    g_string_append_printf (out, "%-20s %s\n", us_ctl_text (us_ctl_element (list, i), "name"),
                            us_ctl_text (us_ctl_element (list, i), "summary"));
  if (us_ctl_length (list) == 0)
    g_string_append (out, "no drills\n");
  return g_string_free (out, FALSE);
}

/* ---- picking ---- */

/**
 * us_ctl_pick_stream:
 *
 * Returns: (transfer full): {"streams": [...]} with only that one
 */
char *
us_ctl_pick_stream (const char *status, const char *stream) {
  g_autoptr (JsonNode) root = json_from_string (status, NULL);
  JsonObject *object = find_stream (root, stream);
  g_autoptr (JsonBuilder) json = json_builder_new ();
  json_builder_begin_object (json);
  json_builder_set_member_name (json, "streams");
  json_builder_begin_array (json);
  if (object != NULL) {
    JsonNode *node = json_node_alloc ();
    json_node_init_object (node, object);
    json_builder_add_value (json, node);
  }
  json_builder_end_array (json);
  json_builder_end_object (json);
  g_autoptr (JsonNode) picked = json_builder_get_root (json);
  return json_to_string (picked, FALSE);
}

GStrv
us_ctl_list_streams (const char *status) {
  g_autoptr (JsonNode) root = json_from_string (status, NULL);
  JsonArray *streams = us_ctl_array (us_ctl_object_of (root), "streams");
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  for (guint i = 0; i < us_ctl_length (streams); i++)
    g_strv_builder_add (names, us_ctl_text (us_ctl_element (streams, i), "name"));
  return g_strv_builder_end (names);
}

/* Returns: (transfer full) (nullable): the stream that is meant when none is named */
char *
us_ctl_default_stream (const char *status) {
  g_autoptr (JsonNode) root = json_from_string (status, NULL);
  JsonArray *streams = us_ctl_array (us_ctl_object_of (root), "streams");
  for (guint i = 0; i < us_ctl_length (streams); i++)
    if (us_ctl_flag (us_ctl_element (streams, i), "is_default"))
      return g_strdup (us_ctl_text (us_ctl_element (streams, i), "name"));
  return us_ctl_length (streams) == 1 ? g_strdup (us_ctl_text (us_ctl_element (streams, 0), "name"))
                                      : NULL;
}

/* ---- watching ---- */

UsCtlSeen *
us_ctl_seen_new (void) {
  UsCtlSeen *seen = g_new0 (UsCtlSeen, 1);
  seen->last_ms = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return seen;
}

void
us_ctl_seen_free (UsCtlSeen *seen) {
  g_hash_table_unref (seen->last_ms);
  g_free (seen->drill);
  g_free (seen);
}

static void
add_switch (GString *out, const char *stream, JsonObject *change, gboolean is_json) {
  if (!is_json) {
    g_autofree char *line = describe_switch (stream, change);
    g_string_append (out, line);
    return;
  }
  g_autoptr (JsonNode) node = json_node_alloc ();
  g_autoptr (JsonObject) copy = json_object_new ();
  g_autoptr (GList) names = json_object_get_members (change);
  json_object_set_string_member (copy, "event", "switch");
  json_object_set_string_member (copy, "stream", stream);
  for (GList *link = names; link != NULL; link = link->next)
    json_object_set_member (copy, link->data,
                            json_node_copy (json_object_get_member (change, link->data)));
  json_node_init_object (node, copy);
  g_autofree char *line = json_to_string (node, FALSE);
  g_string_append_printf (out, "%s\n", line);
}

static void
add_drill (GString *out, UsCtlSeen *seen, JsonObject *root, gboolean is_json) {
  const char *now = us_ctl_text (root, "active_drill");
  const char *active = strcmp (now, "-") == 0 ? NULL : now;
  if (g_strcmp0 (active, seen->drill) == 0)
    return;
  if (seen->has_begun && seen->drill != NULL)
    g_string_append_printf (
        out, is_json ? "{\"event\":\"drill-finished\",\"id\":\"%s\"}\n" : "drill %s finished\n",
        seen->drill);
  if (seen->has_begun && active != NULL)
    g_string_append_printf (
        out, is_json ? "{\"event\":\"drill-started\",\"id\":\"%s\"}\n" : "drill %s started\n",
        active);
  g_free (seen->drill);
  seen->drill = g_strdup (active);
}

/**
 * us_ctl_print_news:
 * @seen: (inout): what is known; nothing is printed the first time
 * @status: JSON of /control/status
 * @is_json: one object on each line, instead of sentences
 *
 * Returns: (transfer full): the changes of sides, and of drills, since the last call
 */
char *
us_ctl_print_news (UsCtlSeen *seen, const char *status, gboolean is_json) {
  g_autoptr (JsonNode) root = json_from_string (status, NULL);
  JsonArray *streams = us_ctl_array (us_ctl_object_of (root), "streams");
  GString *out = g_string_new (NULL);
  for (guint i = 0; i < us_ctl_length (streams); i++) {
    JsonObject *stream = us_ctl_element (streams, i);
    JsonArray *switches = us_ctl_array (stream, "switches");
    const char *name = us_ctl_text (stream, "name");
    const gint64 *known = g_hash_table_lookup (seen->last_ms, name);
    gint64 last_ms = known != NULL ? *known : 0, ms = 0;
    for (guint k = 0; k < us_ctl_length (switches); k++) {
      JsonObject *change = us_ctl_element (switches, k);
      if (!us_ctl_number (change, "time_ms", &ms) || ms <= last_ms)
        continue;
      last_ms = ms;
      if (seen->has_begun)
        add_switch (out, name, change, is_json);
    }
    gint64 *value = g_new (gint64, 1);
    *value = last_ms;
    g_hash_table_replace (seen->last_ms, g_strdup (name), value);
  }
  add_drill (out, seen, us_ctl_object_of (root), is_json);
  seen->has_begun = TRUE;
  return g_string_free (out, FALSE);
}
