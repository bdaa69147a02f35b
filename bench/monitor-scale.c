/* monitor-scale.c - many streams watched at once, by the real monitor, some of their hosts hanging
 *
 * Usage: bench-monitor-scale [--streams N] [--share S] [--ladders N] [--hanging N] [--seconds N]
 *
 * Two processes: an origin (our HTTP server with playlists made from the time of day) and the
 * monitor, so that each has a CPU time of its own. Every stream has a host of its own, an address
 * in 127.0.0.0/8, because budgets are per host. Hanging hosts take connections and never answer.
 * The media of --share > 0 is made with ffmpeg once.
 */
#include "http/server.h"
#include "monitor/monitor.h"

#include <glib-unix.h>
#include <glib/gstdio.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define TARGET_S 2
#define WINDOW 6
#define LOOP 8 /* segments of media that are shown over and over */
#define RUNGS 5

static int n_streams = 500, n_ladders = 10, hanging_percent = 10, n_seconds = 60;
static double share = 0;

static const GOptionEntry entries[] = {
  { "streams", 0, 0, G_OPTION_ARG_INT, &n_streams, "how many (500)", "N" },
  { "share", 0, 0, G_OPTION_ARG_DOUBLE, &share, "of the segments that are fetched (0)", "S" },
  { "ladders", 0, 0, G_OPTION_ARG_INT, &n_ladders, "every N-th has 5 renditions (10); 0: none",
    "N" },
  { "hanging", 0, 0, G_OPTION_ARG_INT, &hanging_percent, "percent of hosts that hang (10)", "N" },
  { "seconds", 0, 0, G_OPTION_ARG_INT, &n_seconds, "measured, after 10 s (60)", "N" },
  { NULL },
};

/* ---- the origin ---- */

typedef struct {
  GBytes *segments[LOOP];
  GBytes *master;
} Site;

static GBytes *
make_playlist (guint64 newest) {
  g_autoptr (GString) text = g_string_new ("#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:2\n");
  guint64 oldest = newest + 1 - WINDOW;
  g_string_append_printf (text, "#EXT-X-MEDIA-SEQUENCE:%" G_GUINT64_FORMAT "\n", oldest);
  /* Discontinuities that have left: one for each round of the loop. */
  g_string_append_printf (text, "#EXT-X-DISCONTINUITY-SEQUENCE:%" G_GUINT64_FORMAT "\n",
                          (oldest + LOOP - 1) / LOOP);
  for (guint64 n = oldest; n <= newest; n++) {
    g_autoptr (GDateTime) date = g_date_time_new_from_unix_utc ((gint64)n * TARGET_S);
    g_autofree char *date_text = g_date_time_format (date, "%Y-%m-%dT%H:%M:%SZ");
    g_string_append_printf (
        text, "%s#EXT-X-PROGRAM-DATE-TIME:%s\n#EXTINF:2.000,\n%" G_GUINT64_FORMAT ".ts\n",
        n % LOOP == 0 ? "#EXT-X-DISCONTINUITY\n" : "", date_text, n);
  }
  return g_bytes_new (text->str, text->len);
}

/* Each stream has its own moment within the target duration. */
static guint64
newest_of (const char *path) {
  guint64 phase_us = (guint64)g_str_hash (path) % (TARGET_S * G_USEC_PER_SEC);
  return ((guint64)g_get_real_time () - phase_us) / (TARGET_S * G_USEC_PER_SEC) - 1;
}

static UsHttpVerdict
respond (gconstpointer snapshot, const UsHttpRequest *request, guint waited_ms,
         UsHttpResponse *response) {
  const Site *site = snapshot;
  const char *name = strrchr (request->path, '/') + 1;
  response->status = 200;
  response->cache_control = "max-age=1";
  response->content_type = "application/vnd.apple.mpegurl";
  if (strcmp (name, "master.m3u8") == 0) {
    response->body = g_bytes_ref (site->master);
  } else if (g_str_has_suffix (name, ".m3u8")) {
    /* All renditions of a stream go together. */
    g_autofree char *folder = g_strndup (request->path, (gsize)(name - request->path));
    response->body = make_playlist (newest_of (folder));
  } else {
    response->content_type = "video/mp2t";
    response->body = g_bytes_ref (site->segments[g_ascii_strtoull (name, NULL, 10) % LOOP]);
  }
  return US_HTTP_REPLY;
}

static void
site_free (gpointer data) {
  Site *site = data;
  for (guint i = 0; i < LOOP; i++)
    g_bytes_unref (site->segments[i]);
  g_bytes_unref (site->master);
  g_free (site);
}

static GBytes *
make_master (void) {
  g_autoptr (GString) text = g_string_new ("#EXTM3U\n#EXT-X-VERSION:6\n");
  for (guint i = 0; i < RUNGS; i++)
    g_string_append_printf (text, "#EXT-X-STREAM-INF:BANDWIDTH=%u,RESOLUTION=1280x720\nv%u.m3u8\n",
                            20000000 + i, i);
  return g_bytes_new (text->str, text->len);
}

