/* puppet.h - an HTTP server that answers what a test has laid out, and nothing else
 *
 * On the default main context. Answers are kept by path without its query; a path with nothing
 * behind it is 404. A held path is answered when it is let go.
 */
#pragma once

#include <gio/gio.h>

typedef struct Puppet Puppet;

Puppet *puppet_new (void);
void puppet_free (Puppet *puppet);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Puppet, puppet_free)

char *puppet_url (Puppet *puppet, const char *path);
void puppet_put (Puppet *puppet, const char *path, GBytes *body, const char *etag);
void puppet_remove (Puppet *puppet, const char *path);
void puppet_hold (Puppet *puppet, gboolean is_held); /* playlist requests with a directive */
void puppet_set_chunked (Puppet *puppet, gboolean is_chunked);
guint puppet_count (Puppet *puppet, const char *part); /* requests whose head contains @part */

/* @n_frames pictures at 25/s, the first at @first_frame; one IDR in front. */
GBytes *puppet_segment (guint first_frame, guint n_frames);

/* Turns the default context until @condition; fails after 30 s. */
#define PUPPET_WAIT(condition)                                                                     \
  do {                                                                                             \
    gint64 end_us_ = g_get_monotonic_time () + 30 * G_USEC_PER_SEC;                                \
    while (!(condition)) {                                                                         \
      puppet_turn ();                                                                              \
      g_assert_cmpint (g_get_monotonic_time (), <, end_us_);                                       \
    }                                                                                              \
  } while (0)
void puppet_turn (void); /* waits for an event, 20 ms at most */
