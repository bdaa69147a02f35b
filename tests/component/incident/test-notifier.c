/* test-notifier.c - webhooks and Alertmanager pushes, against receivers that take them, or do not
 */
#include "incident/notifier.h"
#include "http/json.h"

#include "component/store/stage.h"
#include "receiver.h"

#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <string.h>

#define START (T0 + DAY)
#define SECRET "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

typedef struct {
  Stage stage;
  Receiver *receiver;
  UsFakeClock clock;
  char *secret_path;
  UsNotifier *notifier;
  UsIncidentRow row;
} World;

static void
world_init (World *world) {
  *world = (World){ .receiver = receiver_new () };
  us_fake_clock_init (&world->clock, 5000 * SECOND, START);
  stage_init (&world->stage);
  stage_open (&world->stage);
  world->secret_path = g_build_filename (world->stage.folder, "secrets", NULL);
  g_assert_true (g_file_set_contents (world->secret_path, "whsec_" SECRET "\n", -1, NULL));
  world->row = (UsIncidentRow){
    .id = (char *)"INC-0000ABCD",
    .stream = (char *)"studio",
    .stream_name = (char *)"The \"studio\"",
    .state = (char *)"open",
    .health = (char *)"UNHEALTHY",
    .reason = (char *)"No new segment for 12.0 s",
    .cause = (char *)"{\"cause\":\"encoder\",\"confidence\":\"high\",\"evidence\":[]}",
    .opened_us = START,
  };
}

static void
world_open (World *world, const char *webhook_path, const char *alertmanager_path) {
  g_autoptr (GError) error = NULL;
  g_autofree char *webhook
      = webhook_path != NULL ? receiver_url (world->receiver, webhook_path) : NULL;
  g_autofree char *alertmanager
      = alertmanager_path != NULL ? receiver_url (world->receiver, alertmanager_path) : NULL;
  const char *webhooks[] = { webhook, NULL }, *alertmanagers[] = { alertmanager, NULL };
  const UsNotifierSettings settings = { .webhooks = webhooks,
                                        .webhook_secret_file = world->secret_path,
                                        .alertmanagers = alertmanagers,
                                        .desk_url = "http://desk.example:8000/",
                                        .allow_loopback = TRUE,
                                        .clock = &world->clock.clock };
  world->notifier = us_notifier_new (&settings, world->stage.store, &error);
  g_assert_no_error (error);
}

static void
world_clear (World *world) {
  g_clear_pointer (&world->notifier, us_notifier_free);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  receiver_free (world->receiver);
  g_unlink (world->secret_path);
  g_free (world->secret_path);
  stage_clear (&world->stage);
}

static void
pass (World *world, gint64 s) {
  us_fake_clock_advance_us (&world->clock, s * SECOND);
}

static UsNotifierStats
stats_of (World *world) {
  UsNotifierStats stats;
  us_notifier_get_stats (world->notifier, &stats);
  return stats;
}

static gboolean
has_nothing_pending (gpointer user_data) {
  return stats_of (user_data).n_pending == 0;
}

static gboolean
has_failed (gpointer user_data) {
  return stats_of (user_data).n_failed > 0;
}

/* Some turns of the loop, longer than a tick takes: nothing more comes. */
static gboolean
on_waited (gpointer user_data) {
  *(gboolean *)user_data = TRUE;
  return G_SOURCE_REMOVE;
}

static void
assert_quiet (World *world, guint n) {
  gboolean is_over = FALSE;
  g_timeout_add (600, on_waited, &is_over);
  while (!is_over)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (receiver_count (world->receiver), ==, n);
}

/* "event/attempt/status/outcome" of all, oldest first, comma between */
static char *
log_of (World *world) {
  g_autoptr (GError) error = NULL;
  stage_barrier (&world->stage);
  g_autoptr (GArray) rows
      = us_store_list_deliveries (stage_settled (world->stage.store), 0, 1000, &error);
  g_assert_no_error (error);
  GString *text = g_string_new (NULL);
  for (guint i = rows->len; i > 0; i--) {
    const UsDeliveryRow *row = &g_array_index (rows, UsDeliveryRow, i - 1);
    g_string_append_printf (text, "%s%s/%u/%u/%s", text->len > 0 ? ", " : "", row->event,
                            row->attempt, row->status, row->outcome);
    g_assert_true (g_str_has_prefix (row->target, "http://127.0.0.1:"));
    g_assert_null (strstr (row->target, "token"));
  }
  return g_string_free (text, FALSE);
}

