/* run-plan.h - settles every address of `understudy run` before the first role is started */
#pragma once

#include "base/config.h"
#include "supervisor/status.h"

G_BEGIN_DECLS

/* Sockets that the supervisor keeps open, so that a restart of their role refuses nobody. The
 * packagers open their own: a dead origin must be seen as refused at once. */
typedef struct {
  int ingest_fds[3];  /* "rtmp", "status", "rtmps" ... */
  guint n_ingest_fds; /* ... if that is served */
  int switcher_fd;    /* "http" */
  int desk_fd;        /* "http"; -1: no desk */
  char *viewer, *publish, *primary, *backup, *ingest_status, *switcher;
  char *desk;      /* nullable */
  char *desk_base; /* nullable: the same for programs of this machine, without a slash at its end */
} UsRunPlan;

gboolean us_run_plan_make (UsRunPlan *plan, UsConfig *config,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
void us_run_plan_get_urls (const UsRunPlan *plan, UsStatusUrls *urls);
void us_run_plan_print (const UsRunPlan *plan);
void us_run_plan_clear (UsRunPlan *plan);

char *us_run_plan_url (const char *scheme, const char *address, guint16 port, const char *path);

G_END_DECLS
