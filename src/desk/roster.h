/* roster.h - which streams are watched: the operator's from the file, our own by themselves */
#pragma once

#include "monitor/stream-config.h"

G_BEGIN_DECLS

#define US_ROSTER_OWN "own-" /* what ids of our own streams begin with */

/* UsRoster: every change is on disk before it holds. */
typedef struct UsRoster UsRoster;

UsRoster *us_roster_open (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void us_roster_free (UsRoster *roster);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsRoster, us_roster_free)

GPtrArray *us_roster_list (const UsRoster *roster);
const UsStreamConfig *us_roster_find (const UsRoster *roster, const char *id);
const UsStreamConfig *us_roster_find_own (const UsRoster *roster, const char *own_stream);
guint us_roster_count (const UsRoster *roster);
guint64 us_roster_get_revision (const UsRoster *roster, const char *id);

const UsStreamConfig *us_roster_add (UsRoster *roster, const UsStreamConfig *config, gint64 wall_us,
                                     const char **pointer,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean us_roster_change (UsRoster *roster, const UsStreamConfig *config, const char **pointer,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean us_roster_remove (UsRoster *roster, const char *id,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
const UsStreamConfig *us_roster_put_own (UsRoster *roster, const char *own_stream, const char *url,
                                         gint64 wall_us);
void us_roster_remove_own (UsRoster *roster, const char *own_stream);

G_END_DECLS