static JsonObject *
object_of (const Received *received, JsonNode **root) {
  *root = json_from_string (received->body, NULL);
  g_assert_nonnull (*root);
  return json_node_get_object (*root);
}

/* ---- webhooks ---- */

static void
test_signed (void) {
  World world;
  world_init (&world);
  world_open (&world, "/hook/token-4711?x=1", NULL);
  us_notifier_tell (world.notifier, &world.row, US_INCIDENT_OPENS);
  const Received *got = receiver_wait (world.receiver, 1);
  g_assert_true (g_str_has_prefix (got->head, "POST /hook/token-4711?x=1 HTTP/1.1\r\n"));
  g_autofree char *type = receiver_header (got, "Content-Type");
  g_autofree char *id = receiver_header (got, "webhook-id");
  g_autofree char *timestamp = receiver_header (got, "webhook-timestamp");
  g_autofree char *signature = receiver_header (got, "webhook-signature");
  g_assert_cmpstr (type, ==, "application/json");
  g_assert_true (g_str_has_prefix (id, "msg_"));
  g_assert_cmpint (g_ascii_strtoll (timestamp, NULL, 10), ==, START / SECOND);
  /* Computed here anew, in the words of the specification. */
  gsize n_key;
  g_autofree guchar *key = g_base64_decode (SECRET, &n_key);
  g_autofree char *text = g_strdup_printf ("%s.%s.%s", id, timestamp, got->body);
  g_autofree char *hex = g_compute_hmac_for_string (G_CHECKSUM_SHA256, key, n_key, text, -1);
  g_autoptr (GByteArray) digest = g_byte_array_new ();
  for (guint i = 0; i < 32; i++) {
    guint8 byte
        = (guint8)(g_ascii_xdigit_value (hex[2 * i]) * 16 + g_ascii_xdigit_value (hex[2 * i + 1]));
    g_byte_array_append (digest, &byte, 1);
  }
  g_autofree char *base64 = g_base64_encode (digest->data, digest->len);
  g_autofree char *expected = g_strconcat ("v1,", base64, NULL);
  g_assert_cmpstr (signature, ==, expected);

  g_autoptr (JsonNode) root = NULL;
  JsonObject *object = object_of (got, &root);
  g_assert_cmpstr (json_object_get_string_member (object, "type"), ==, "incident.opened");
  g_assert_cmpstr (json_object_get_string_member (object, "timestamp"), ==,
                   "2023-11-15T22:13:20.000Z");
  JsonObject *incident
      = json_object_get_object_member (json_object_get_object_member (object, "data"), "incident");
  g_assert_cmpstr (json_object_get_string_member (incident, "id"), ==, "INC-0000ABCD");
  g_assert_cmpstr (json_object_get_string_member (incident, "stream_name"), ==, "The \"studio\"");
  g_assert_cmpstr (json_object_get_string_member (incident, "colour"), ==, "red");
  g_assert_cmpstr (json_object_get_string_member (incident, "url"), ==,
                   "http://desk.example:8000/?incident=INC-0000ABCD");
  g_assert_true (json_object_get_null_member (incident, "resolved_at"));
  g_assert_cmpstr (
      json_object_get_string_member (json_object_get_object_member (incident, "cause"), "cause"),
      ==, "encoder");
  stage_wait (has_nothing_pending, &world);
  g_autofree char *log = log_of (&world);
  g_assert_cmpstr (log, ==, "incident.opened/1/204/delivered");
  world_clear (&world);
}