/* Two seconds each, about 2 Mbit/s. */
static void
make_media (Site *site) {
  g_autofree char *dir = g_dir_make_tmp ("understudy-scale-XXXXXX", NULL);
  g_autofree char *command = g_strdup_printf (
      "ffmpeg -v error -y -f lavfi -i testsrc2=size=1280x720:rate=25 -f lavfi -i sine -t %d "
      "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -b:v 2M -maxrate 2M -bufsize 2M -g 50 "
      "-sc_threshold 0 -c:a aac -f hls -hls_time 2 -hls_list_size 0 %s/a.m3u8",
      LOOP * TARGET_S, dir);
  if (share > 0 && system (command) != 0)
    exit (2);
  for (guint i = 0; i < LOOP; i++) {
    g_autofree char *path = g_strdup_printf ("%s/a%u.ts", dir, i);
    char *data;
    gsize size;
    if (share > 0 && g_file_get_contents (path, &data, &size, NULL))
      site->segments[i] = g_bytes_new_take (data, size);
    else
      site->segments[i] = g_bytes_new_static ("", 0);
  }
  g_autofree char *remove = g_strdup_printf ("rm -r %s", dir);
  if (system (remove) != 0)
    g_printerr ("%s is left\n", dir);
}

static gboolean
on_term (gpointer loop) {
  g_main_loop_quit (loop);
  return G_SOURCE_REMOVE;
}

static int
run_origin (int out) {
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GError) error = NULL;
  Site *site = g_new0 (Site, 1);
  UsHttpServerSettings settings;
  prctl (PR_SET_PDEATHSIG, SIGTERM);
  make_media (site);
  site->master = make_master ();
  us_http_server_settings_default (&settings);
  settings.address = "0.0.0.0"; /* all of 127.0.0.0/8 */
  settings.max_per_address = 0;
  settings.max_connections = 20000;
  settings.idle_timeout_ms = 60000;
  g_autoptr (UsHttpServer) server = us_http_server_new (&settings, &error);
  if (server == NULL || (us_http_server_add_responder (server, "/", respond), FALSE)
      || !us_http_server_start (server, &error)) {
    g_printerr ("%s\n", error->message);
    return 2;
  }
  us_http_server_publish (server, site, site_free);
  guint16 port = us_http_server_get_port (server);
  if (write (out, &port, sizeof port) != sizeof port)
    return 2;
  g_unix_signal_add (SIGTERM, on_term, loop);
  g_main_loop_run (loop);
  us_http_server_stop (server, 0);
  return 0;
}

/* ---- the monitor ---- */

typedef struct {
  guint64 n_events, n_findings, n_verdicts, n_samples;
  guint n_by_check[US_N_CHECKS];
} Heard;

static void
on_event (const UsEvent *event, gpointer user_data) {
  ((Heard *)user_data)->n_events++;
}

static void
on_finding (const char *stream, const UsFinding *finding, UsFindingChange change,
            gpointer user_data) {
  Heard *heard = user_data;
  if (change != US_FINDING_OPENED || finding->severity == US_SEVERITY_INFO)
    return;
  heard->n_findings++;
  heard->n_by_check[finding->check]++;
  if (!g_str_has_prefix (stream, "hung"))
    g_printerr ("%s: %s: %s\n", stream, us_check_info (finding->check)->word, finding->text);
}

static void
on_verdict (const char *stream, const UsVerdict *verdict, gboolean changed, gpointer user_data) {
  ((Heard *)user_data)->n_verdicts++;
}

static void
on_sample (const char *stream, const UsSample *sample, gpointer user_data) {
  ((Heard *)user_data)->n_samples++;
}

static guint16
make_hole (void) {
  g_autoptr (GError) error = NULL;
  GSocket *socket
      = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, &error);
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string ("0.0.0.0", 0);
  g_socket_set_listen_backlog (socket, 4096);
  if (!g_socket_bind (socket, address, FALSE, &error) || !g_socket_listen (socket, &error))
    exit (2);
  g_autoptr (GSocketAddress) its = g_socket_get_local_address (socket, &error);
  return g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (its));
}

static guint
put_streams (UsMonitor *monitor, guint16 port, guint16 hole) {
  guint n_hanging = 0;
  for (guint i = 0; i < (guint)n_streams; i++) {
    gboolean hangs = (guint)hanging_percent > i % 100 * 7 % 100;
    gboolean is_ladder = n_ladders > 0 && i % (guint)n_ladders == 0;
    g_autofree char *id = g_strdup_printf ("%s-%u", hangs ? "hung" : "well", i);
    g_autofree char *url
        = g_strdup_printf ("http://127.0.%u.%u:%u/s%u/%s", 1 + i / 200, 1 + i % 200,
                           hangs ? hole : port, i, is_ladder ? "master.m3u8" : "index.m3u8");
    g_autoptr (UsStreamConfig) config = us_stream_config_new (id, id, url);
    config->segment_share = share;
    us_monitor_put (monitor, config);
    n_hanging += hangs;
  }
  return n_hanging;
}

