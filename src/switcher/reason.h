/* reason.h - the closed list of what can be said of an origin, and of a change of sides */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* UsReason: documented in docs/reference/reasons.md, which scripts/check-docs compares. */
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
  US_REASON_PROTOCOL,    /* not HTTP, TLS fault */
  US_REASON_HTTP_4XX,    /* playlist answered 4xx (or another status without a meaning here) */
  US_REASON_HTTP_5XX,    /* playlist or segment answered 5xx, which is also a self-verdict */
  US_REASON_UNPARSABLE,  /* not a playlist */
  US_REASON_UNSUPPORTED, /* a playlist of a kind that cannot be switched */
  US_REASON_REGRESS,     /* its sequence went back */
  US_REASON_STALE,       /* its playlist has not advanced in time */
  US_REASON_LATE,        /* its twin is ahead for too long */
  US_REASON_BAD_SEGMENT, /* a segment that is no media or not what its ETag says */
  US_REASON_TOO_LARGE,   /* a segment or playlist with more bytes than are taken */
  /* Below: only of a change of sides, never of an origin. */
  US_REASON_RETURNED,            /* the preferred origin is trusted again */
  US_REASON_OPERATOR_FORCE,      /* somebody ordered this side */
  US_REASON_OPERATOR_SWITCHBACK, /* somebody ordered the return */
  US_REASON_DRAINED,             /* the side left is in maintenance */
  US_REASON_RELEASED,            /* an order that had kept it away was taken back */
  US_REASON_EXPIRED,             /* the time of such an order ran out */
  US_N_REASONS,
} UsReason;

typedef enum {
  US_REASON_CLASS_NEUTRAL, /* speaks against nobody */
  US_REASON_CLASS_SOFT,    /* acted upon when confirmed */
  US_REASON_CLASS_HARD,    /* acted upon at first sight */
  US_REASON_CLASS_MANUAL,  /* a person's or a program's doing; who and why are on record */
} UsReasonClass;

const char *us_reason_word (UsReason reason);
UsReasonClass us_reason_class (UsReason reason);
const char *us_reason_class_word (UsReasonClass reason_class);
gboolean us_reason_is_hard (UsReason reason);

G_END_DECLS
