/* resolver.h - lookups of host names, so that names that hang keep no other waiting */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define US_TYPE_RESOLVER (us_resolver_get_type ())
G_DECLARE_FINAL_TYPE (UsResolver, us_resolver, US, RESOLVER, GResolver)

/* For g_resolver_set_default() in a process that asks hosts which others name. @inner: does the
 * work. What is asked from another thread than this one goes to @inner as it is.
 * Returns: (transfer full) */
GResolver *us_resolver_new (GResolver *inner);

/* Lookups under way. Each holds a thread of @inner until it ends, whoever still waits for it. */
guint us_resolver_count_running (UsResolver *resolver);
/* Lookups that wait for their turn. */
guint us_resolver_count_waiting (UsResolver *resolver);

G_END_DECLS
