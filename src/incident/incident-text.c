/* incident-text.c - what is written into an incident's row, and read back: pure */
#include "incident/incidents-private.h"

#include "http/json.h"

#include <math.h>
#include <string.h>

/**
 * us_incident_new_id:
 * @number: never the same twice
 *
 * A bijection: as unique as @number, without giving away how many there have been. What does not
 * fit into 32 bits stands in front: each start of the desk leaves out a million numbers.
 *
 * Returns: (transfer full): "INC-" and eight hexadecimal digits, or more
 */
char *
us_incident_new_id (guint64 number) {
  guint32 x = (guint32)number * 2654435769u; /* odd, so that it can be undone */
  guint32 high = (guint32)(number >> 32);
  x ^= x >> 16;
  x *= 0x45d9f3bu;
  x ^= 0x5bd1e995u;
  return high == 0 ? g_strdup_printf ("INC-%08X", x) : g_strdup_printf ("INC-%X%08X", high, x);
}

/* Returns: (transfer full): ISO 8601 with ms, UTC */
char *
us_incident_time (gint64 wall_us) {
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (wall_us / G_USEC_PER_SEC);
  if (time == NULL)
    return g_strdup ("?");
  g_autofree char *seconds = g_date_time_format (time, "%Y-%m-%dT%H:%M:%S");
  return g_strdup_printf ("%s.%03dZ", seconds, (int)(wall_us % G_USEC_PER_SEC / 1000));
}

/* Returns: (transfer full): "12 s", "4 min 12 s", "3 h 5 min" */
char *
us_incident_span (gint64 us) {
  gint64 s = MAX (us, 0) / G_USEC_PER_SEC;
  if (s < 60)
    return g_strdup_printf ("%d s", (int)s);
  if (s < 3600)
    return g_strdup_printf ("%d min %d s", (int)(s / 60), (int)(s % 60));
  return g_strdup_printf ("%" G_GINT64_FORMAT " h %d min", s / 3600, (int)(s % 3600 / 60));
}

/* Returns: (transfer full): both, or a sentence that says that there is none */
char *
us_incident_reason (const char *const reasons[2]) {
  if (reasons[0] == NULL)
    return g_strdup ("The stream is not well");
  return reasons[1] != NULL ? g_strdup_printf ("%s; %s", reasons[0], reasons[1])
                            : g_strdup (reasons[0]);
}

/* Returns: (transfer full): what makes two incidents the same */
char *
us_incident_fingerprint (const char *stream, UsCheck leading) {
  return g_strconcat (stream, ":", leading < US_N_CHECKS ? us_check_info (leading)->word : "",
                      NULL);
}

/* Returns: US_N_CHECKS when it has none, or one of another version */
UsCheck
us_incident_leading (const char *fingerprint) {
  const char *colon = fingerprint != NULL ? strrchr (fingerprint, ':') : NULL;
  UsCheck check;
  return colon != NULL && us_check_from_word (colon + 1, &check) ? check : US_N_CHECKS;
}

static char *
to_text (JsonBuilder *json) {
  g_autoptr (JsonNode) root = json_builder_get_root (json);
  return us_json_to_text (root, FALSE);
}

static void
add_number (JsonBuilder *json, const char *name, double value) {
  json_builder_set_member_name (json, name);
  if (isnan (value) || isinf (value))
    json_builder_add_null_value (json);
  else
    json_builder_add_double_value (json, round (value * 1000) / 1000);
}

/**
 * us_incident_snapshot:
 * @reason: (nullable)
 * @symptoms: (nullable)
 *
 * Returns: (transfer full): JSON with the members that programs of the first generation know
 */
char *
us_incident_snapshot (UsHealth health, const char *reason, const UsSymptoms *symptoms,
                      gint64 wall_us) {
  g_autoptr (JsonBuilder) json = json_builder_new ();
  g_autofree char *time = us_incident_time (wall_us);
  json_builder_begin_object (json);
  us_json_add_text (json, "health_state", us_health_colour (health));
  us_json_add_text (json, "reason", reason);
  us_json_add_integer (json, "error_count_2min",
                       symptoms != NULL ? us_symptoms_failed (symptoms->playlists)
                                              + us_symptoms_failed (symptoms->segments)
                                        : 0);
  add_number (json, "avg_ttfb_ms", symptoms != NULL ? symptoms->ttfb_p50 * 1000 : NAN);
  add_number (json, "avg_download_ratio", symptoms != NULL ? symptoms->ratio_p50 : NAN);
  us_json_add_text (json, "captured_at", time);
  json_builder_end_object (json);
  return to_text (json);
}

/* Returns: (transfer full): JSON, as us_cause_add_json() has it */
char *
us_incident_cause_text (const GPtrArray *diagnoses) {
  g_autoptr (JsonBuilder) json = json_builder_new ();
  us_cause_add_json (json, diagnoses);
  return to_text (json);
}

static const char *
text_member (JsonObject *object, const char *name) {
  JsonNode *node = json_object_get_member (object, name);
  return node != NULL && JSON_NODE_HOLDS_VALUE (node) ? json_node_get_string (node) : NULL;
}

/**
 * us_incident_read_cause:
 * @json: (nullable): as us_incident_cause_text() wrote it
 *
 * What cannot be read is not known.
 */
void
us_incident_read_cause (const char *json, UsCause *cause, UsConfidence *confidence) {
  g_autoptr (JsonNode) root = json != NULL ? json_from_string (json, NULL) : NULL;
  *cause = US_CAUSE_UNKNOWN;
  *confidence = US_CONFIDENCE_NONE;
  if (root == NULL || !JSON_NODE_HOLDS_OBJECT (root))
    return;
  JsonObject *object = json_node_get_object (root);
  if (!us_cause_from_word (text_member (object, "cause"), cause))
    return;
  for (UsConfidence i = US_CONFIDENCE_NONE; i <= US_CONFIDENCE_HIGH; i++)
    if (g_strcmp0 (text_member (object, "confidence"), us_confidence_word (i)) == 0)
      *confidence = i;
}