static void
test_retries (void) {
  World world;
  world_init (&world);
  world_open (&world, "/hook", NULL);
  receiver_answer (world.receiver, "500 Oops");
  receiver_answer (world.receiver, "429 Slowly\r\nRetry-After: 900");
  us_notifier_tell (world.notifier, &world.row, US_INCIDENT_OPENS);
  g_autofree char *id = receiver_header (receiver_wait (world.receiver, 1), "webhook-id");
  stage_wait (has_failed, &world);
  pass (&world, 4);
  assert_quiet (&world, 1);
  pass (&world, 2); /* 5 s and some jitter */
  g_autofree char *again = receiver_header (receiver_wait (world.receiver, 2), "webhook-id");
  g_assert_cmpstr (again, ==, id);
  g_autofree char *timestamp
      = receiver_header (receiver_wait (world.receiver, 2), "webhook-timestamp");
  g_assert_cmpint (g_ascii_strtoll (timestamp, NULL, 10), ==, START / SECOND + 6);
  while (stats_of (&world).n_failed < 2)
    g_main_context_iteration (NULL, TRUE);
  pass (&world, 800); /* 5 min would do, but it asked for 15 */
  assert_quiet (&world, 2);
  pass (&world, 110);
  receiver_wait (world.receiver, 3);
  stage_wait (has_nothing_pending, &world);
  g_autofree char *log = log_of (&world);
  g_assert_cmpstr (log, ==,
                   "incident.opened/1/500/failed: status 500, "
                   "incident.opened/2/429/failed: status 429, incident.opened/3/204/delivered");
  world_clear (&world);
}

static void
test_gives_up (void) {
  World world;
  world_init (&world);
  world_open (&world, "/hook", NULL);
  us_notifier_tell (world.notifier, &world.row, US_INCIDENT_OPENS);
  for (guint i = 1; i <= 10; i++) {
    receiver_answer (world.receiver, "503 Not yet");
    receiver_wait (world.receiver, i);
    while (stats_of (&world).n_failed < i)
      g_main_context_iteration (NULL, TRUE);
    pass (&world, 27 * 3600);
  }
  g_assert_cmpuint (stats_of (&world).n_given_up, ==, 1);
  g_assert_cmpuint (stats_of (&world).n_pending, ==, 0);
  assert_quiet (&world, 10);
  world_clear (&world);
}

/* Gone for good: nothing more is sent, not what waits either. */
static void
test_410 (void) {
  World world;
  world_init (&world);
  world_open (&world, "/hook", NULL);
  receiver_answer (world.receiver, "500 Oops");
  receiver_answer (world.receiver, "410 Gone");
  us_notifier_tell (world.notifier, &world.row, US_INCIDENT_OPENS);
  receiver_wait (world.receiver, 1);
  stage_wait (has_failed, &world);
  us_notifier_tell (world.notifier, &world.row, US_INCIDENT_RESOLVES);
  receiver_wait (world.receiver, 2);
  stage_wait (has_nothing_pending, &world);
  g_assert_cmpuint (stats_of (&world).n_disabled, ==, 1);
  us_notifier_tell (world.notifier, &world.row, US_INCIDENT_REOPENS);
  pass (&world, 3600);
  assert_quiet (&world, 2);
  g_autofree char *log = log_of (&world);
  g_assert_cmpstr (log, ==,
                   "incident.opened/1/500/failed: status 500, incident.resolved/1/410/disabled, "
                   "incident.opened/1/0/gave up: the receiver is disabled");
  world_clear (&world);
}

/* A receiver that never answers does not keep the next message, and is given up in the end. */
static void
test_hang (void) {
  World world;
  world_init (&world);
  world_open (&world, "/hook", NULL);
  receiver_answer_nothing (world.receiver);
  us_notifier_tell (world.notifier, &world.row, US_INCIDENT_OPENS);
  receiver_wait (world.receiver, 1);
  us_notifier_tell (world.notifier, &world.row, US_INCIDENT_RESOLVES);
  receiver_wait (world.receiver, 2);
  stage_wait (has_failed, &world); /* the deadline, in real time */
  g_clear_pointer (&world.notifier, us_notifier_free);
  g_autofree char *log = log_of (&world);
  g_assert_cmpstr (log, ==,
                   "incident.resolved/1/204/delivered, incident.opened/1/0/failed: deadline, "
                   "incident.opened/1/0/kept for the next start");
  world_clear (&world);
}

/* ---- over restarts ---- */

static guint
count_outgoing (World *world) {
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) rows = us_store_list_outgoing (stage_settled (world->stage.store), &error);
  g_assert_no_error (error);
  return rows->len;
}

