/* switcher.c - the role: follows two origins and serves one playlist per stream
 *
 * Owned by its command, on the main loop, in which everything but the answering of /hls/ happens.
 * The default stream is followed from the first moment; others as long as an origin's catalog has
 * them, and some minutes more. Each published segment builds a new UsSite, which the HTTP shards
 * answer from: with both origins dead the last one keeps answering, and blocking reloads are held.
 * Ends with us_switcher_free().
 */
#include "switcher/switcher.h"

#include <string.h>

#define US_LOG_TOPIC "switcher"
#include "base/log.h"
#include "base/names.h"
#include "base/url.h"
#include "http/exposition.h"
#include "http/site.h"
#include "switcher/catalog.h"
#include "switcher/console.h"
#include "switcher/feed.h"
#include "switcher/report.h"

#define IDLE_US (5 * G_TIME_SPAN_MINUTE)
#define NEXT_SEGMENT_MS 4000 /* while no target duration is known */

struct UsSwitcher {
  UsOriginAccess access;
  char *default_stream;
  guint unknown_stream_ms;
  char *folder;          /* (nullable): of the playlist path */
  GPtrArray *feeds;      /* UsFeed, the default stream's first */
  GHashTable *wanted_us; /* name -> gint64*: when a catalog last had it (monotonic) */
  UsCatalog *catalogs[US_N_ORIGINS];
  guint max_streams;
  gboolean has_warned_streams; /* since one of them was dropped */
  UsConsole *console;
  UsHttpServer *server;
  char *address; /* where the server listens */
};

G_DEFINE_QUARK (us_switcher_error, us_switcher_error)

/**
 * us_switcher_settings_default:
 *
 * Fills in the defaults that are documented for users.
 */
void
us_switcher_settings_default (UsSwitcherSettings *settings) {
  *settings = (UsSwitcherSettings){
    .primary_base_url = "http://localhost:8081/hls",
    .backup_base_url = "http://localhost:8082/hls",
    .playlist_path = "index.m3u8",
    .check_interval_s = 5,
    .segment_age_threshold_s = 20,
    .required_windows = 3,
    .default_stream = US_DEFAULT_STREAM,
    .playlist_length = 10,
    .max_streams = 64,
    .segment_megabytes = 16,
    .unknown_stream_ms = 5000,
    .console = { .has_http = TRUE, .token_file = "", .bus = "none" },
  };
  us_http_server_settings_default (&settings->http);
}

/* ---- checking settings ---- */

static gboolean
check_url (const char *name, const char *url, GError **error) {
  g_autoptr (GError) local = NULL;
  g_autoptr (GUri) uri = url != NULL ? g_uri_parse (url, G_URI_FLAGS_ENCODED, &local) : NULL;
  const char *scheme = uri != NULL ? g_uri_get_scheme (uri) : "";
  gboolean is_http = g_str_equal (scheme, "http") || g_str_equal (scheme, "https");
  if (is_http && g_uri_get_host (uri) != NULL && *g_uri_get_host (uri) != '\0')
    return TRUE;
  g_set_error (error, US_SWITCHER_ERROR, US_SWITCHER_ERROR_VALUE,
               "%s is \"%s\", expected a URL like http://localhost:8081/hls", name,
               url != NULL ? url : "");
  return FALSE;
}

static gboolean
check_range (const char *name, guint value, guint least, guint most, GError **error) {
  if (value >= least && value <= most)
    return TRUE;
  g_set_error (error, US_SWITCHER_ERROR, US_SWITCHER_ERROR_VALUE, "%s is %u, expected %u to %u",
               name, value, least, most);
  return FALSE;
}

