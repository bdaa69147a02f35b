/* control.h - the one place where an operator's command is checked, carried out and put on record
 */
#pragma once

#include "base/clock.h"
#include "switcher/policy.h"

G_BEGIN_DECLS

#define US_CONTROL_ERROR us_control_error_quark ()
typedef enum {
  US_CONTROL_ERROR_NO_STREAM, /* no stream of that name is followed */
  US_CONTROL_ERROR_NO_ORIGIN, /* neither primary nor backup */
  US_CONTROL_ERROR_NO_DRILL,  /* no drill of that name exists */
  US_CONTROL_ERROR_VALUE,     /* another value is out of range */
  US_CONTROL_ERROR_NOT_NOW,   /* possible, but not in the present state; the message says why */
  US_CONTROL_ERROR_DENIED,    /* whoever asks may not */
} UsControlError;
GQuark us_control_error_quark (void);

typedef enum {
  US_CONTROL_FAILOVER, /* to @origin, or to the backup, and stay there */
  US_CONTROL_SWITCHBACK,
  US_CONTROL_HOLD,
  US_CONTROL_RELEASE,
  US_CONTROL_DRAIN,
  US_CONTROL_UNDRAIN,
  US_CONTROL_FAILBACK,
  US_CONTROL_DRILL,
  US_N_CONTROL_VERBS,
} UsControlVerb;
const char *us_control_verb_word (UsControlVerb verb);
gboolean us_control_verb_from_word (const char *word, UsControlVerb *verb);

#define US_CONTROL_MAX_SECONDS (7 * 24 * 3600)
#define US_CONTROL_MAX_WHY 200 /* characters */
#define US_CONTROL_MAX_WHO 64
#define US_CONTROL_N_ENTRIES 64 /* the last ones are remembered */

/* UsControlRequest: as it came through a door. Only @who is the door's own word. */
typedef struct {
  UsControlVerb verb;
  const char *stream;      /* nullable: all */
  const char *origin;      /* nullable: "primary" or "backup" */
  gint64 seconds;          /* of a failover or hold; 0: until released */
  gboolean even_if_failed; /* failover: there, and stay, whatever its state */
  gboolean is_strict;      /* hold: even on a dead origin */
  const char *failback;    /* nullable: "auto" or "sticky" */
  const char *drill;       /* nullable */
  const char *who;         /* a user, a token's name or an address */
  const char *why;         /* nullable: in his words */
  const char *via;         /* static: "dbus" or "http" */
} UsControlRequest;

/* UsControlEntry: what is remembered of a command; strings owned. */
typedef struct {
  guint64 id; /* from 1 on */
  gint64 wall_ms;
  UsControlVerb verb;
  char *stream; /* nullable: all, or a drill */
  char *what;   /* "mystream: failover to backup for 60 s" */
  char *who, *why, *via;
  char *refusal; /* nullable: done */
} UsControlEntry;

/* UsControlHost: the streams, by index, and what else can be asked for. */
typedef struct {
  guint (*get_n_streams) (gpointer user_data);
  const char *(*get_name) (guint index, gpointer user_data);
  UsPolicy *(*get_policy) (guint index, gpointer user_data);
  /* The policy has changed: look at it now. */
  void (*wake) (guint index, const char *who, const char *why, gpointer user_data);
  /* (nullable): Returns: (transfer full): the drill's id, or NULL with a US_CONTROL_ERROR */
  char *(*start_drill) (const char *name, gpointer user_data, GError **error);
} UsControlHost;

typedef struct UsControl UsControl;

UsControl *us_control_new (const UsControlHost *host, const UsClock *clock, gpointer user_data);
void us_control_free (UsControl *control);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsControl, us_control_free)

gboolean us_control_execute (UsControl *control, const UsControlRequest *request, char **drill_id,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
guint us_control_get_n_entries (const UsControl *control);
const UsControlEntry *us_control_get_entry (const UsControl *control, guint index);
const UsControlEntry *us_control_find (const UsControl *control, const char *stream,
                                       gint64 wall_ms);

G_END_DECLS