static void
world_restart (World *world, const char *webhook_path) {
  g_clear_pointer (&world->notifier, us_notifier_free);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  stage_close (&world->stage);
  stage_open (&world->stage);
  world_open (world, webhook_path, NULL);
  us_notifier_resume (world->notifier);
}

/* What was not taken is sent again by the next life: the same message, under the same id, with the
 * tries of both lives counted; and what was taken is not. */
static void
test_restart (void) {
  World world;
  world_init (&world);
  world_open (&world, "/hook", NULL);
  receiver_answer (world.receiver, "500 Oops");
  us_notifier_tell (world.notifier, &world.row, US_INCIDENT_OPENS);
  g_autofree char *id = receiver_header (receiver_wait (world.receiver, 1), "webhook-id");
  g_autofree char *body = g_strdup (receiver_wait (world.receiver, 1)->body);
  stage_wait (has_failed, &world);
  us_notifier_tell (world.notifier, &world.row, US_INCIDENT_ACKNOWLEDGES);
  receiver_wait (world.receiver, 2);
  while (stats_of (&world).n_delivered < 1)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (count_outgoing (&world), ==, 1);

  world_restart (&world, "/hook");
  const Received *received = receiver_wait (world.receiver, 3);
  g_autofree char *again = receiver_header (received, "webhook-id");
  g_assert_cmpstr (again, ==, id);
  g_assert_cmpstr (received->body, ==, body);
  stage_wait (has_nothing_pending, &world);
  g_assert_cmpuint (count_outgoing (&world), ==, 0);
  g_autofree char *log = log_of (&world);
  g_assert_cmpstr (
      log, ==,
      "incident.opened/1/500/failed: status 500, incident.acknowledged/1/204/delivered, "
      "incident.opened/1/0/kept for the next start, incident.opened/2/204/delivered");

  world_restart (&world, "/hook");
  us_notifier_tell (world.notifier, &world.row, US_INCIDENT_KEEP); /* it is still active */
  assert_quiet (&world, 3);
  world_clear (&world);
}

/* Killed between the two halves: the disk knows of the incident, and nobody has been told. */
static void
test_prepared (void) {
  World world;
  world_init (&world);
  world_open (&world, "/hook", NULL);
  us_notice_free (us_notifier_prepare (world.notifier, &world.row, US_INCIDENT_OPENS));
  assert_quiet (&world, 0);
  world_restart (&world, "/hook");
  receiver_wait (world.receiver, 1);
  stage_wait (has_nothing_pending, &world);
  g_assert_cmpuint (count_outgoing (&world), ==, 0);
  world_clear (&world);
}

/* An address that is no longer set, and a message that nobody waits for any more. */
static void
test_no_longer_told (void) {
  World world;
  world_init (&world);
  world_open (&world, "/hook", NULL);
  us_notice_free (us_notifier_prepare (world.notifier, &world.row, US_INCIDENT_OPENS));
  world_restart (&world, "/other");
  g_assert_cmpuint (count_outgoing (&world), ==, 0);
  us_notice_free (us_notifier_prepare (world.notifier, &world.row, US_INCIDENT_RESOLVES));
  pass (&world, 5 * 24 * 3600);
  world_restart (&world, "/other");
  assert_quiet (&world, 0);
  g_assert_cmpuint (count_outgoing (&world), ==, 0);

  /* Neither the file nor its name for an address tells the address. */
  us_notice_free (us_notifier_prepare (world.notifier, &world.row, US_INCIDENT_OPENS));
  g_autoptr (GArray) rows = us_store_list_outgoing (stage_settled (world.stage.store), NULL);
  g_assert_cmpuint (rows->len, ==, 1);
  g_assert_null (strstr (g_array_index (rows, UsOutgoingRow, 0).target, "/"));
  world_clear (&world);
}

