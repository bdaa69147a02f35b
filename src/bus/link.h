/* link.h - a connection to a message bus and a name on it, kept up for as long as it lives */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct UsBusLink UsBusLink;

/* @connected: export objects now, before the name is there
 * @lost: withdraw them; the connection is closed
 * @owned: whether the name is ours; called when that changes, and once when another has it */
typedef struct {
  void (*connected) (GDBusConnection *connection, gpointer user_data);
  void (*lost) (const GError *error, gpointer user_data);
  void (*owned) (gboolean is_ours, gpointer user_data);
  void (*failed) (const GError *error, gpointer user_data); /* once in a row of attempts */
} UsBusLinkHandler;

UsBusLink *us_bus_link_new (const char *address, const char *name, const UsBusLinkHandler *handler,
                            gpointer user_data);
void us_bus_link_free (UsBusLink *link);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsBusLink, us_bus_link_free)

G_END_DECLS