static double
cpu_s (void) {
  struct rusage usage;
  getrusage (RUSAGE_SELF, &usage);
  return (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec
         + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / G_USEC_PER_SEC;
}

static double
resident_mb (void) {
  g_autofree char *text = NULL;
  if (!g_file_get_contents ("/proc/self/statm", &text, NULL, NULL))
    return NAN;
  const char *resident = strchr (text, ' ');
  return (double)g_ascii_strtoull (resident != NULL ? resident : "", NULL, 10)
         * (double)sysconf (_SC_PAGESIZE) / 1e6;
}

static gboolean
on_time (gpointer user_data) {
  *(gboolean *)user_data = TRUE;
  return G_SOURCE_REMOVE;
}

static void
run_for (guint seconds) {
  gboolean is_over = FALSE;
  g_timeout_add_seconds (seconds, on_time, &is_over);
  while (!is_over)
    g_main_context_iteration (NULL, TRUE);
}

static void
print (UsMonitor *monitor, const Heard *heard, guint n_hanging) {
  UsMonitorStats begun, stats;
  double begun_mb, begun_cpu_s, worst_p99_s = 0, worst_s = 0;
  run_for (10);
  us_monitor_get_stats (monitor, &begun);
  begun_cpu_s = cpu_s ();
  begun_mb = resident_mb ();
  gint64 begun_us = g_get_monotonic_time ();
  for (guint i = 0; i < (guint)n_seconds; i += 5) {
    run_for (5);
    us_monitor_get_stats (monitor, &stats);
    worst_p99_s = fmax (worst_p99_s, stats.lateness_p99_s);
    worst_s = fmax (worst_s, stats.lateness_max_s);
  }
  double passed_s = (double)(g_get_monotonic_time () - begun_us) / G_USEC_PER_SEC;
  double used_s = cpu_s () - begun_cpu_s;
  double n_requests = (double)(stats.n_requests - begun.n_requests);
  g_print ("streams %d, hanging %u, ladders 1 in %d, share of segments %.2f, %.0f s\n", n_streams,
           n_hanging, n_ladders, share, passed_s);
  g_print ("requests/s %.0f, segments/s %.0f, CPU %.1f %% of a core, %.0f us per request\n",
           n_requests / passed_s, (double)heard->n_samples / (passed_s + 10),
           100 * used_s / passed_s, 1e6 * used_s / n_requests);
  g_print (
      "lateness p50 %.1f ms, p99 %.1f ms, max %.1f ms; more than an interval: %" G_GUINT64_FORMAT
      "\n",
      stats.lateness_p50_s * 1e3, worst_p99_s * 1e3, worst_s * 1e3, stats.n_late - begun.n_late);
  g_print ("resident %.0f MB (%.0f MB after 10 s), under way %u, queued %u%s\n", resident_mb (),
           begun_mb, stats.n_under_way, stats.n_queued, stats.is_overloaded ? ", OVERLOADED" : "");
  g_print ("events %" G_GUINT64_FORMAT ", verdicts %" G_GUINT64_FORMAT
           ", findings that count %" G_GUINT64_FORMAT ":",
           heard->n_events, heard->n_verdicts, heard->n_findings);
  for (UsCheck check = 0; check < US_N_CHECKS; check++)
    if (heard->n_by_check[check] > 0)
      g_print (" %s %u", us_check_info (check)->word, heard->n_by_check[check]);
  g_print ("\n");
}

int
main (int argc, char **argv) {
  g_autoptr (GOptionContext) options
      = g_option_context_new ("- how many streams one monitor watches");
  g_autoptr (GError) error = NULL;
  guint16 port;
  int ready[2];
  g_option_context_add_main_entries (options, entries, NULL);
  if (!g_option_context_parse (options, &argc, &argv, &error) || pipe (ready) != 0) {
    g_printerr ("%s\n", error != NULL ? error->message : "no pipe");
    return 2;
  }
  pid_t origin = fork ();
  if (origin == 0)
    _exit (run_origin (ready[1]));
  close (ready[1]);
  if (read (ready[0], &port, sizeof port) != sizeof port)
    return 2;
  UsMonitorHandler handler = {
    .on_event = on_event, .on_finding = on_finding, .on_verdict = on_verdict, .on_sample = on_sample
  };
  UsMonitorSettings settings;
  Heard heard = { 0 };
  us_monitor_settings_default (&settings);
  settings.allow_loopback = TRUE;
  settings.max_decodes = 0;
  UsMonitor *monitor = us_monitor_new (&settings, &handler, &heard);
  guint n_hanging = put_streams (monitor, port, make_hole ());
  print (monitor, &heard, n_hanging);
  us_monitor_free (monitor);
  kill (origin, SIGTERM);
  waitpid (origin, NULL, 0);
  return 0;
}
