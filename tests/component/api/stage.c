/* stage.c - a real desk with its REST interface, for a test that drives it from outside
 *
 * Usage: stage STATE-DIR [--tokens FILE] [--closed] [--cors ORIGIN] [--web DIR] [--webhook URL]
 *              [--demo PROGRAM] [--url URL]
 *              [--switcher URL] [--control-token TOKEN] [--ingest URL]
 *
 * Prints its port. The database has a past of the stream "film": three days of minutes, findings,
 * notes, deliveries, a picture and 120 incidents, so that every page of every list can be read.
 * Ends when its standard input does.
 */
#include "api/api.h"

#include <glib-unix.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#define N_INCIDENTS 120
#define N_MINUTES (3 * 24 * 60)
#define MINUTE ((gint64)60 * G_USEC_PER_SEC)

static char *tokens, *cors, *web, *webhook, *switcher, *ingest, *control_token, *demo, *desk_url;
static gboolean is_closed;
static const GOptionEntry entries[]
    = { { "tokens", 0, 0, G_OPTION_ARG_FILENAME, &tokens, NULL, NULL },
        { "cors", 0, 0, G_OPTION_ARG_STRING, &cors, NULL, NULL },
        { "web", 0, 0, G_OPTION_ARG_FILENAME, &web, NULL, NULL },
        { "webhook", 0, 0, G_OPTION_ARG_STRING, &webhook, NULL, NULL },
        { "switcher", 0, 0, G_OPTION_ARG_STRING, &switcher, NULL, NULL },
        { "ingest", 0, 0, G_OPTION_ARG_STRING, &ingest, NULL, NULL },
        { "control-token", 0, 0, G_OPTION_ARG_STRING, &control_token, NULL, NULL },
        { "demo", 0, 0, G_OPTION_ARG_FILENAME, &demo, NULL, NULL },
        { "url", 0, 0, G_OPTION_ARG_STRING, &desk_url, NULL, NULL },
        { "closed", 0, 0, G_OPTION_ARG_NONE, &is_closed, NULL, NULL },
        { NULL } };

static gboolean
on_input (gint fd, GIOCondition condition, gpointer loop) {
  char buffer[64];
  if (read (fd, buffer, sizeof buffer) > 0)
    return G_SOURCE_CONTINUE;
  g_main_loop_quit (loop);
  return G_SOURCE_REMOVE;
}

static void
add_incidents (UsStore *store, gint64 now_us) {
  for (guint i = 0; i < N_INCIDENTS; i++) {
    g_autofree char *id = g_strdup_printf ("INC-%08X", i + 1);
    gint64 opened_us = now_us - (i / 2 + 1) * 10 * MINUTE; /* two at the same moment */
    const UsIncidentRow row
        = { .id = id,
            .stream = (char *)"film",
            .stream_name = (char *)"Film",
            .state = (char *)"resolved",
            .fingerprint = (char *)"film:stale",
            .health = (char *)"UNHEALTHY",
            .reason = (char *)"No new segment for 12.0 s",
            .snapshot = (char *)"{\"health_state\":\"red\",\"reason\":\"r\",\"error_count_2min\":3,"
                                "\"avg_ttfb_ms\":null,\"avg_download_ratio\":1.5,"
                                "\"captured_at\":\"2026-01-01T00:00:00.000Z\"}",
            .opened_us = opened_us,
            .resolved_us = opened_us + MINUTE,
            .updated_us = opened_us + MINUTE };
    us_store_put_incident (store, &row, NULL, NULL);
  }
}

static void
add_minutes (UsStore *store, gint64 now_us) {
  for (guint i = N_MINUTES; i > 5; i--) {
    const UsRollupRow row = { .stream = (char *)"film",
                              .minute_us = (now_us / MINUTE - i) * MINUTE,
                              .n_segments = 30,
                              .n_segment_errors = i % 100 == 0,
                              .n_playlists = 30,
                              .ttfb_avg = 0.05,
                              .ttfb_p95 = 0.07,
                              .ttfb_max = i == 2000 ? 3.5 : 0.08,
                              .ratio_avg = 10,
                              .ratio_min = 8,
                              .latency_avg = NAN,
                              .bytes = 1000000,
                              .health = (char *)"HEALTHY",
                              .healthy_s = 60 };
    us_store_put_rollup (store, &row);
  }
}

