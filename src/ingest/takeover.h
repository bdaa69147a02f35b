/* takeover.h - what happens to a second publisher on a busy key */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  US_TAKEOVER_ACCEPT,  /* nobody is there */
  US_TAKEOVER_REPLACE, /* the old session is dead: close it, the new one goes on */
  US_TAKEOVER_HOLD,    /* not certain yet: ask again soon */
  US_TAKEOVER_REFUSE,  /* NetStream.Publish.BadName */
} UsTakeover;

#define US_TAKEOVER_GRACE_MS 500 /* a newcomer is held at most the silence limit + this */
/* The same encoder is back: silence of so many of the old session's usual distances between frames,
 * and of so long at least, is enough. */
#define US_TAKEOVER_SAME_INTERVALS 4
#define US_TAKEOVER_SAME_MS 250
/* What the old session "said" so soon after the newcomer came was on its way already. */
#define US_TAKEOVER_LEFTOVER_MS 100

typedef struct {
  gboolean is_busy;        /* a session publishes under the key */
  gboolean is_other_held;  /* another newcomer is being held already */
  gboolean is_same_source; /* the newcomer's address and encoder are the old session's */
  gint64 old_spoke_ms;     /* the old session's last media: so long after the newcomer came; < 0:
                              before */
  gint64 old_silent_ms;    /* how long the old session has sent no media */
  gint64 old_interval_ms;  /* usual distance of its frames */
  gint64 held_ms;          /* how long the newcomer has been waiting */
  gint64 silence_limit_ms; /* setting */
} UsTakeoverFacts;

UsTakeover us_takeover_decide (const UsTakeoverFacts *facts);

G_END_DECLS
