/* guard.h - the deadlines of a viewer's connection: a pure decision from facts and a time */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What the connection is doing, seen from the server. */
typedef enum {
  US_GUARD_IDLE,      /* between requests, or no request yet */
  US_GUARD_HEADER,    /* some bytes of a request header are here, not all */
  US_GUARD_BODY,      /* the header is whole, its body is on the way */
  US_GUARD_HANDLING,  /* the answer is ours to give: being made, or held back */
  US_GUARD_SENDING,   /* the answer is on its way out */
  US_GUARD_STREAMING, /* an answer without end: bytes of it may be on their way, or none for long */
  US_GUARD_LINGER, /* refused: what still arrives is thrown away, so that the refusal gets read */
} UsGuardPhase;

typedef struct {
  UsGuardPhase phase;
  gint64 since_us;      /* when the phase began */
  gint64 progress_us;   /* when a byte last moved in it */
  gboolean is_fresh;    /* no request was ever answered on it */
  gboolean is_parkable; /* libsoup holds it, and has nothing of a request */
  gboolean has_pending; /* streaming: not all was sent */
} UsGuardFacts;

typedef struct {
  gint64 header_us, idle_us, send_us, park_us;
} UsGuardLimits;

typedef enum {
  US_GUARD_KEEP,
  US_GUARD_PARK,         /* take it out of libsoup until its next byte */
  US_GUARD_CLOSE,        /* its time is over; nobody is wronged */
  US_GUARD_CLOSE_HEADER, /* request too slow: 408 */
  US_GUARD_CLOSE_SLOW,   /* reader too slow */
} UsGuardVerdict;

/* A phase that trickles gets this many times its limit in all. */
#define US_GUARD_TRICKLE 20
#define US_GUARD_LINGER_US (1 * G_USEC_PER_SEC)

UsGuardVerdict us_guard_decide (const UsGuardFacts *facts, const UsGuardLimits *limits,
                                gint64 now_us);

G_END_DECLS
