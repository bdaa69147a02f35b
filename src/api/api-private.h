/* api-private.h - what the resources of the REST interface share */
#pragma once

#include "api/api.h"
#include "api/chain-proxy.h"
#include "api/hosts.h"
#include "api/keys.h"
#include "api/timeline.h"
#include "api/web.h"
#include "http/door.h"
#include "http/events.h"
#include "http/query.h"
#include "http/route-template.h"

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

#define US_API_MAX_BODY (64 * 1024) /* bytes of JSON; nothing here needs more */
#define US_API_ORDER_MS 5000        /* until a write must be on disk, or 503 */
#define US_API_CACHE_NONE "no-store"
#define US_API_CACHE_ASK "no-cache" /* may be kept, must be asked for again */

struct UsApi {
  UsDesk *desk;
  UsDoor *door;
  UsHttpEvents *events;
  UsApiKeys *keys; /* of Idempotency-Key */
  UsChainProxy *chain;
  GQueue orders;  /* element-type UsApiOrder: writes whose end somebody waits for */
  GQueue waiters; /* element-type UsApiWaiter: reads that wait for the store */
  gboolean is_reading_open, has_tokens;
  GStrv origins;  /* nullable: of web pages that may call */
  char *web_dir;  /* nullable */
  UsWeb *web;     /* the built-in one */
  UsHosts *hosts; /* names of this desk */
  gint64 last_id; /* of a published event */
  gint64 refused_us;
  guint n_refused; /* not yet in the log */
  const char *who; /* nullable: who makes the write that is being handled */
};

extern const UsTemplateRoute us_api_routes[];
extern const UsDeskNews us_api_news; /* api-events.c */

/* access.c */
char *us_api_enter (const UsApi *api, const UsHttpRequest *request, gboolean is_write,
                    UsHttpResponse *response);