/* Given up or refused for good: not kept either. A test is nothing to be kept. */
static void
test_kept_no_longer (void) {
  World world;
  world_init (&world);
  world_open (&world, "/hook", NULL);
  receiver_answer_nothing (world.receiver);
  us_notifier_test (world.notifier);
  receiver_wait (world.receiver, 1);
  g_assert_cmpuint (count_outgoing (&world), ==, 0);
  receiver_answer (world.receiver, "500 Oops");
  receiver_answer (world.receiver, "410 Gone");
  us_notifier_tell (world.notifier, &world.row, US_INCIDENT_OPENS);
  stage_wait (has_failed, &world);
  us_notifier_tell (world.notifier, &world.row, US_INCIDENT_RESOLVES);
  while (stats_of (&world).n_disabled < 1)
    g_main_context_iteration (NULL, TRUE);
  us_notifier_tell (world.notifier, &world.row, US_INCIDENT_REOPENS);
  g_assert_cmpuint (count_outgoing (&world), ==, 0);
  world_clear (&world);
}

static void
test_redirect (void) {
  World world;
  world_init (&world);
  world_open (&world, "/hook", NULL);
  receiver_answer (world.receiver, "302 Found\r\nLocation: /elsewhere");
  us_notifier_tell (world.notifier, &world.row, US_INCIDENT_OPENS);
  stage_wait (has_failed, &world);
  assert_quiet (&world, 1);
  g_autofree char *log = log_of (&world);
  g_assert_cmpstr (log, ==, "incident.opened/1/302/failed: status 302");
  world_clear (&world);
}

/* Freed while a request is under way and others wait. */
static void
test_end (void) {
  World world;
  world_init (&world);
  world_open (&world, "/hook", "");
  for (guint i = 0; i < 8; i++) {
    receiver_answer_nothing (world.receiver);
    us_notifier_tell (world.notifier, &world.row, US_INCIDENT_OPENS);
  }
  receiver_wait (world.receiver, 4); /* no more at a time */
  world_clear (&world);
}

static void
test_full_queue (void) {
  World world;
  world_init (&world);
  world_open (&world, "/hook", NULL);
  for (guint i = 0; i < 4; i++)
    receiver_answer_nothing (world.receiver);
  for (guint i = 0; i < 300; i++)
    us_notifier_tell (world.notifier, &world.row, US_INCIDENT_OPENS);
  g_assert_cmpuint (stats_of (&world).n_pending, ==, 256);
  g_assert_cmpuint (stats_of (&world).n_given_up, ==, 44);
  world_clear (&world);
}

/* Told once each, however often the stream comes and goes. */
static void
test_no_repeats (void) {
  static const UsIncidentStep steps[]
      = { US_INCIDENT_OPENS,        US_INCIDENT_KEEP,     US_INCIDENT_RECOVERS,
          US_INCIDENT_RELAPSES,     US_INCIDENT_RECOVERS, US_INCIDENT_RELAPSES,
          US_INCIDENT_ACKNOWLEDGES, US_INCIDENT_RECOVERS, US_INCIDENT_RESOLVES,
          US_INCIDENT_REOPENS,      US_INCIDENT_RECOVERS, US_INCIDENT_RESOLVES };
  World world;
  world_init (&world);
  world_open (&world, "/hook", NULL);
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++) {
    us_notifier_tell (world.notifier, &world.row, steps[i]);
    stage_wait (has_nothing_pending, &world);
  }
  g_autofree char *log = log_of (&world);
  g_auto (GStrv) lines = g_strsplit (log, "/1/204/delivered", -1);
  g_autofree char *events = g_strjoinv ("", lines);
  g_assert_cmpstr (events, ==,
                   "incident.opened, incident.recovering, incident.acknowledged, "
                   "incident.resolved, incident.reopened, incident.recovering, incident.resolved");
  world_clear (&world);
}

/* Neither the log nor any message on the way has the path of a webhook, or a secret. */
static void
test_secrets_stay_secret (void) {
  if (!g_test_subprocess ()) {
    g_test_trap_subprocess (NULL, 0, 0);
    g_test_trap_assert_passed ();
    g_test_trap_assert_stderr ("*failed: status 500*disabled*");
    g_test_trap_assert_stderr_unmatched ("*token*");
    g_test_trap_assert_stderr_unmatched ("*" SECRET "*");
    return;
  }
  World world;
  world_init (&world);
  world_open (&world, "/hook/token-4711", "/token-4712");
  receiver_answer (world.receiver, "500 Oops");
  us_notifier_tell (world.notifier, &world.row, US_INCIDENT_OPENS);
  stage_wait (has_failed, &world);
  receiver_answer (world.receiver, "410 Gone");
  receiver_answer (world.receiver, "410 Gone");
  us_notifier_tell (world.notifier, &world.row, US_INCIDENT_RESOLVES);
  while (stats_of (&world).n_failed < 2)
    g_main_context_iteration (NULL, TRUE);
  g_printerr ("disabled");
  world_clear (&world);
}