static void
add_rest (UsStore *store, gint64 now_us) {
  static const guint8 picture[] = { 0xff, 0xd8, 0xff, 0xd9 };
  g_autoptr (GBytes) jpeg = g_bytes_new_static (picture, sizeof picture);
  const UsThumbnailRow thumbnail = { .id = (char *)"T-1",
                                     .stream = (char *)"film",
                                     .wall_us = now_us - MINUTE,
                                     .width = 160,
                                     .height = 90,
                                     .reason = (char *)"finding",
                                     .jpeg = jpeg };
  us_store_add_thumbnail (store, &thumbnail);
  for (guint i = 0; i < 3; i++) {
    const UsDeliveryRow delivery = { .message = (char *)"msg_1",
                                     .channel = (char *)"webhook",
                                     .target = (char *)"https://chat.example/hook",
                                     .event = (char *)"incident.opened",
                                     .incident = (char *)"INC-00000001",
                                     .attempt = i + 1,
                                     .status = i < 2 ? 500 : 204,
                                     .outcome = (char *)(i < 2 ? "failed: 500" : "delivered"),
                                     .wall_us = now_us - MINUTE };
    const UsFindingRow finding = { .id = us_store_next_id (store),
                                   .stream = (char *)"film",
                                   .check = (char *)"stale",
                                   .severity = (char *)"unhealthy",
                                   .text = (char *)"No new segment for 12.0 s",
                                   .rendition = -1,
                                   .value = 12,
                                   .limit = NAN,
                                   .first_us = now_us - 11 * MINUTE,
                                   .last_us = now_us - 10 * MINUTE,
                                   .closed_us = now_us - 9 * MINUTE,
                                   .count = 4 };
    const UsEventRow event = { .stream = (char *)"film",
                               .kind = (char *)"health_change",
                               .severity = (char *)"unhealthy",
                               .source = (char *)"probe",
                               .text = (char *)"UNHEALTHY, was HEALTHY",
                               .data = (char *)"{\"from\":\"HEALTHY\",\"to\":\"UNHEALTHY\"}",
                               .incident = (char *)"INC-00000001",
                               .thumbnail = (char *)"T-1",
                               .rendition = -1,
                               .wall_us = now_us - (11 - i) * MINUTE };
    us_store_add_delivery (store, &delivery);
    us_store_put_finding (store, &finding);
    us_store_add_event (store, &event);
  }
}

static void
watch_film (UsDesk *desk) {
  g_autoptr (UsStreamConfig) film
      = us_stream_config_new ("new", "Film", "http://127.0.0.1:9/film.m3u8?token=secret");
  g_autoptr (GError) error = NULL;
  const char *pointer = NULL;
  film->is_paused = TRUE;
  if (us_desk_add_stream (desk, film, &pointer, &error) == NULL)
    g_printerr ("film: %s\n", error->message);
}

static void
on_disk (const GError *error, gpointer is_there) {
  *(gboolean *)is_there = TRUE;
}

/* A past that a desk finds when it starts. */
static void
add_past (UsStore *store) {
  gboolean is_there = FALSE;
  add_incidents (store, g_get_real_time ());
  add_minutes (store, g_get_real_time ());
  add_rest (store, g_get_real_time ());
  us_store_barrier (store, on_disk, &is_there);
  while (!is_there)
    g_main_context_iteration (NULL, TRUE);
}

static int
serve (UsDesk *desk) {
  g_autoptr (UsApi) api = NULL;
  g_autoptr (UsHttpServer) server = NULL;
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GError) error = NULL;
  UsHttpServerSettings http;
  const UsApiSettings settings = { .token_file = tokens,
                                   .is_reading_open = !is_closed,
                                   .cors_origin = cors,
                                   .web_dir = web,
                                   .desk_url = desk_url };
  us_http_server_settings_default (&http);
  http.address = "127.0.0.1";
  http.n_shards = 1;
  server = us_http_server_new (&http, &error);
  api = server != NULL ? us_api_new (&settings, desk, server, &error) : NULL;
  if (api == NULL || !us_http_server_start (server, &error)) {
    g_printerr ("%s\n", error->message);
    return 1;
  }
  add_past (us_desk_get_store (desk));
  us_desk_start (desk);
  watch_film (desk);
  g_print ("%u\n", us_http_server_get_port (server));
  g_unix_fd_add (STDIN_FILENO, G_IO_IN | G_IO_HUP, on_input, loop);
  g_main_loop_run (loop);
  us_http_server_stop (server, 0);
  return 0;
}

int
main (int argc, char **argv) {
  g_autoptr (GOptionContext) context = g_option_context_new ("STATE-DIR");
  g_autoptr (GError) error = NULL;
  UsDeskSettings settings;
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error) || argc != 2) {
    g_printerr ("%s\n", error != NULL ? error->message : "a state folder is needed");
    return 2;
  }
  const char *webhooks[] = { webhook, NULL };
  g_autofree char *demo_dir = g_build_filename (argv[1], "demo", NULL);
  us_desk_settings_default (&settings);
  settings.state_dir = argv[1];
  settings.demo = (UsDemoSettings){ .program = demo, .folder = demo_dir };
  settings.store.history_days = settings.store.retention_days = 0;
  settings.monitor.allow_loopback = settings.monitor.allow_private = TRUE;
  settings.monitor.max_decodes = 0;
  settings.notifier.webhooks = webhooks;
  settings.notifier.allow_loopback = TRUE;
  g_autofree char *authorization
      = control_token != NULL ? g_strconcat ("Bearer ", control_token, NULL) : NULL;
  settings.inside.switcher_url = switcher;
  settings.inside.ingest_url = ingest;
  settings.inside.control_authorization = authorization;
  g_autoptr (UsDesk) desk = us_desk_new (&settings, &error);
  if (desk == NULL) {
    g_printerr ("%s\n", error->message);
    return 1;
  }
  int result = serve (desk);
  g_free (tokens);
  g_free (cors);
  g_free (web);
  g_free (webhook);
  g_free (demo);
  g_free (desk_url);
  g_free (switcher);
  g_free (ingest);
  g_free (control_token);
  return result;
}
