/* finding-json.c - what is wrong with a stream, and what was
 *
 * A finding is the same to a reader whether it stands now or was read from the database. Pure.
 */
#include "api/api-private.h"

#include "http/json.h"

#include <math.h>
#include <string.h>

static void
add_check (JsonBuilder *json, const char *word) {
  UsCheck check;
  gboolean is_known = us_check_from_word (word, &check);
  us_json_add_text (json, "check", word);
  us_json_add_text (json, "title", is_known ? us_check_info (check)->title : word);
  us_json_add_text (json, "group",
                    is_known ? us_check_group_word (us_check_info (check)->group) : NULL);
}

/* @row: of the store, or made of an open finding */
void
us_api_add_finding (JsonBuilder *json, const UsFindingRow *row) {
  g_autofree char *id = g_strdup_printf ("%" G_GINT64_FORMAT, row->id);
  json_builder_begin_object (json);
  us_json_add_text (json, "id", id);
  us_json_add_text (json, "stream_id", row->stream);
  add_check (json, row->check);
  us_json_add_text (json, "severity", row->severity);
  us_json_add_text (json, "text", row->text);
  us_json_add_integer_or_null (json, "rendition", row->rendition >= 0, row->rendition);
  us_api_add_number (json, "value", row->value);
  us_api_add_number (json, "limit", row->limit);
  us_json_add_flag (json, "is_open", row->closed_us == 0);
  us_api_add_time (json, "first_at", row->first_us);
  us_api_add_time (json, "last_at", row->last_us);
  us_api_add_time (json, "closed_at", row->closed_us);
  us_json_add_integer (json, "count", row->count);
  json_builder_end_object (json);
}

/* @finding: of the memory, counted up to now */
void
us_api_add_open_finding (JsonBuilder *json, const char *stream, const UsFinding *finding) {
  const UsFindingRow row = us_desk_finding_row (stream, finding, finding->severity);
  us_api_add_finding (json, &row);
}

/* The open ones as an array, the worst first. */
void
us_api_add_open_findings (JsonBuilder *json, const char *stream, const UsWatchView *view) {
  json_builder_begin_array (json);
  if (view->findings != NULL) {
    g_autoptr (GPtrArray) open = us_findings_list (view->findings);
    for (guint i = 0; i < open->len; i++)
      us_api_add_open_finding (json, stream, open->pdata[i]);
  }
  json_builder_end_array (json);
}
