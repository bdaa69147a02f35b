/* outcome.c - what each drill of a run brought, read from its evidence
 *
 * `understudy drill run` leaves a result.json in its folder (docs/drills.md); whoever looks at the
 * switcher wants the few numbers of it that a viewer would feel. Read and understood in a thread of
 * its own, since a disk may take its time and viewers must not. Pure but for that.
 */
#include "switcher/outcome.h"

#include <json-glib/json-glib.h>
#include <sys/stat.h>

#include "base/text.h"

#define FILE_NAME "result.json"
#define MAX_NAME 64
#define MAX_VERDICT 300

static void
outcome_free (gpointer data) {
  UsOutcome *outcome = data;
  g_free (outcome->name);
  g_free (outcome->hit);
  g_free (outcome->verdict);
  g_free (outcome);
}

/* ---- members, whatever they are ---- */

static JsonNode *
get_value (JsonObject *object, const char *member, GType type) {
  JsonNode *node = object != NULL ? json_object_get_member (object, member) : NULL;
  return node != NULL && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == type
             ? node
             : NULL;
}

static char *
get_text (JsonObject *object, const char *member, guint max_chars) {
  JsonNode *node = get_value (object, member, G_TYPE_STRING);
  return us_text_clean (node != NULL ? json_node_get_string (node) : "", max_chars);
}

static gint64
get_number (JsonObject *object, const char *member) {
  JsonNode *node = get_value (object, member, G_TYPE_INT64);
  return node != NULL ? json_node_get_int (node) : 0;
}

static gboolean
get_flag (JsonObject *object, const char *member) {
  JsonNode *node = get_value (object, member, G_TYPE_BOOLEAN);
  return node != NULL && json_node_get_boolean (node);
}

static JsonObject *
get_object (JsonObject *object, const char *member) {
  JsonNode *node = json_object_get_member (object, member);
  return node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

/* ---- the file ---- */

static UsOutcome *
read_outcome (JsonObject *drill) {
  JsonObject *viewer = get_object (drill, "viewer");
  UsOutcome *outcome = g_new0 (UsOutcome, 1);
  outcome->name = get_text (drill, "name", MAX_NAME);
  outcome->hit = get_text (drill, "hit", MAX_NAME);
  outcome->verdict = get_text (drill, "verdict", MAX_VERDICT);
  outcome->has_passed = get_flag (drill, "passed");
  outcome->is_skipped = get_flag (drill, "skipped");
  outcome->stall_ms = get_number (viewer, "stall_ms");
  outcome->failed_requests = get_number (viewer, "failed_requests");
  outcome->missing_frames = get_number (viewer, "missing_frames");
  outcome->repeated_frames = get_number (viewer, "repeated_frames");
  outcome->added_delay_ms = get_number (viewer, "added_delay_ms");
  return outcome;
}

static JsonArray *
find_drills (JsonParser *parser) {
  JsonNode *root = json_parser_get_root (parser);
  if (root == NULL || !JSON_NODE_HOLDS_OBJECT (root))
    return NULL;
  JsonNode *node = json_object_get_member (json_node_get_object (root), "drills");
  return node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
}

/**
 * us_outcomes_parse:
 * @json: content of a result.json
 * @size: of it; -1: until its NUL
 * @error: when it is no JSON, or has no list of drills
 *
 * Returns: (transfer full) (element-type UsOutcome) (nullable): in the order they were played
 */
GPtrArray *
us_outcomes_parse (const char *json, gssize size, GError **error) {
  g_autoptr (JsonParser) parser = json_parser_new ();
  if (!json_parser_load_from_data (parser, json, size, error))
    return NULL;
  JsonArray *drills = find_drills (parser);
  if (drills == NULL) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "there is no list of drills in it");
    return NULL;
  }
  g_autoptr (GPtrArray) outcomes = g_ptr_array_new_with_free_func (outcome_free);
  for (guint i = 0; i < json_array_get_length (drills) && outcomes->len < US_OUTCOMES_MAX; i++) {
    JsonNode *node = json_array_get_element (drills, i);
    if (JSON_NODE_HOLDS_OBJECT (node))
      g_ptr_array_add (outcomes, read_outcome (json_node_get_object (node)));
  }
  return g_steal_pointer (&outcomes);
}

/* A GTaskThreadFunc; the folder is the task's data. */
static void
read_in_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable) {
  g_autofree char *path = g_build_filename (task_data, FILE_NAME, NULL), *json = NULL;
  GError *error = NULL;
  struct stat status;
  gsize size;
  if (stat (path, &status) == 0 && status.st_size > US_OUTCOMES_MAX_BYTES) {
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                             "%s is larger than %d bytes", path, US_OUTCOMES_MAX_BYTES);
    return;
  }
  GPtrArray *outcomes = g_file_get_contents (path, &json, &size, &error)
                            ? us_outcomes_parse (json, (gssize)size, &error)
                            : NULL;
  if (outcomes != NULL)
    g_task_return_pointer (task, outcomes, (GDestroyNotify)g_ptr_array_unref);
  else
    g_task_return_error (task, error);
}

/**
 * us_outcomes_read_async:
 * @folder: of the evidence
 * @callback: called with a source of %NULL
 */
void
us_outcomes_read_async (const char *folder, GCancellable *cancellable, GAsyncReadyCallback callback,
                        gpointer user_data) {
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  g_task_set_source_tag (task, us_outcomes_read_async);
  g_task_set_task_data (task, g_strdup (folder), g_free);
  g_task_run_in_thread (task, read_in_thread);
}

/**
 * us_outcomes_read_finish:
 * @error: of the file, of us_outcomes_parse(), or %G_IO_ERROR_CANCELLED
 *
 * Returns: (transfer full) (element-type UsOutcome) (nullable)
 */
GPtrArray *
us_outcomes_read_finish (GAsyncResult *result, GError **error) {
  return g_task_propagate_pointer (G_TASK (result), error);
}