static void
test_bad_settings (void) {
  static const struct {
    const char *webhook, *alertmanager, *secret_file, *says;
  } rows[] = {
    { "ftp://x/", NULL, NULL, "webhook" },
    { "http://user:hunter2@x/", NULL, NULL, "password" },
    { "x", NULL, NULL, "webhook" },
    { "http://", NULL, NULL, "webhook" },
    { NULL, "file:///etc/passwd", NULL, "alertmanager" },
    { "http://x/", NULL, "/nonexistent/secret", "/nonexistent/secret" },
  };
  World world;
  world_init (&world);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GError) error = NULL;
    const char *webhooks[] = { rows[i].webhook, NULL };
    const char *alertmanagers[] = { rows[i].alertmanager, NULL };
    const UsNotifierSettings settings = { .webhooks = webhooks,
                                          .alertmanagers = alertmanagers,
                                          .webhook_secret_file = rows[i].secret_file };
    g_assert_null (us_notifier_new (&settings, world.stage.store, &error));
    g_assert_nonnull (strstr (error->message, rows[i].says));
    g_assert_null (strstr (error->message, "hunter2"));
  }
  world_clear (&world);
}

/* An address that only our own machine has is not asked, unless it may be. */
static void
test_reach (void) {
  World world;
  world_init (&world);
  g_autoptr (GError) error = NULL;
  g_autofree char *url = receiver_url (world.receiver, "/");
  const char *webhooks[] = { url, NULL };
  const UsNotifierSettings settings = { .webhooks = webhooks,
                                        .webhook_secret_file = world.secret_path,
                                        .clock = &world.clock.clock };
  world.notifier = us_notifier_new (&settings, world.stage.store, &error);
  g_assert_no_error (error);
  us_notifier_test (world.notifier);
  stage_wait (has_failed, &world);
  g_assert_cmpuint (receiver_count (world.receiver), ==, 0);
  g_autofree char *log = log_of (&world);
  g_assert_cmpstr (log, ==, "test/1/0/failed: forbidden");
  world_clear (&world);
}

/* ---- Alertmanager ---- */

static JsonArray *
alerts_of (const Received *received, JsonNode **root) {
  *root = json_from_string (received->body, NULL);
  g_assert_nonnull (*root);
  return json_node_get_array (*root);
}

static const char *
label (JsonArray *alerts, guint i, const char *name) {
  JsonObject *alert = json_array_get_object_element (alerts, i);
  return json_object_get_string_member (json_object_get_object_member (alert, "labels"), name);
}

