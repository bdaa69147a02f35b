/* ctl-print.h - what `understudy ctl` prints, made from the JSON that a switcher tells */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* UsCtlSeen: what a watch has printed already. */
typedef struct UsCtlSeen UsCtlSeen;
UsCtlSeen *us_ctl_seen_new (void);
void us_ctl_seen_free (UsCtlSeen *seen);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsCtlSeen, us_ctl_seen_free)

char *us_ctl_print_status (const char *status, gint64 now_ms);
char *us_ctl_print_warnings (const char *ingest);
char *us_ctl_print_stream (const char *status, const char *stream);
char *us_ctl_print_drills (const char *drills);
char *us_ctl_print_news (UsCtlSeen *seen, const char *status, gboolean is_json);
char *us_ctl_pick_stream (const char *status, const char *stream);
GStrv us_ctl_list_streams (const char *status);
char *us_ctl_default_stream (const char *status);

G_END_DECLS
