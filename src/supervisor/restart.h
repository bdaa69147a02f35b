/* restart.h - what to do when a child process has ended, and when a silent one counts as hung */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define US_EXIT_CONFIGURATION 2 /* what a role exits with when starting it again cannot help */

typedef struct {
  int wait_status;      /* of waitpid(2) */
  gboolean is_stopping; /* it was asked to end */
  guint failures;       /* how often it has failed in a row before */
  gint64 uptime_ms;     /* from its start to its end */
  gint64 healthy_ms;    /* having run this long makes up for earlier failures */
} UsRoleExit;

typedef enum {
  US_ROLE_RESTART, /* start it again after delay_ms */
  US_ROLE_GIVE_UP, /* its configuration is wrong: starting again cannot help */
  US_ROLE_DONE,    /* it ended because it was asked to */
} UsRoleAction;

typedef struct {
  UsRoleAction action;
  guint delay_ms;
  guint failures; /* to pass in at the next exit */
} UsRoleVerdict;

UsRoleVerdict us_restart_decide (const UsRoleExit *facts);

typedef struct {
  gint64 now_us, started_us;
  gint64 last_beat_us;  /* 0: not heard of since its start */
  gint64 hang_ms;       /* longest silence allowed */
  gint64 start_ms;      /* longest silence before it is ready */
  gboolean is_starting; /* it has not said that it is ready */
} UsRoleSilence;

gint64 us_restart_patience_ms (const UsRoleSilence *facts);
gboolean us_restart_is_hung (const UsRoleSilence *facts);
char *us_restart_describe_exit (int wait_status);

G_END_DECLS