static void
test_alerts (void) {
  World world;
  g_autoptr (JsonNode) first = NULL, second = NULL, third = NULL;
  world_init (&world);
  world_open (&world, NULL, "/prefix/");
  us_notifier_tell (world.notifier, &world.row, US_INCIDENT_OPENS);
  const Received *got = receiver_wait (world.receiver, 1);
  g_assert_true (g_str_has_prefix (got->head, "POST /prefix/api/v2/alerts HTTP/1.1\r\n"));
  JsonArray *alerts = alerts_of (got, &first);
  g_assert_cmpuint (json_array_get_length (alerts), ==, 1);
  g_assert_cmpstr (label (alerts, 0, "alertname"), ==, "StreamIncident");
  g_assert_cmpstr (label (alerts, 0, "stream"), ==, "studio");
  g_assert_cmpstr (label (alerts, 0, "severity"), ==, "critical");
  g_assert_cmpstr (label (alerts, 0, "incident"), ==, "INC-0000ABCD");
  g_assert_cmpstr (label (alerts, 0, "cause"), ==, "encoder");
  g_assert_cmpstr (label (alerts, 0, "instance"), ==, "desk.example:8000");
  JsonObject *alert = json_array_get_object_element (alerts, 0);
  g_assert_cmpstr (json_object_get_string_member (alert, "startsAt"), ==,
                   "2023-11-15T22:13:20.000Z");
  g_assert_false (json_object_has_member (alert, "endsAt"));
  JsonObject *annotations = json_object_get_object_member (alert, "annotations");
  g_assert_cmpstr (json_object_get_string_member (annotations, "summary"), ==,
                   "The \"studio\": No new segment for 12.0 s");
  stage_wait (has_nothing_pending, &world);

  pass (&world, 59); /* kept alive every minute */
  assert_quiet (&world, 1);
  pass (&world, 2);
  receiver_wait (world.receiver, 2);
  /* another cause is another text, and the same alert */
  world.row.cause = (char *)"{\"cause\":\"packager\",\"confidence\":\"high\"}";
  us_notifier_tell (world.notifier, &world.row, US_INCIDENT_KEEP);
  alerts = alerts_of (receiver_wait (world.receiver, 3), &second);
  g_assert_cmpuint (json_array_get_length (alerts), ==, 1);
  g_assert_cmpstr (label (alerts, 0, "cause"), ==, "encoder");

  world.row.resolved_us = START + 70 * SECOND;
  us_notifier_tell (world.notifier, &world.row, US_INCIDENT_RESOLVES);
  alerts = alerts_of (receiver_wait (world.receiver, 4), &third);
  alert = json_array_get_object_element (alerts, 0);
  g_assert_cmpstr (json_object_get_string_member (alert, "endsAt"), ==, "2023-11-15T22:14:30.000Z");
  stage_wait (has_nothing_pending, &world);
  for (guint i = 5; i < 9; i++) { /* for five minutes, then it is forgotten */
    pass (&world, 61);
    receiver_wait (world.receiver, i);
    while (g_main_context_iteration (NULL, FALSE))
      ;
  }
  pass (&world, 61);
  assert_quiet (&world, 8);
  g_autofree char *log = log_of (&world);
  g_assert_cmpstr (log, ==, "incident.opened/1/204/delivered, incident.resolved/1/204/delivered");
  world_clear (&world);
}

/* Worse is another alert; the milder one ends. */
static void
test_severity (void) {
  World world;
  g_autoptr (JsonNode) root = NULL;
  world_init (&world);
  world_open (&world, NULL, "");
  world.row.health = (char *)"DEGRADED";
  us_notifier_tell (world.notifier, &world.row, US_INCIDENT_OPENS);
  receiver_wait (world.receiver, 1);
  stage_wait (has_nothing_pending, &world);
  world.row.health = (char *)"UNHEALTHY";
  us_notifier_tell (world.notifier, &world.row, US_INCIDENT_KEEP);
  JsonArray *alerts = alerts_of (receiver_wait (world.receiver, 2), &root);
  g_assert_cmpuint (json_array_get_length (alerts), ==, 2);
  for (guint i = 0; i < 2; i++) {
    gboolean is_mild = g_str_equal (label (alerts, i, "severity"), "warning");
    JsonObject *alert = json_array_get_object_element (alerts, i);
    g_assert_cmpint (json_object_has_member (alert, "endsAt"), ==, is_mild);
  }
  world_clear (&world);
}

/* Away for a while: it is told what is so when it is back, and the log does not fill. */
static void
test_alertmanager_away (void) {
  World world;
  g_autoptr (JsonNode) root = NULL;
  world_init (&world);
  world_open (&world, NULL, "");
  for (guint i = 0; i < 5; i++)
    receiver_answer (world.receiver, "503 Away");
  us_notifier_tell (world.notifier, &world.row, US_INCIDENT_OPENS);
  for (guint i = 1; i <= 5; i++) {
    receiver_wait (world.receiver, i);
    while (stats_of (&world).n_failed < i)
      g_main_context_iteration (NULL, TRUE);
    if (i == 3) {
      world.row.resolved_us = START + 10 * SECOND;
      us_notifier_tell (world.notifier, &world.row, US_INCIDENT_RESOLVES);
    }
    pass (&world, 400);
  }
  JsonArray *alerts = alerts_of (receiver_wait (world.receiver, 6), &root);
  g_assert_true (json_object_has_member (json_array_get_object_element (alerts, 0), "endsAt"));
  stage_wait (has_nothing_pending, &world);
  g_autofree char *log = log_of (&world);
  g_assert_cmpstr (log, ==,
                   "incident.opened/1/503/failed: status 503, incident.resolved/6/204/delivered");
  world_clear (&world);
}

