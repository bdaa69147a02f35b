/* switcher.h - the role: follows two origins and serves one playlist per stream */
#pragma once

#include "base/clock.h"
#include "http/server.h"
#include "switcher/console.h"

G_BEGIN_DECLS

#define US_SWITCHER_ERROR us_switcher_error_quark ()
typedef enum {
  US_SWITCHER_ERROR_VALUE, /* a setting is out of range; the message names it */
} UsSwitcherError;
GQuark us_switcher_error_quark (void);

/* UsSwitcherSettings: strings stay the caller's. */
typedef struct {
  UsHttpServerSettings http;
  const char *primary_base_url;  /* "http://localhost:8081/hls" */
  const char *backup_base_url;   /* "http://localhost:8082/hls" */
  const char *playlist_path;     /* "index.m3u8", relative to the base URLs or a stream below them;
                                    a folder before it is served under that folder as well */
  guint check_interval_s;        /* 1 to 3600; with the two below: the longest patience */
  guint segment_age_threshold_s; /* 1 to 3600 */
  guint required_windows;        /* 1 to 100; also the segments in step before a return */
  const char *default_stream;
  guint playlist_length;     /* rows listed, 3 to 1000 */
  guint max_streams;         /* served at the same time, the default one among them, 1 to 10000 */
  guint segment_megabytes;   /* (of 2^20 bytes) the largest segment that is taken, 1 to 1024 */
  guint unknown_stream_ms;   /* how long a request for an unknown stream is held */
  gboolean is_standby_off;   /* a foreign standby's segments are not fetched before its turn */
  gboolean has_self_verdict; /* playlists answer 503 while no origin can be reached */
  UsFailback failback;       /* of streams that nobody has ordered otherwise */
  UsConsoleSettings console;
  const UsClock *clock; /* (nullable): the system's */
} UsSwitcherSettings;

void us_switcher_settings_default (UsSwitcherSettings *settings);

typedef struct UsSwitcher UsSwitcher;

UsSwitcher *us_switcher_new (const UsSwitcherSettings *settings,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean us_switcher_start (UsSwitcher *switcher, GError **error) G_GNUC_WARN_UNUSED_RESULT;
guint16 us_switcher_get_port (UsSwitcher *switcher);
void us_switcher_drain (UsSwitcher *switcher, guint grace_ms);
void us_switcher_free (UsSwitcher *switcher);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsSwitcher, us_switcher_free)

G_END_DECLS