static gboolean
check_name (const char *name, const char *value, GError **error) {
  if (value != NULL && *value != '\0' && *value != '/' && strstr (value, "..") == NULL
      && strpbrk (value, "?#\\ ") == NULL && strstr (value, "//") == NULL
      && !g_str_has_suffix (value, "/"))
    return TRUE;
  g_set_error (
      error, US_SWITCHER_ERROR, US_SWITCHER_ERROR_VALUE,
      "%s is \"%s\", expected a relative path without .., //, ?, #, spaces or a slash at its end",
      name, value != NULL ? value : "");
  return FALSE;
}

static gboolean
check_settings (const UsSwitcherSettings *settings, GError **error) {
  return check_url ("PRIMARY_BASE_URL", settings->primary_base_url, error)
         && check_url ("BACKUP_BASE_URL", settings->backup_base_url, error)
         && check_name ("PLAYLIST_PATH", settings->playlist_path, error)
         && check_name ("the default stream", settings->default_stream, error)
         && check_range ("CHECK_INTERVAL_SECONDS", settings->check_interval_s, 1, 3600, error)
         && check_range ("SEGMENT_AGE_THRESHOLD_SECONDS", settings->segment_age_threshold_s, 1,
                         3600, error)
         && check_range ("REQUIRED_WINDOWS", settings->required_windows, 1, 100, error)
         && check_range ("the number of streams", settings->max_streams, 1, US_CATALOG_MAX_STREAMS,
                         error)
         && check_range ("the playlist length", settings->playlist_length, 3, 1000, error)
         && check_range ("the segment size in megabytes", settings->segment_megabytes, 1, 1024,
                         error);
}

/* ---- the site ---- */

static guint
next_segment_ms (const UsSwitcher *self) {
  guint longest_ms = 0;
  for (guint i = 0; i < self->feeds->len; i++) {
    longest_ms = MAX (longest_ms, us_feed_get_target (g_ptr_array_index (self->feeds, i)) * 2000);
  }
  return longest_ms > 0 ? longest_ms : NEXT_SEGMENT_MS;
}

static void
publish_site (UsSwitcher *self) {
  UsSite *site = us_site_new ();
  us_site_set_patience (site, self->unknown_stream_ms, next_segment_ms (self));
  us_site_set_steady (site, TRUE);
  us_site_set_folder (site, self->folder);
  for (guint i = 0; i < self->feeds->len; i++)
    us_feed_fill_site (g_ptr_array_index (self->feeds, i), site);
  us_http_server_publish (self->server, site, (GDestroyNotify)us_site_free);
}

static void
on_published (UsFeed *feed, gpointer user_data) {
  publish_site (user_data);
}

static void
on_switched (UsFeed *feed, const UsFeedSwitch *change, gpointer user_data) {
  UsSwitcher *self = user_data;
  us_console_tell_switch (self->console, feed, change);
}

/* ---- streams come and go ---- */

static UsFeed *
find_feed (const UsSwitcher *self, const char *name) {
  for (guint i = 0; i < self->feeds->len; i++) {
    UsFeed *feed = g_ptr_array_index (self->feeds, i);
    if (g_str_equal (us_feed_get_name (feed), name))
      return feed;
  }
  return NULL;
}

static void
add_feed (UsSwitcher *self, const char *name) {
  gboolean is_default = g_str_equal (name, self->default_stream);
  UsFeed *feed = us_feed_new (&self->access, name, is_default, on_published, on_switched, self);
  g_ptr_array_add (self->feeds, feed);
  us_feed_start (feed);
  us_info ("following stream %s", name);
}

static void
drop_idle_feeds (UsSwitcher *self) {
  gint64 now = us_clock_monotonic_us (self->access.clock);
  gboolean has_dropped = FALSE;
  for (guint i = self->feeds->len; i > 1; i--) { /* the default stream stays */
    UsFeed *feed = g_ptr_array_index (self->feeds, i - 1);
    const gint64 *wanted_us = g_hash_table_lookup (self->wanted_us, us_feed_get_name (feed));
    UsRenditionStats stats;
    us_feed_get_stats (feed, &stats);
    gint64 last_us = MAX (stats.last_commit_us, *wanted_us);
    if (now - last_us < IDLE_US)
      continue;
    us_info ("stream %s is gone", us_feed_get_name (feed));
    g_hash_table_remove (self->wanted_us, us_feed_get_name (feed));
    self->has_warned_streams = FALSE;
    g_ptr_array_remove_index (self->feeds, i - 1);
    has_dropped = TRUE;
  }
  if (has_dropped)
    publish_site (self);
}

