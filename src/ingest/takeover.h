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

typedef struct {
  gboolean is_busy;        /* a session publishes under the key */
  gboolean is_other_held;  /* another newcomer is being held already */
  gboolean has_old_spoken; /* the old session sent media since the newcomer came */
  gint64 old_silent_ms;    /* how long the old session has sent no media */
  gint64 held_ms;          /* how long the newcomer has been waiting */
  gint64 silence_limit_ms; /* setting */
} UsTakeoverFacts;

UsTakeover us_takeover_decide (const UsTakeoverFacts *facts);

G_END_DECLS
