/* contender.h - which of several publishers of one stream feeds it */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  US_FAILBACK_AUTO,   /* a better publisher takes the stream back once it has been steady */
  US_FAILBACK_STICKY, /* whoever feeds goes on until it fails */
} UsFailback;

/* Why the stream is fed by another one now. */
typedef enum {
  US_CONTEST_STAY,
  US_CONTEST_FIRST,     /* nobody fed it */
  US_CONTEST_GONE,      /* the one before has left */
  US_CONTEST_SILENT,    /* ... sends nothing */
  US_CONTEST_LATE,      /* ... sends, but too late */
  US_CONTEST_PREFERRED, /* a better one is back for good */
  US_CONTEST_N,
} UsContestReason;

#define US_CONTEST_NOBODY G_MAXUINT
#define US_CONTEST_CALM_MS (5 * 60 * 1000)      /* fed for so long after a return: no flapping */
#define US_CONTEST_MAX_HOLD_MS (10 * 60 * 1000) /* the hold-down doubles up to this */

/* UsContenderFacts: one publisher, now. Their order is that of their arrival. */
typedef struct {
  guint priority;     /* 0 is the best */
  gboolean is_ready;  /* its configuration and a key frame are at hand */
  gboolean is_at_key; /* its newest message is a key frame, and came just now */
  gint64 silent_ms;
  gint64 behind_ms; /* silence and lateness in one, see punctual.h */
  gint64 limit_ms;  /* of @behind_ms */
  gint64 steady_ms; /* within its limit for so long */
} UsContenderFacts;

typedef struct {
  UsFailback failback;
  guint hold_ms; /* how long a better one must be steady before it takes the stream back */
} UsContestSettings;

/* UsContest: what is remembered of the past; zero-initialised. */
typedef struct {
  gint64 hold_ms; /* in force, 0: the setting */
  gint64
      returned_us; /* when a better one last took the stream back, 0: it did not, or left again */
} UsContest;

typedef struct {
  UsContestReason reason;
  guint index; /* who feeds from now on, unless US_CONTEST_STAY */
} UsContestVerdict;

UsContestVerdict us_contest_step (UsContest *contest, const UsContestSettings *settings,
                                  const UsContenderFacts *facts, guint n, guint active,
                                  gboolean has_left, gint64 now_us);
gint64 us_contest_get_hold_ms (const UsContest *contest, const UsContestSettings *settings);
char *us_contest_explain (const UsContest *contest, const UsContestSettings *settings,
                          const UsContenderFacts *facts, guint n, guint active, guint index);
const char *us_contest_reason_to_string (UsContestReason reason);

G_END_DECLS
