/* api-bundle.c - /api/incidents/{id}/bundle: all that is known of an incident, in one file
 *
 * To be sent to whoever runs the origin or the CDN, who has no access to this desk: the incident
 * with its cause and evidence, its timeline, the figures of the hour around it, and the pictures
 * themselves. Read in the store's reading thread, for it is much, and answered when it is there.
 */
#include "api/api-private.h"

#include "api/history.h"
#include "http/json.h"
#include "http/problem.h"

#define FORMAT "understudy-incident"
#define DEADLINE_MS 20000
#define MAX_WAITING 20
#define MINUTE_US ((gint64)60 * G_USEC_PER_SEC)
#define BEFORE_US (30 * MINUTE_US) /* of the figures */
#define AFTER_US (10 * MINUTE_US)
#define PICTURES_BEFORE_US (5 * MINUTE_US)
#define PICTURES_AFTER_US (2 * MINUTE_US)
#define MAX_PICTURES 48 /* half of them of its beginning, half of its end */
#define MAX_PICTURE_BYTES ((gsize)8 * 1024 * 1024)
#define DELIVERIES_PAGE 500

typedef struct {
  UsApiWaiter waiter;
  char *id;
  gboolean shows_all;
  gboolean is_there;
  UsIncidentRow row;
  GArray *notes, *findings, *events, *deliveries;
  GPtrArray *pictures; /* element-type UsThumbnailRow */
  UsApiPast past;
} Bundle;

static void
picture_free (gpointer data) {
  us_thumbnail_row_clear (data);
  g_free (data);
}

static void
bundle_free (Bundle *bundle) {
  us_incident_row_clear (&bundle->row);
  us_api_past_clear (&bundle->past);
  g_clear_pointer (&bundle->notes, g_array_unref);
  g_clear_pointer (&bundle->findings, g_array_unref);
  g_clear_pointer (&bundle->events, g_array_unref);
  g_clear_pointer (&bundle->deliveries, g_array_unref);
  g_clear_pointer (&bundle->pictures, g_ptr_array_unref);
  g_free (bundle->id);
  g_free (bundle);
}

/* ---- in the reading thread ---- */

static gboolean
read_events (Bundle *bundle, UsStore *view, GError **error) {
  const UsEventQuery query = { .incident = bundle->id, .limit = US_STORE_MAX_ROWS };
  bundle->events = us_store_list_events (view, &query, error);
  return bundle->events != NULL;
}

/* The log has those of all incidents, newest first; none is older than its incident. */
static gboolean
read_deliveries (Bundle *bundle, UsStore *view, GError **error) {
  gint64 before_id = 0;
  gboolean is_over = FALSE;
  bundle->deliveries = g_array_new (FALSE, FALSE, sizeof (UsDeliveryRow));
  g_array_set_clear_func (bundle->deliveries, (GDestroyNotify)us_delivery_row_clear);
  while (!is_over) {
    g_autoptr (GArray) page = us_store_list_deliveries (view, before_id, DELIVERIES_PAGE, error);
    if (page == NULL)
      return FALSE;
    is_over = page->len < DELIVERIES_PAGE;
    for (guint i = 0; i < page->len; i++) {
      UsDeliveryRow *row = &g_array_index (page, UsDeliveryRow, i);
      before_id = row->id;
      is_over |= row->wall_us < bundle->row.opened_us;
      if (g_strcmp0 (row->incident, bundle->id) != 0)
        continue;
      g_array_append_val (bundle->deliveries, *row);
      *row = (UsDeliveryRow){ .id = row->id };
    }
  }
  return TRUE;
}

typedef struct {
  Bundle *bundle;
  UsStore *view;
  GHashTable *seen; /* ids; of the rows that are walked over */
  gsize n_bytes;
} Album;