gboolean us_api_may_write (const UsApi *api, const UsHttpRequest *request);
gboolean us_api_check_body (const UsHttpRequest *request, UsHttpResponse *response);
void us_api_log_refusal (UsApi *api, const UsHttpRequest *request, guint status);
void us_api_log_write (const UsApi *api, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* answer.c */
JsonBuilder *us_api_json_new (void);
void us_api_add_time (JsonBuilder *json, const char *name, gint64 wall_us);
void us_api_add_number (JsonBuilder *json, const char *name, double value);
void us_api_add_ms (JsonBuilder *json, const char *name, double seconds);
void us_api_add_raw (JsonBuilder *json, const char *name, const char *text);
char *us_api_time (gint64 wall_us);
void us_api_answer (UsHttpResponse *response, guint status, JsonBuilder *json);
void us_api_answer_text (UsHttpResponse *response, guint status, GString *text);
void us_api_answer_no_incident (UsHttpResponse *response, const char *id);
void us_api_answer_error (UsHttpResponse *response, const GError *error, const char *pointer);
void us_api_answer_no_stream (UsHttpResponse *response, const char *id);
const UsStreamConfig *us_api_find_stream (UsApi *api, const UsTemplateMatch *match,
                                          UsHttpResponse *response);
gboolean us_api_takes_nothing (const UsHttpRequest *request, UsHttpResponse *response);

/* page.c */
void us_api_add_link (UsHttpResponse *response, const UsHttpRequest *request, const char *relation,
                      const char *name, const char *value);
char *us_api_incident_cursor (gint64 opened_us, const char *id);
gboolean us_api_read_incident_cursor (const char *text, gint64 *opened_us, char **id);
char *us_api_version_tag (gint64 started_us, guint64 revision, GBytes *body);
gboolean us_api_is_version (const char *if_match, gint64 started_us, guint64 revision);

/* order.c: a write that is confirmed when it is on disk */
typedef struct UsApiOrder UsApiOrder;
typedef void (*UsApiOrderAnswer) (UsApi *api, const char *subject, UsHttpResponse *response);
UsApiOrder *us_api_order_new (UsApi *api, const UsHttpRequest *request, const char *subject,
                              const char *said, UsApiOrderAnswer answer, guint deadline_ms,
                              UsHttpResponse *response);
void us_api_order_done (const GError *error, gpointer order); /* a UsStoreDone */
void us_api_orders_end (UsApi *api);

/* waiter.c: answers that wait for the store. UsApiWaiter: the first member of what waits; @api:
 * NULL: it was answered, or the API has gone */
typedef struct {
  UsApi *api;
  UsHttpPending *pending;
  GList link;
} UsApiWaiter;
void us_api_waiter_begin (UsApiWaiter *waiter, UsApi *api, UsHttpResponse *response,
                          guint deadline_ms);
void us_api_waiter_answer (UsApiWaiter *waiter, UsHttpResponse *response);
void us_api_waiters_end (UsApi *api);
gboolean us_api_wait_for_store (UsApi *api, const UsHttpRequest *request, const char *who,
                                UsHttpResponse *response);

/* api-history.c: a stretch of a stream's history: read in the reading thread, shown in the desk's.
 * The arrays are nullable: element-type UsRollupSum, and UsEventRow twice. */
typedef struct {
  char *stream;
  gint64 since_us, until_us;
  guint step_s, coarse_s;
  GArray *sums, *first, *changes;
  GArray *samples; /* nullable: element-type UsSample: for another thread than the desk's */
} UsApiPast;
void us_api_past_init (UsApiPast *past, const char *stream, gint64 since_us, gint64 until_us,
                       guint step_s);
gboolean us_api_past_read (UsApiPast *past, UsStore *view,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
void us_api_past_add (const UsApiPast *past, UsApi *api, JsonBuilder *json);
void us_api_past_clear (UsApiPast *past);

/* *-json.c: each noun as JSON, where a value is expected */
void us_api_add_stream (UsApi *api, JsonBuilder *json, const UsStreamConfig *config,
                        gboolean is_whole, gboolean shows_all);
void us_api_write_stream (UsApi *api, GString *out, const UsStreamConfig *config,
                          gboolean shows_all);
void us_api_answer_stream (UsApi *api, const UsStreamConfig *config, gboolean shows_all,
                           guint status, UsHttpResponse *response);
void us_api_add_incident (JsonBuilder *json, const UsIncidentRow *row);
void us_api_add_incident_members (JsonBuilder *json, const UsIncidentRow *row);
void us_api_add_incident_whole (UsApi *api, JsonBuilder *json, const UsIncidentRow *row,
                                const GArray *notes, const GArray *findings);
void us_api_add_notes (JsonBuilder *json, const GArray *notes);
void us_api_add_findings_of (UsApi *api, JsonBuilder *json, const UsIncidentRow *row,
                             const GArray *findings);
GArray *us_api_list_findings_of (UsStore *store, const UsIncidentRow *row,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
void us_api_add_delivery (JsonBuilder *json, const UsDeliveryRow *row);
void us_api_add_note (JsonBuilder *json, const UsNoteRow *row);
void us_api_add_event (JsonBuilder *json, const UsEventRow *row);
void us_api_add_finding (JsonBuilder *json, const UsFindingRow *row);
void us_api_add_open_finding (JsonBuilder *json, const char *stream, const UsFinding *finding);
void us_api_add_open_findings (JsonBuilder *json, const char *stream, const UsWatchView *view);
void us_api_add_thumbnail (JsonBuilder *json, const UsThumbnailRow *row);
void us_api_add_rendition (JsonBuilder *json, const UsRenditionFacts *facts, gboolean shows_all);
char *us_api_thumbnail_url (const char *id);

/* Resources */
#define US_API_HANDLER(name)                                                                       \
  void us_api_##name (gpointer self, const UsHttpRequest *request, const UsTemplateMatch *match,   \
                      UsHttpResponse *response)
US_API_HANDLER (list_streams);
US_API_HANDLER (list_strips);
US_API_HANDLER (start_demo);
US_API_HANDLER (add_stream_of);
US_API_HANDLER (get_stream);
US_API_HANDLER (change_stream);
US_API_HANDLER (remove_stream);
US_API_HANDLER (pause_stream);
US_API_HANDLER (resume_stream);
US_API_HANDLER (begin_maintenance);
US_API_HANDLER (end_maintenance);
US_API_HANDLER (stream_timeline);
US_API_HANDLER (stream_history);
US_API_HANDLER (stream_findings);
US_API_HANDLER (stream_diagnosis);
US_API_HANDLER (stream_badge);
US_API_HANDLER (newest_thumbnail);
US_API_HANDLER (newest_thumbnail_file);
US_API_HANDLER (list_thumbnails);
US_API_HANDLER (thumbnail_file);
US_API_HANDLER (list_incidents);
US_API_HANDLER (get_incident);
US_API_HANDLER (incident_bundle);
US_API_HANDLER (acknowledge_incident);
US_API_HANDLER (resolve_incident);
US_API_HANDLER (incident_timeline);
US_API_HANDLER (list_notes);
US_API_HANDLER (add_note_to);
US_API_HANDLER (list_deliveries);
US_API_HANDLER (test_notifications);
US_API_HANDLER (list_checks);
US_API_HANDLER (list_causes);
US_API_HANDLER (get_chain);
US_API_HANDLER (chain_ledger);
US_API_HANDLER (chain_command);
US_API_HANDLER (start_drill);

/* Handlers outside /api/ */
void us_api_on_health (const UsHttpRequest *request, UsHttpResponse *response, gpointer api);
void us_api_on_healthz (const UsHttpRequest *request, UsHttpResponse *response, gpointer api);
void us_api_on_metrics (const UsHttpRequest *request, UsHttpResponse *response, gpointer api);
void us_api_on_openapi (const UsHttpRequest *request, UsHttpResponse *response, gpointer api);
void us_api_on_docs (const UsHttpRequest *request, UsHttpResponse *response, gpointer api);
void us_api_on_licences (const UsHttpRequest *request, UsHttpResponse *response, gpointer api);
void us_api_on_file (const UsHttpRequest *request, UsHttpResponse *response, gpointer api);

G_END_DECLS
