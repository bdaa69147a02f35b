/* policy.h - facts about two origins in, their states and the active one out */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum { US_ORIGIN_PRIMARY, US_ORIGIN_BACKUP, US_N_ORIGINS } UsOriginId;
const char *us_origin_word (UsOriginId origin);
#define us_origin_other(origin) ((UsOriginId)(1 - (origin)))

/* UsReason: the closed list of what can be said of an origin. */
typedef enum {
  US_REASON_OK,
  US_REASON_STARTING,    /* no answer yet, or nothing listed yet */
  US_REASON_RECOVERING,  /* was bad, is in step again, not for long enough */
  US_REASON_SOURCE,      /* quiet, but so is its twin: not this origin's fault */
  US_REASON_REFUSED,     /* connection refused or unreachable */
  US_REASON_RESET,       /* closed before the answer was whole */
  US_REASON_RESOLVE,     /* name not found */
  US_REASON_TIMEOUT,     /* no connection or no first byte in time */
  US_REASON_TRUNCATED,   /* fewer bytes than promised */
  US_REASON_PROTOCOL,    /* not HTTP, TLS fault, too large */
  US_REASON_HTTP_4XX,    /* playlist answered 4xx (or another status without a meaning here) */
  US_REASON_HTTP_5XX,    /* playlist or segment answered 5xx, which is also a self-verdict */
  US_REASON_UNPARSABLE,  /* not a media playlist */
  US_REASON_UNSUPPORTED, /* multivariant, encrypted or fragmented MP4: not switched so far */
  US_REASON_REGRESS,     /* its sequence went back */
  US_REASON_STALE,       /* its playlist has not advanced in time */
  US_REASON_LATE,        /* its twin is ahead for too long */
  US_REASON_BAD_SEGMENT, /* a segment that is no transport stream or not what its ETag says */
  US_N_REASONS,
} UsReason;
const char *us_reason_word (UsReason reason);
gboolean us_reason_is_hard (UsReason reason);

typedef enum {
  US_ORIGIN_UNKNOWN,    /* no evidence yet */
  US_ORIGIN_FAILED,     /* not usable */
  US_ORIGIN_RECOVERING, /* answers again, not trusted yet */
  US_ORIGIN_SUSPECT,    /* one soft sign against it */
  US_ORIGIN_UP,
} UsOriginState; /* in rising order of worth */
const char *us_origin_state_word (UsOriginState state);

/* UsOriginFacts: what was seen of one origin. All times monotonic. */
typedef struct {
  gboolean has_window;    /* a playlist with segments was read */
  UsReason error;         /* of the last playlist request; US_REASON_OK: it went well */
  guint n_recent_bad;     /* among its last three */
  gint64 error_since_us;  /* when the present row of bad requests began */
  UsReason segment_error; /* of the last segment fetch since the playlist's last advance */
  guint n_segment_errors; /* in a row */
  gint64 last_advance_us; /* when its playlist was seen to advance */
  guint64 n_in_step;      /* its advances so far that left it level with its twin */
  gint64 behind_since_us; /* since when its twin lists a segment that it does not; 0: in step */
  gint64 target_us;       /* target duration of its playlist */
} UsOriginFacts;

typedef struct {
  gint64 check_interval_us;
  gint64 age_threshold_us;
  guint required_windows;
} UsPolicySettings;

typedef struct {
  UsOriginState state;
  UsReason reason;
  gint64 failed_us;           /* when it last became FAILED; 0: never */
  gint64 usable_us;           /* when it last became better than FAILED; 0: never */
  guint64 n_in_step_when_bad; /* when it was last found bad */
} UsOriginVerdict;

/* UsPolicy: the memory of the decision; zero-initialised by us_policy_init(), plain data. */
typedef struct {
  UsPolicySettings settings;
  UsOriginVerdict verdict[US_N_ORIGINS];
  UsOriginId active;
  gint64 started_us;
  gint64 switched_us; /* last change of sides; 0: none */
  guint n_flaps;      /* failovers since the primary last held for long */
  guint64 n_failovers, n_switchbacks;
} UsPolicy;

/* UsPolicyNews: what one step changed, for the log. */
typedef struct {
  gboolean state_changed[US_N_ORIGINS];
  gboolean has_switched;
  UsReason switch_reason;
} UsPolicyNews;

#define US_POLICY_LATE_US (400 * G_TIME_SPAN_MILLISECOND)
#define US_POLICY_SETTLE_US (500 * G_TIME_SPAN_MILLISECOND)
#define US_POLICY_HOLD_FIRST_US (5 * G_TIME_SPAN_SECOND)
#define US_POLICY_HOLD_CAP_US (5 * G_TIME_SPAN_MINUTE)

void us_policy_init (UsPolicy *policy, const UsPolicySettings *settings, gint64 now_us);
UsPolicyNews us_policy_step (UsPolicy *policy, const UsOriginFacts facts[US_N_ORIGINS],
                             gboolean is_interchangeable, gint64 now_us);
gint64 us_policy_hold_us (const UsPolicy *policy);
gint64 us_policy_stale_us (const UsPolicySettings *settings, gint64 target_us);

G_END_DECLS
