/* console.h - where an operator steers the switcher: control, with its doors and drills */
#pragma once

#include "switcher/feed.h"

G_BEGIN_DECLS

/* UsConsoleSettings: strings stay the caller's. */
typedef struct {
  gboolean has_http;      /* whether /control/ is there at all */
  const char *token_file; /* "": from loopback only */
  const char *bus;        /* "auto", "session", "system", "none" */
  const char *program;    /* nullable: understudy itself, for drills; NULL: there are none */
  const char *drill_dir;  /* for the evidence */
  const char *pipelines;  /* nullable: folder of the pipeline texts that drills use */
  const char *config;     /* nullable: drills' configuration, as the content of a file */
} UsConsoleSettings;

typedef struct UsConsole UsConsole;

/* @feeds: element-type UsFeed; the switcher's own, looked at whenever something is asked */
UsConsole *us_console_new (const UsConsoleSettings *settings, const GPtrArray *feeds,
                           const UsOriginAccess *access, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void us_console_serve (UsConsole *console, UsHttpServer *server);
void us_console_start (UsConsole *console, const char *viewer_address);
void us_console_free (UsConsole *console);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsConsole, us_console_free)

void us_console_tell_switch (UsConsole *console, UsFeed *feed, const UsFeedSwitch *change);

G_END_DECLS