static void
warn_of_too_many (UsSwitcher *self, const char *name) {
  if (!self->has_warned_streams)
    us_warning ("stream %s and those after it are not served: there are %u already (max-streams)",
                name, self->max_streams);
  self->has_warned_streams = TRUE;
}

static void
on_catalog (UsCatalog *catalog, gpointer user_data) {
  UsSwitcher *self = user_data;
  const char *const *streams = us_catalog_get_streams (catalog);
  for (guint i = 0; streams[i] != NULL; i++) {
    if (g_str_equal (streams[i], self->default_stream))
      continue;
    if (find_feed (self, streams[i]) == NULL) {
      if (self->feeds->len >= self->max_streams) {
        warn_of_too_many (self, streams[i]);
        continue;
      }
      add_feed (self, streams[i]);
    }
    gint64 *wanted_us = g_new (gint64, 1);
    *wanted_us = us_clock_monotonic_us (self->access.clock);
    g_hash_table_replace (self->wanted_us, g_strdup (streams[i]), wanted_us);
  }
  drop_idle_feeds (self);
}

/* ---- handlers ---- */

static void
on_healthz (const UsHttpRequest *request, UsHttpResponse *response, gpointer user_data) {
  UsSwitcher *self = user_data;
  gboolean can_serve;
  response->body = us_report_health (self->feeds, self->access.clock, &can_serve);
  response->status = can_serve ? 200 : 503;
  response->content_type = "application/json";
  response->cache_control = "no-store";
}

static void
on_metrics (const UsHttpRequest *request, UsHttpResponse *response, gpointer user_data) {
  UsSwitcher *self = user_data;
  UsHttpServerStats stats = { 0 };
  us_http_server_get_stats (self->server, &stats);
  response->body = us_report_metrics (self->feeds, self->access.clock, &stats);
  response->status = 200;
  response->content_type = US_EXPOSITION_CONTENT_TYPE;
  response->cache_control = "no-store";
}

/* ---- life ---- */

static char *
without_slash (const char *url) {
  char *copy = g_strdup (url);
  for (gsize length = strlen (copy); length > 0 && copy[length - 1] == '/'; length--)
    copy[length - 1] = '\0';
  return copy;
}

/**
 * us_switcher_new:
 * @settings: copied
 * @error: US_SWITCHER_ERROR, or what the HTTP server has to say of its address
 *
 * Returns: (transfer full): a switcher at rest in the calling thread's main context
 */
