/* monitor.h - watches many streams the way viewers do, and says what is wrong with each */
#pragma once

#include "base/clock.h"
#include "finding/event.h"
#include "monitor/facts.h"
#include "monitor/stream-config.h"
#include "monitor/verdict.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/* UsMinute: what one minute of one stream came to; seconds, NAN: no sample. */
typedef struct {
  gint64 minute_us; /* since the epoch */
  guint n_segments, n_segment_errors, n_playlists, n_playlist_errors;
  double ttfb_avg, ttfb_p95, ttfb_max, ratio_avg, ratio_min, latency_avg;
  guint64 bytes;
  UsHealth worst;
  double seconds[US_N_HEALTHS];
} UsMinute;

/* UsSample: one fetched segment, for charts of the last hour. */
typedef struct {
  gint64 wall_us;
  int rendition;
  guint64 number;
  double ttfb_s, total_s, ratio;  /* NAN */
  double dns_s, connect_s, tls_s; /* NAN: not in the way of this one */
  double duration_s;              /* EXTINF */
  gsize n_bytes;
  UsOutcome outcome;
} UsSample;

/* Called in the monitor's main context; everything is valid during the call. */
typedef struct {
  void (*on_event) (const UsEvent *event, gpointer user_data);
  void (*on_finding) (const char *stream, const UsFinding *finding, UsFindingChange change,
                      gpointer user_data);
  /* After every evaluation; @changed: the health has. */
  void (*on_verdict) (const char *stream, const UsVerdict *verdict, gboolean changed,
                      gpointer user_data);
  void (*on_minute) (const char *stream, const UsMinute *minute, gpointer user_data);
  void (*on_sample) (const char *stream, const UsSample *sample, gpointer user_data);
  /* @jpeg: nullable: no decoder; @reason: static, "interval", "finding" */
  void (*on_thumbnail) (const char *stream, gint64 wall_us, GBytes *jpeg, guint width, guint height,
                        const char *reason, gpointer user_data);
} UsMonitorHandler;

typedef struct {
  gboolean allow_private, allow_loopback; /* addresses that may be asked */
  guint max_per_host;                     /* requests under way at one host */
  guint max_requests;                     /* in all */
  guint deadline_ms;       /* of a playlist; a segment gets its duration times three at most */
  guint first_deadline_ms; /* of a playlist as long as none was had */
  gsize max_segment_bytes;
  /* Of a playlist that is complete when it is first read, so many segments are fetched, from the
   * first one on; 0: the newest two, as of any other. */
  guint recording_segments;
  guint thumbnail_interval_ms; /* per stream; 0: none */
  guint max_decodes;           /* pipelines at once */
  const char *pipelines;       /* folder of pipeline texts */
  const char *local_probe_url; /* nullable: asked to tell our own network from theirs */
  const UsClock *clock;        /* nullable: the system's */
} UsMonitorSettings;
void us_monitor_settings_default (UsMonitorSettings *settings);

typedef struct UsMonitor UsMonitor;
UsMonitor *us_monitor_new (const UsMonitorSettings *settings, const UsMonitorHandler *handler,
                           gpointer user_data);
void us_monitor_free (UsMonitor *monitor);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsMonitor, us_monitor_free)

/* Takes a copy; replaces one of the same id, keeping what is known when the URL is the same. */
void us_monitor_put (UsMonitor *monitor, const UsStreamConfig *config);
void us_monitor_remove (UsMonitor *monitor, const char *id);
/* What the inside of our own chain says; kept until it is said anew. @inside: only the members
 * behind "from inside" are read. */
void us_monitor_set_inside (UsMonitor *monitor, const char *id, const UsSymptoms *inside);
/* That of our own door: no stream from outside may lead there; 0: none */
void us_monitor_set_own_port (UsMonitor *monitor, guint16 port);
/* Asks for a picture now (a switch, an incident). */
void us_monitor_want_thumbnail (UsMonitor *monitor, const char *id, const char *reason);

/* UsWatchView: what can be said of a stream now; pointers are valid until the loop runs on. */
typedef struct {
  const UsStreamConfig *config;
  const UsVerdict *verdict;
  gint64 health_wall_us; /* when the state began */
  const UsFindings *findings;
  const UsRenditionFacts *renditions;
  guint n_renditions;
  gboolean is_multivariant;
  guint n_errors;               /* in the window */
  double ttfb_avg_s, ratio_avg; /* in the window; NAN */
  gint64 last_segment_wall_us;  /* 0 */
} UsWatchView;
gboolean us_monitor_view (UsMonitor *monitor, const char *id, UsWatchView *view);
void us_monitor_get_symptoms (UsMonitor *monitor, const char *id, UsSymptoms *symptoms);

typedef struct {
  guint n_streams, n_under_way, n_queued;
  guint64 n_requests, n_late; /* polls begun more than one interval too late */
  double lateness_p50_s, lateness_p99_s, lateness_max_s; /* of the last half minute; NAN */
  guint64 n_decodes, n_decodes_refused;
  guint64 n_decoder_crashes, n_decoder_timeouts; /* of children that decode */
  gboolean is_network_down, is_overloaded;
} UsMonitorStats;
void us_monitor_get_stats (UsMonitor *monitor, UsMonitorStats *stats);

G_END_DECLS
