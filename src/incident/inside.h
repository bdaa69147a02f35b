/* inside.h - what our own chain says of itself: followed by its status pages, told as events */
#pragma once

#include "base/clock.h"
#include "finding/event.h"
#include "finding/symptom.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/* UsInside: asks the roles' /healthz twice a second, and tells what changed. Any address may be
 * missing, and any role may be gone: that is what it is there to see. */
typedef struct {
  const char *ingest_url, *primary_url, *backup_url, *switcher_url; /* nullable: base URLs */
  const char
      *control_authorization; /* nullable: "Bearer TOKEN": for /control/status of the switcher,
                               * which says who has ordered what; not needed on loopback */
  guint forget_ms;            /* a stream that nobody names for so long is gone; 0: a minute */
  const UsClock *clock;       /* nullable */
} UsInsideSettings;

typedef struct {
  /* A stream of the chain is there, with the address viewers use; @is_gone: no longer */
  void (*on_stream) (const char *own_stream, const char *viewer_url, gboolean is_gone,
                     gpointer user_data);
  /* @event->stream is the chain's name of it; "" concerns all of them */
  void (*on_event) (const UsEvent *event, gpointer user_data);
  /* The members of @symptoms behind "from inside", after every answer. */
  void (*on_facts) (const char *own_stream, const UsSymptoms *symptoms, gpointer user_data);
} UsInsideHandler;

/* UsInsideView: what is known of one stream of the chain now; pointers are valid until the loop
 * runs on. */
typedef struct {
  const char *active; /* nullable: origin that viewers get; not known, or the switcher is gone */
  const char *pair;   /* nullable: what the origins are to each other */
  const char *path;   /* nullable: of the playlist, at the switcher */
  guint failovers, switchbacks; /* since the switcher started */
  gboolean is_publisher_known, has_publisher;
} UsInsideView;

typedef struct UsInside UsInside;
UsInside *us_inside_new (const UsInsideSettings *settings, const UsInsideHandler *handler,
                         gpointer user_data);
/* Returns: %FALSE: the chain has never named such a stream */
gboolean us_inside_view (const UsInside *inside, const char *own_stream, UsInsideView *view);
/* What the ingest told last. Returns: (transfer none) (nullable): its /healthz; NULL: it does not
 * answer, or there is none */
GBytes *us_inside_get_ingest (const UsInside *inside);
void us_inside_free (UsInside *inside);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsInside, us_inside_free)

G_END_DECLS