UsSwitcher *
us_switcher_new (const UsSwitcherSettings *settings, GError **error) {
  if (!check_settings (settings, error))
    return NULL;
  g_autoptr (UsHttpServer) server = us_http_server_new (&settings->http, error);
  if (server == NULL)
    return NULL;

  UsSwitcher *self = g_new0 (UsSwitcher, 1);
  self->server = g_steal_pointer (&server);
  self->default_stream = g_strdup (settings->default_stream);
  self->unknown_stream_ms = settings->unknown_stream_ms;
  self->max_streams = settings->max_streams;
  if (strchr (settings->playlist_path, '/') != NULL)
    self->folder = g_path_get_dirname (settings->playlist_path);
  self->access = (UsOriginAccess){
    .client = us_http_client_new (US_PROGRAM "-switcher/" US_VERSION),
    .clock = settings->clock != NULL ? settings->clock : us_clock_system (),
    .base_url
    = { without_slash (settings->primary_base_url), without_slash (settings->backup_base_url) },
    .playlist_path = g_strdup (settings->playlist_path),
    .policy = { .check_interval_us = (gint64)settings->check_interval_s * G_USEC_PER_SEC,
                .age_threshold_us = (gint64)settings->segment_age_threshold_s * G_USEC_PER_SEC,
                .required_windows = settings->required_windows,
                .failback = settings->failback },
    .playlist_length = settings->playlist_length,
    .max_segment_bytes = (gsize)settings->segment_megabytes * 1024 * 1024,
    .has_self_verdict = settings->has_self_verdict,
    .is_standby_off = settings->is_standby_off,
  };
  self->feeds = g_ptr_array_new_with_free_func ((GDestroyNotify)us_feed_free);
  self->wanted_us = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  for (guint i = 0; i < US_N_ORIGINS; i++)
    self->catalogs[i] = us_catalog_new (&self->access, (UsOriginId)i, on_catalog, self);
  self->address = g_strdup (settings->http.address);
  self->console = us_console_new (&settings->console, self->feeds, &self->access, error);
  if (self->console == NULL) {
    us_switcher_free (self);
    return NULL;
  }
  us_console_serve (self->console, self->server);
  us_http_server_add_responder (self->server, "/hls/", us_site_respond);
  us_http_server_add_handler (self->server, "/healthz", "GET", on_healthz, self);
  us_http_server_add_handler (self->server, "/metrics", "GET", on_metrics, self);
  return self;
}

static void
start_console (UsSwitcher *self) {
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (self->address);
  gboolean is_here = address == NULL || g_inet_address_get_is_any (address)
                     || g_inet_address_get_is_loopback (address);
  gboolean is_v6 = strchr (self->address, ':') != NULL;
  g_autofree char *url
      = g_strdup_printf (is_v6 && !is_here ? "http://[%s]:%u" : "http://%s:%u",
                         is_here ? "localhost" : self->address, us_switcher_get_port (self));
  us_console_start (self->console, url);
}

/**
 * us_switcher_start:
 * @error: the address is in use, or forbidden
 *
 * Returns: whether viewers can connect
 */
gboolean
us_switcher_start (UsSwitcher *self, GError **error) {
  /* The site comes first: requests that waited while the switcher was down are answered at once. */
  add_feed (self, self->default_stream);
  publish_site (self);
  if (!us_http_server_start (self->server, error))
    return FALSE;
  for (guint i = 0; i < US_N_ORIGINS; i++)
    us_catalog_start (self->catalogs[i]);
  start_console (self);
  g_autofree char *primary = us_url_for_people (self->access.base_url[US_ORIGIN_PRIMARY]);
  g_autofree char *backup = us_url_for_people (self->access.base_url[US_ORIGIN_BACKUP]);
  us_notice ("serving on port %u from %s and %s", us_switcher_get_port (self), primary, backup);
  return TRUE;
}

guint16
us_switcher_get_port (UsSwitcher *self) {
  return us_http_server_get_port (self->server);
}

/**
 * us_switcher_drain:
 * @grace_ms: how long running answers may take
 *
 * Stops accepting viewers and lets those go who are being answered.
 */
void
us_switcher_drain (UsSwitcher *self, guint grace_ms) {
  us_http_server_stop (self->server, grace_ms);
}

void
us_switcher_free (UsSwitcher *self) {
  us_http_server_free (self->server);
  g_clear_pointer (&self->console, us_console_free);
  for (guint i = 0; i < US_N_ORIGINS; i++)
    us_catalog_free (self->catalogs[i]);
  g_ptr_array_unref (self->feeds);
  g_hash_table_unref (self->wanted_us);
  g_clear_object (&self->access.client);
  for (guint i = 0; i < US_N_ORIGINS; i++)
    g_free (self->access.base_url[i]);
  g_free (self->access.playlist_path);
  g_free (self->folder);
  g_free (self->default_stream);
  g_free (self->address);
  g_free (self);
}
