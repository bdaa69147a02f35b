/* symptom.h - what is known about a stream at one moment, as the cause rules read it */
#pragma once

#include "finding/check.h"

G_BEGIN_DECLS

/* Why a fetch failed, seen from outside; one word each in API and documents. */
typedef enum {
  US_OUTCOME_OK,
  US_OUTCOME_DNS,
  US_OUTCOME_CONNECT,
  US_OUTCOME_TLS,
  US_OUTCOME_TIMEOUT,
  US_OUTCOME_RESET,
  US_OUTCOME_TRUNCATED,
  US_OUTCOME_TOO_LARGE,
  US_OUTCOME_REDIRECT,
  US_OUTCOME_FORBIDDEN, /* the address policy */
  US_OUTCOME_AUTH,      /* 401, 403 */
  US_OUTCOME_MISSING,   /* 404, 410 */
  US_OUTCOME_4XX,       /* any other */
  US_OUTCOME_BUSY,      /* 429, 503 */
  US_OUTCOME_5XX,       /* any other */
  US_OUTCOME_CONTENT,   /* 200 with something that is not what was asked for */
  US_N_OUTCOMES,
} UsOutcome;
const char *us_outcome_word (UsOutcome outcome);

/* What the segments of our two packagers are to each other, as the switcher has compared them. */
typedef enum {
  US_TWINS_UNKNOWN,
  US_TWINS_ALIKE,   /* the same bytes, or two encoders' of the same pictures, as they are meant */
  US_TWINS_APART,   /* were the same bytes, and are no longer */
  US_TWINS_FOREIGN, /* have nothing to do with each other: a viewer would see a change of sides */
} UsTwins;

/* UsSymptoms: of one stream, over the last two minutes unless noted. Times are seconds; NAN: not
 * known. A plain value: copied into an incident when it opens. */
typedef struct {
  /* renditions */
  guint n_renditions, n_video, n_audio;
  guint n_unreachable;          /* their playlists fail now */
  guint n_stopped;              /* reachable, stale now */
  guint n_segments_failing;     /* reachable, newest segments fail now */
  guint n_content, n_media;     /* with an open content / media finding */
  guint n_content_watched;      /* whose pictures and sound are looked at; 0: not known */
  gboolean is_stopped_together; /* all stopped within one target duration of each other */
  gboolean is_top_only;         /* only upper rungs of the ladder suffer */
  double target_duration;

  /* checks: open now or closed in the window */
  gboolean is_open[US_N_CHECKS];
  guint n_hits[US_N_CHECKS];
  double first_age[US_N_CHECKS]; /* since the first hit of what is open; NAN */

  /* fetches */
  guint playlists[US_N_OUTCOMES], segments[US_N_OUTCOMES];
  guint n_failed_in_a_row; /* playlist polls, the worst rendition */
  gboolean has_succeeded;  /* ever, since it was added */
  gboolean has_token;      /* the URL carries an expiry or token */
  gboolean is_oldest_only; /* missing segments were among the oldest listed */
  gboolean is_newest_only; /* ... were the newest listed */
  double connect_p50, ttfb_p50, ttfb_p95, ratio_p50; /* ratio: media s / download s */
  double base_connect, base_ttfb, base_ratio;        /* the stream's own normal, medians */
  /* By what caches say of their answers, since the first byte is late; NAN: too few to tell. */
  double hit_ttfb_p50, miss_ttfb_p50;
  double fast_body_ratio; /* media s / body s after the first byte */
  double small_rung_ratio, top_rung_ratio;
  double certificate_left; /* until the server's certificate ends; negative: it has */

  /* what caches and edges say */
  gboolean has_cache;         /* Age, X-Cache, Via or Cache-Status seen */
  gboolean is_old_from_cache; /* stale playlist with an Age, or versions alternate */
  double age_max;
  gboolean is_one_address;    /* failures at one of several addresses only */
  gboolean is_origin_status;  /* a cache says that the status is its origin's */
  gboolean is_other_url_well; /* what is ill is listed again at another host, and well there */
  gboolean is_missing_cached; /* a 404 came with an Age, or as a hit */

  /* elsewhere; streams on this machine do not count: they say nothing of the network */
  guint n_streams, n_streams_failing;           /* all watched, this one included */
  guint n_hosts, n_hosts_failing;               /* different hosts among them */
  guint n_hosts_answering;                      /* others: since this stream began to fail */
  guint n_host_streams, n_host_streams_failing; /* at this stream's host */
  gboolean is_failing_together;                 /* most failures began within ten seconds */
  gboolean is_local_net_down;                   /* own gateway or resolver does not answer */
  gboolean is_slow_elsewhere;                   /* throughput of other hosts is down as well */

  /* time and plan */
  gboolean is_pts_continuous; /* media time went on while dates jumped */
  gboolean is_gap_before;     /* nothing came for a while before a restart of the sequence */
  gboolean is_ended;          /* ENDLIST seen and not advanced since */
  gboolean is_in_maintenance;
  double watched; /* since the stream was added */

  /* from inside: our own streams only */
  gboolean is_own;
  gboolean is_ingest_known, is_switcher_known; /* it has answered since we look */
  guint n_packagers;                           /* that have answered since we look */
  gboolean had_publisher;                      /* since we look; else its encoder is not ours */
  gboolean has_publisher;                      /* ingest hears an encoder */
  double cut_age;     /* since ingest last began a segment, seen from here; NAN: not known */
  gboolean has_input; /* at least one packager gets pictures */
  guint n_packagers_up, n_packagers_restarted; /* of two; restarts in the window */
  guint n_origins_up;                          /* as the switcher sees them */
  gboolean is_switcher_up, is_ingest_up;
  guint n_switches;                      /* in the window */
  double publisher_gone_age, switch_age; /* NAN: not in the window */
  UsTwins twins;
} UsSymptoms;

void us_symptoms_init (UsSymptoms *symptoms);
guint us_symptoms_failed (const guint by_outcome[US_N_OUTCOMES]);

G_END_DECLS