/* The clock is put back by an hour before the incident ends: it must not end before it began, nor
 * begin in the future. */
static void
test_alertmanager_clock (void) {
  World world;
  world_init (&world);
  world_open (&world, NULL, "");
  us_notifier_tell (world.notifier, &world.row, US_INCIDENT_OPENS);
  receiver_wait (world.receiver, 1);
  stage_wait (has_nothing_pending, &world);
  world.clock.now_wall_us = START - 3600 * SECOND;
  world.row.resolved_us = START - 3590 * SECOND;
  pass (&world, 10);
  us_notifier_tell (world.notifier, &world.row, US_INCIDENT_RESOLVES);
  g_autoptr (JsonNode) root = NULL;
  JsonArray *alerts = alerts_of (receiver_wait (world.receiver, 2), &root);
  JsonObject *alert = json_array_get_object_element (alerts, 0);
  const char *starts = json_object_get_string_member (alert, "startsAt");
  const char *ends = json_object_get_string_member (alert, "endsAt");
  g_autofree char *now = us_json_time (world.clock.now_wall_us);
  g_assert_cmpstr (starts, <=, ends);
  g_assert_cmpstr (starts, <=, now);
  world_clear (&world);
}

/* What is refused for its content is not sent for ever, and holds nothing up. */
static void
test_alertmanager_refuses (void) {
  World world;
  world_init (&world);
  world_open (&world, NULL, "");
  receiver_answer (world.receiver, "400 Bad Request");
  us_notifier_tell (world.notifier, &world.row, US_INCIDENT_OPENS);
  receiver_wait (world.receiver, 1);
  stage_wait (has_nothing_pending, &world);
  g_assert_cmpuint (stats_of (&world).n_given_up, ==, 1);
  world.row.resolved_us = START + 10 * SECOND;
  us_notifier_tell (world.notifier, &world.row, US_INCIDENT_RESOLVES);
  receiver_wait (world.receiver, 2);
  stage_wait (has_nothing_pending, &world);
  g_assert_cmpuint (stats_of (&world).n_delivered, ==, 1);
  world_clear (&world);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/incident/notifier/signed", test_signed);
  g_test_add_func ("/incident/notifier/retries", test_retries);
  g_test_add_func ("/incident/notifier/gives-up", test_gives_up);
  g_test_add_func ("/incident/notifier/410", test_410);
  g_test_add_func ("/incident/notifier/hang", test_hang);
  g_test_add_func ("/incident/notifier/restart", test_restart);
  g_test_add_func ("/incident/notifier/prepared", test_prepared);
  g_test_add_func ("/incident/notifier/no-longer-told", test_no_longer_told);
  g_test_add_func ("/incident/notifier/kept-no-longer", test_kept_no_longer);
  g_test_add_func ("/incident/notifier/redirect", test_redirect);
  g_test_add_func ("/incident/notifier/end", test_end);
  g_test_add_func ("/incident/notifier/full-queue", test_full_queue);
  g_test_add_func ("/incident/notifier/no-repeats", test_no_repeats);
  g_test_add_func ("/incident/notifier/secrets-stay-secret", test_secrets_stay_secret);
  g_test_add_func ("/incident/notifier/bad-settings", test_bad_settings);
  g_test_add_func ("/incident/notifier/reach", test_reach);
  g_test_add_func ("/incident/notifier/alerts", test_alerts);
  g_test_add_func ("/incident/notifier/severity", test_severity);
  g_test_add_func ("/incident/notifier/alertmanager-away", test_alertmanager_away);
  g_test_add_func ("/incident/notifier/alertmanager-clock", test_alertmanager_clock);
  g_test_add_func ("/incident/notifier/alertmanager-refuses", test_alertmanager_refuses);
  return g_test_run ();
}
