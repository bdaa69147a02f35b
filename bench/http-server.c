/* http-server.c - a server with one playlist of 1 KB and one segment of 500 KB, to be measured
 *
 * Usage: bench-http-server PORT [SHARDS]. Paths: /hls/index.m3u8 and /hls/1-1.ts. Ends on SIGTERM.
 */
#include "http/server.h"
#include "http/site.h"

#include <glib-unix.h>
#include <stdlib.h>
#include <string.h>

static gboolean
on_term (gpointer loop) {
  g_main_loop_quit (loop);
  return G_SOURCE_REMOVE;
}

static GBytes *
filled (gsize size) {
  char *data = g_malloc (size);

  memset (data, 'x', size);
  return g_bytes_new_take (data, size);
}

static UsSite *
make_site (void) {
  g_autoptr (GBytes) playlist = filled (1024);
  g_autoptr (GBytes) segment = filled (500 * 1024);
  UsSiteStream stream = { .name = "mystream",
                          .is_default = TRUE,
                          .playlist_name = "index.m3u8",
                          .playlist = playlist,
                          .last_number = 1,
                          .target_duration_s = 2 };
  UsSite *site = us_site_new ();

  us_site_add_stream (site, &stream);
  us_site_add_segment (site, "mystream", "1-1.ts", segment, "\"0123456789abcdef\"", "video/mp2t");
  return site;
}

int
main (int argc, char **argv) {
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GError) error = NULL;
  g_autoptr (UsHttpServer) server = NULL;
  UsHttpServerSettings settings;

  us_http_server_settings_default (&settings);
  settings.address = "127.0.0.1";
  settings.port = argc > 1 ? (guint16)atoi (argv[1]) : 0;
  settings.n_shards = argc > 2 ? (guint)atoi (argv[2]) : 0;
  server = us_http_server_new (&settings, &error);
  if (server == NULL) {
    g_printerr ("%s\n", error->message);
    return EXIT_FAILURE;
  }
  us_http_server_add_responder (server, "/hls/", us_site_respond);
  us_http_server_publish (server, make_site (), (GDestroyNotify)us_site_free);
  if (!us_http_server_start (server, &error)) {
    g_printerr ("%s\n", error->message);
    return EXIT_FAILURE;
  }
  g_print ("http://127.0.0.1:%u/hls/index.m3u8\n", us_http_server_get_port (server));
  g_unix_signal_add (SIGTERM, on_term, loop);
  g_main_loop_run (loop);
  return EXIT_SUCCESS;
}