/* One that is no longer kept, or too much, is left out. */
static gboolean
take_picture (Album *album, const char *id, GError **error) {
  g_autoptr (GError) local = NULL;
  if (album->n_bytes > MAX_PICTURE_BYTES || !g_hash_table_add (album->seen, (gpointer)id))
    return TRUE;
  UsThumbnailRow *picture = g_new0 (UsThumbnailRow, 1);
  if (us_store_get_thumbnail (album->view, id, picture, &local) && picture->jpeg != NULL) {
    album->n_bytes += g_bytes_get_size (picture->jpeg);
    g_ptr_array_add (album->bundle->pictures, picture);
    return TRUE;
  }
  picture_free (picture);
  if (local == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

static int
compare_pictures (gconstpointer a, gconstpointer b) {
  const UsThumbnailRow *one = *(UsThumbnailRow *const *)a, *other = *(UsThumbnailRow *const *)b;
  return one->wall_us < other->wall_us ? -1 : one->wall_us > other->wall_us;
}

/* Those that the timeline names, then those of the time; rows come newest first. */
static gboolean
read_pictures (Bundle *bundle, UsStore *view, GError **error) {
  gint64 end_us = bundle->row.resolved_us > 0 ? bundle->row.resolved_us + PICTURES_AFTER_US : 0;
  g_autoptr (GArray) rows = us_store_list_thumbnails (view, bundle->row.stream,
                                                      bundle->row.opened_us - PICTURES_BEFORE_US,
                                                      end_us, US_STORE_MAX_ROWS, error);
  if (rows == NULL)
    return FALSE;
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  Album album = { .bundle = bundle, .view = view, .seen = seen };
  bundle->pictures = g_ptr_array_new_with_free_func (picture_free);
  for (guint i = bundle->events->len; i > 0 && bundle->pictures->len < MAX_PICTURES; i--) {
    const char *id = g_array_index (bundle->events, UsEventRow, i - 1).thumbnail;
    if (id != NULL && !take_picture (&album, id, error))
      return FALSE;
  }
  for (guint i = rows->len; i > 0; i--) {
    gboolean is_at_end = i <= MAX_PICTURES / 2 || rows->len - i < MAX_PICTURES / 2;
    if (is_at_end && !take_picture (&album, g_array_index (rows, UsThumbnailRow, i - 1).id, error))
      return FALSE;
  }
  g_ptr_array_sort (bundle->pictures, compare_pictures);
  return TRUE;
}

static void
begin_past (Bundle *bundle) {
  gint64 now_us = g_get_real_time ();
  gint64 since_us = bundle->row.opened_us - BEFORE_US;
  gint64 until_us = bundle->row.resolved_us > 0 ? bundle->row.resolved_us + AFTER_US : now_us;
  until_us = CLAMP (until_us, since_us + MINUTE_US, MAX (now_us, since_us + MINUTE_US));
  us_api_past_init (&bundle->past, bundle->row.stream, since_us, until_us,
                    us_history_resolution_s (since_us, until_us, now_us, 0));
}

static gboolean
read_bundle (UsStore *view, gpointer user_data, GError **error) {
  Bundle *bundle = user_data;
  g_autoptr (GError) local = NULL;
  bundle->is_there = us_store_get_incident (view, bundle->id, &bundle->row, &local);
  if (local != NULL) {
    g_propagate_error (error, g_steal_pointer (&local));
    return FALSE;
  }
  if (!bundle->is_there)
    return TRUE;
  begin_past (bundle);
  bundle->notes = us_store_list_notes (view, bundle->id, error);
  if (bundle->notes != NULL)
    bundle->findings = us_api_list_findings_of (view, &bundle->row, error);
  return bundle->findings != NULL && read_events (bundle, view, error)
         && read_deliveries (bundle, view, error) && read_pictures (bundle, view, error)
         && us_api_past_read (&bundle->past, view, error);
}

/* ---- the answer ---- */

static void
add_stream (UsApi *api, JsonBuilder *json, const Bundle *bundle) {
  const UsStreamConfig *config = us_desk_get_stream (api->desk, bundle->row.stream);
  json_builder_set_member_name (json, "stream");
  if (config != NULL)
    us_api_add_stream (api, json, config, TRUE, bundle->shows_all);
  else
    json_builder_add_null_value (json);
}

static void
add_events (JsonBuilder *json, const GArray *events) {
  json_builder_set_member_name (json, "timeline");
  json_builder_begin_array (json);
  for (guint i = events->len; i > 0; i--) /* they come newest first */
    us_api_add_event (json, &g_array_index (events, UsEventRow, i - 1));
  json_builder_end_array (json);
}

static void
add_pictures (JsonBuilder *json, const GPtrArray *pictures) {
  json_builder_set_member_name (json, "thumbnails");
  json_builder_begin_array (json);
  for (guint i = 0; i < pictures->len; i++) {
    const UsThumbnailRow *row = pictures->pdata[i];
    gsize size;
    const guint8 *data = g_bytes_get_data (row->jpeg, &size);
    g_autofree char *text = g_base64_encode (data, size);
    json_builder_begin_object (json);
    us_json_add_text (json, "id", row->id);
    us_api_add_time (json, "at", row->wall_us);
    us_json_add_text (json, "reason", row->reason);
    us_json_add_text (json, "content_type", "image/jpeg");
    us_json_add_text (json, "base64", text);
    json_builder_end_object (json);
  }
  json_builder_end_array (json);
}

static void
add_rows (UsApi *api, JsonBuilder *json, const Bundle *bundle) {
  json_builder_set_member_name (json, "incident");
  us_api_add_incident_whole (api, json, &bundle->row, bundle->notes, bundle->findings);
  add_events (json, bundle->events);
  json_builder_set_member_name (json, "findings");
  us_api_add_findings_of (api, json, &bundle->row, bundle->findings);
  json_builder_set_member_name (json, "notes");
  us_api_add_notes (json, bundle->notes);
  json_builder_set_member_name (json, "history");
  us_api_past_add (&bundle->past, api, json);
  add_pictures (json, bundle->pictures);
  json_builder_set_member_name (json, "deliveries");
  json_builder_begin_array (json);
  for (guint i = 0; i < bundle->deliveries->len; i++)
    us_api_add_delivery (json, &g_array_index (bundle->deliveries, UsDeliveryRow, i));
  json_builder_end_array (json);
}

static void
answer_bundle (UsApi *api, const Bundle *bundle, UsHttpResponse *response) {
  g_autoptr (JsonBuilder) json = us_api_json_new ();
  g_autofree char *name = g_strdup_printf ("attachment; filename=\"%s.json\"", bundle->row.id);
  json_builder_begin_object (json);
  us_json_add_text (json, "format", FORMAT);
  us_json_add_text (json, "version", US_VERSION);
  us_api_add_time (json, "generated_at", g_get_real_time ());
  add_stream (api, json, bundle);
  add_rows (api, json, bundle);
  json_builder_end_object (json);
  us_api_answer (response, 200, json);
  us_http_response_add_header (response, "Content-Disposition", name);
}

/* A UsStoreDone. */
static void
on_read (const GError *error, gpointer user_data) {
  Bundle *bundle = user_data;
  UsApi *api = bundle->waiter.api;
  UsHttpResponse response = { 0 };
  if (api != NULL) {
    if (error != NULL)
      us_api_answer_error (&response, error, NULL);
    else if (!bundle->is_there)
      us_api_answer_no_incident (&response, bundle->id);
    else
      answer_bundle (api, bundle, &response);
    us_api_waiter_answer (&bundle->waiter, &response);
  }
  bundle_free (bundle);
}

US_API_HANDLER (incident_bundle) {
  UsApi *api = self;
  if (!us_api_takes_nothing (request, response))
    return;
  if (api->waiters.length >= MAX_WAITING) {
    us_http_problem (response, 503, "too-busy", "Too busy",
                     "Too many wait for the history; try again.");
    response->retry_after = g_strdup ("5");
    return;
  }
  Bundle *bundle = g_new0 (Bundle, 1);
  bundle->id = g_strdup (us_template_match_get (match, "id"));
  bundle->shows_all = us_api_may_write (api, request);
  us_api_waiter_begin (&bundle->waiter, api, response, DEADLINE_MS);
  us_store_read_async (us_desk_get_store (api->desk), read_bundle, on_read, bundle);
}
