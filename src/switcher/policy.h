/* policy.h - facts about two origins in, their states and the active one out */
#pragma once

#include "switcher/reason.h"

G_BEGIN_DECLS

typedef enum { US_ORIGIN_PRIMARY, US_ORIGIN_BACKUP, US_N_ORIGINS } UsOriginId;
const char *us_origin_word (UsOriginId origin);
#define us_origin_other(origin) ((UsOriginId)(1 - (origin)))

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

typedef enum {
  US_FAILBACK_AUTO,   /* home to the primary when it is trusted again */
  US_FAILBACK_STICKY, /* stay until the active one fails, or somebody says so */
} UsFailback;
const char *us_failback_word (UsFailback failback);
gboolean us_failback_from_word (const char *word, UsFailback *failback);

typedef struct {
  gint64 check_interval_us;
  gint64 age_threshold_us;
  guint required_windows;
  UsFailback failback; /* at the start */
} UsPolicySettings;

typedef struct {
  UsOriginState state;
  UsReason reason;
  gint64 failed_us;           /* when it last became FAILED; 0: never */
  gint64 usable_us;           /* when it last became better than FAILED; 0: never */
  guint64 n_in_step_when_bad; /* when it was last found bad */
} UsOriginVerdict;

/* UsPolicyMode: what the operator has ordered, if anything. */
typedef enum {
  US_POLICY_AUTO,
  US_POLICY_FORCED, /* to one origin, which is home until released */
  US_POLICY_HELD,   /* no change of sides but away from a dead one */
} UsPolicyMode;
const char *us_policy_mode_word (UsPolicyMode mode);

/* UsPolicy: the memory of the decision; zero-initialised by us_policy_init(), plain data. */
typedef struct {
  UsPolicySettings settings;
  UsOriginVerdict verdict[US_N_ORIGINS];
  UsOriginId active;
  gint64 started_us;
  gint64 switched_us; /* last change of sides; 0: none */
  guint n_flaps;      /* times that home was lost since it last held for long */
  guint64 n_failovers, n_switchbacks;

  UsFailback failback;
  UsPolicyMode mode;
  UsOriginId forced;  /* while US_POLICY_FORCED */
  gboolean is_strict; /* of the order in @mode: not even away from a dead origin */
  gint64 until_us;    /* monotonic end of the order in @mode; 0: until released */
  gboolean is_drained[US_N_ORIGINS];
  UsReason ordered;     /* why the next step changes sides; US_REASON_OK: nobody ordered it to */
  UsReason return_word; /* what a return home is called: returned, released or expired */
} UsPolicy;

/* UsPolicyNews: what one step changed, for the log. */
typedef struct {
  gboolean state_changed[US_N_ORIGINS];
  gboolean has_switched;
  UsReason switch_reason;
  gboolean has_expired; /* the order in force ran out */
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

/* ---- orders (policy-order.c): what they change shows in the next us_policy_step() ---- */

#define US_POLICY_ERROR us_policy_error_quark ()
typedef enum {
  US_POLICY_ERROR_NOT_USABLE, /* the origin that was asked for has failed, or never answered */
  US_POLICY_ERROR_DRAINED,    /* it is in maintenance */
  US_POLICY_ERROR_LAST,       /* its twin is in maintenance already */
  US_POLICY_ERROR_CONFLICT,   /* another order stands against it */
} UsPolicyError;
GQuark us_policy_error_quark (void);

gboolean us_policy_force (UsPolicy *policy, UsOriginId origin, gboolean even_if_failed,
                          gint64 until_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean us_policy_switch_back (UsPolicy *policy, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void us_policy_hold (UsPolicy *policy, gboolean is_strict, gint64 until_us);
void us_policy_release (UsPolicy *policy);
gboolean us_policy_drain (UsPolicy *policy, UsOriginId origin, gboolean is_drained,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
void us_policy_set_failback (UsPolicy *policy, UsFailback failback);
gboolean us_policy_is_drained (const UsPolicy *policy, UsOriginId origin);
gboolean us_policy_get_home (const UsPolicy *policy, UsOriginId *home);

G_END_DECLS
