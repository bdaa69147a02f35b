/* raw.h - a server for a test, and a client that is only a socket */
#pragma once

#include "http/server.h"
#include "http/site.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define WATCHDOG_S 30
#define SEGMENT_BYTES (3 * 1000 * 1000)
#define PLAYLIST_TEXT "#EXTM3U\n"

/* A site with one stream whose last segment is @last; every byte of segment n is n. */
static inline UsSite *
raw_site (guint64 last, const char *unavailable) {
  g_autofree char *text = g_strdup_printf (PLAYLIST_TEXT "#last=%" G_GUINT64_FORMAT "\n", last);
  g_autoptr (GBytes) playlist = g_bytes_new (text, strlen (text));
  UsSiteStream stream = { .name = "mystream",
                          .is_default = TRUE,
                          .playlist_name = "index.m3u8",
                          .playlist = playlist,
                          .last_number = last,
                          .target_duration_s = 2,
                          .unavailable = unavailable };
  UsSite *site = us_site_new ();

  us_site_add_stream (site, &stream);
  for (guint64 n = last >= 3 ? last - 2 : 1; n <= last; n++) {
    g_autofree char *name = g_strdup_printf ("a-%" G_GUINT64_FORMAT ".ts", n);
    guint8 *data = g_malloc (SEGMENT_BYTES);
    g_autoptr (GBytes) bytes = NULL;

    memset (data, (int)n, SEGMENT_BYTES);
    bytes = g_bytes_new_take (data, SEGMENT_BYTES);
    us_site_add_segment (site, "mystream", name, bytes, "\"seg\"", "video/mp2t");
  }
  us_site_set_patience (site, 300, 5000);
  return site;
}

static inline void
raw_publish (UsHttpServer *server, guint64 last) {
  us_http_server_publish (server, raw_site (last, NULL), (GDestroyNotify)us_site_free);
}

static inline void
raw_settings (UsHttpServerSettings *settings) {
  us_http_server_settings_default (settings);
  settings->address = "127.0.0.1";
  settings->n_shards = 2;
}

static inline UsHttpServer *
raw_server (const UsHttpServerSettings *settings) {
  g_autoptr (GError) error = NULL;
  UsHttpServer *server = us_http_server_new (settings, &error);

  g_assert_no_error (error);
  us_http_server_add_responder (server, "/hls/", us_site_respond);
  raw_publish (server, 5);
  g_assert_true (us_http_server_start (server, &error));
  g_assert_no_error (error);
  return server;
}

static inline int
raw_connect (UsHttpServer *server) {
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_port = htons (us_http_server_get_port (server)),
                                 .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  struct timeval watchdog = { .tv_sec = WATCHDOG_S };
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &watchdog, sizeof watchdog), ==, 0);
  g_assert_cmpint (connect (fd, (struct sockaddr *)&address, sizeof address), ==, 0);
  return fd;
}

static inline void
raw_send (int fd, const char *text) {
  g_assert_cmpint (send (fd, text, strlen (text), MSG_NOSIGNAL), ==, (gssize)strlen (text));
}

/* The value of a header (transfer full, nullable). */
static inline char *
raw_header (const char *response, const char *name) {
  g_autofree char *key = g_strdup_printf ("\r\n%s: ", name);
  const char *p = strstr (response, key), *end = strstr (response, "\r\n\r\n");

  if (p == NULL || p > end)
    return NULL;
  p += strlen (key);
  return g_strndup (p, strcspn (p, "\r"));
}

/* One whole response, header and body; NULL when the connection ended before it was whole. */
static inline char *
raw_receive (int fd, gboolean has_body) {
  g_autoptr (GString) text = g_string_new (NULL);
  gsize wanted = G_MAXSIZE;

  while (text->len < wanted) {
    char buffer[65536];
    const char *end = strstr (text->str, "\r\n\r\n");
    gssize n;

    if (end != NULL && wanted == G_MAXSIZE) {
      g_autofree char *length = raw_header (text->str, "Content-Length");

      wanted = (gsize)(end + 4 - text->str);
      if (has_body && length != NULL)
        wanted += (gsize)g_ascii_strtoull (length, NULL, 10);
      continue;
    }
    n = recv (fd, buffer, wanted == G_MAXSIZE ? 1 : MIN (sizeof buffer, wanted - text->len), 0);
    g_assert_false (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)); /* the watchdog */
    if (n <= 0)
      return NULL;
    g_string_append_len (text, buffer, n);
  }
  return g_strndup (text->str, text->len);
}

static inline guint
raw_status (const char *response) {
  return response == NULL ? 0 : (guint)g_ascii_strtoull (response + 9, NULL, 10);
}

/* Sends one request and receives the answer. */
static inline char *
raw_ask (int fd, const char *method, const char *path, const char *headers) {
  g_autofree char *request
      = g_strdup_printf ("%s %s HTTP/1.1\r\nHost: test\r\n%s\r\n", method, path, headers);

  raw_send (fd, request);
  return raw_receive (fd, strcmp (method, "HEAD") != 0);
}

static inline guint
raw_ask_status (int fd, const char *path) {
  g_autofree char *response = raw_ask (fd, "GET", path, "");

  return raw_status (response);
}

/* The peer ended the connection, within the watchdog. Reads and drops what comes before. */
static inline void
raw_expect_end (int fd) {
  char buffer[65536];
  gssize n;

  while ((n = recv (fd, buffer, sizeof buffer, 0)) > 0)
    ;
  g_assert_true (n == 0 || errno == ECONNRESET);
}

static inline guint
raw_count_descriptors (void) {
  DIR *dir = opendir ("/proc/self/fd");
  guint n = 0;

  while (readdir (dir) != NULL)
    n++;
  closedir (dir);
  return n;
}

/* Waits for a condition that another thread brings about. */
#define raw_wait_until(condition)                                                                  \
  do {                                                                                             \
    gint64 until_us = g_get_monotonic_time () + WATCHDOG_S * G_USEC_PER_SEC;                       \
    while (!(condition)) {                                                                         \
      g_assert_cmpint (g_get_monotonic_time (), <, until_us);                                      \
      g_main_context_iteration (NULL, FALSE);                                                      \
      g_thread_yield ();                                                                           \
    }                                                                                              \
  } while (0)

static inline UsHttpServerStats
raw_stats (UsHttpServer *server) {
  UsHttpServerStats stats;

  us_http_server_get_stats (server, &stats);
  return stats;
}

static inline void
raw_allow_descriptors (guint n) {
  struct rlimit limit;

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  limit.rlim_cur = n;
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
}
