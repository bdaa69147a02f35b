/* link.c - a connection to a message bus and a name on it, kept up for as long as it lives
 *
 * Owned by a role, on its main loop. The connection is private: GIO's shared one ends the process
 * when the bus goes away, and viewers are worth more than a bus. A bus that cannot be reached or
 * goes away is tried again with growing pauses. The name is queued for: when another service has
 * it, ours gets it after that one. Ends with us_bus_link_free(), after which nothing is called.
 */
#include "bus/link.h"

#include "base/timer.h"

#define RETRY_FIRST_MS 1000
#define RETRY_CAP_MS 60000

/* An attempt to connect, which may outlast the link. */
typedef struct {
  UsBusLink *link; /* NULL once freed */
} Attempt;

struct UsBusLink {
  char *address, *name;
  UsBusLinkHandler handler;
  gpointer user_data;
  GCancellable *cancellable;
  Attempt *attempt;            /* (nullable): under way */
  GDBusConnection *connection; /* (nullable) */
  gulong closed_id;
  guint owner_id;
  GSource *retry;
  guint retry_ms;
  gboolean has_failed, has_owned, has_told;
};

static void connect_now (UsBusLink *self);

static gboolean
on_retry (gpointer user_data) {
  UsBusLink *self = user_data;
  us_timer_stop (&self->retry);
  connect_now (self);
  return G_SOURCE_REMOVE;
}

static void
retry_later (UsBusLink *self) {
  us_timer_start (&self->retry, self->retry_ms, "bus-retry", on_retry, self);
  self->retry_ms = MIN (self->retry_ms * 2, RETRY_CAP_MS);
}

static void
drop (UsBusLink *self) {
  if (self->owner_id != 0)
    g_bus_unown_name (self->owner_id);
  self->owner_id = 0;
  if (self->connection != NULL)
    g_signal_handler_disconnect (self->connection, self->closed_id);
  g_clear_object (&self->connection);
  self->has_owned = self->has_told = FALSE;
}

static void
on_closed (GDBusConnection *connection, gboolean is_remote, GError *error, gpointer user_data) {
  UsBusLink *self = user_data;
  self->handler.lost (error, self->user_data);
  drop (self);
  retry_later (self);
}

static void
on_owned (GDBusConnection *connection, const char *name, gpointer user_data) {
  UsBusLink *self = user_data;
  self->has_owned = TRUE;
  self->handler.owned (TRUE, self->user_data);
}

/* Called when another has the name, and when ours is taken away or the bus is gone. */
static void
on_not_owned (GDBusConnection *connection, const char *name, gpointer user_data) {
  UsBusLink *self = user_data;
  if (connection == NULL || g_dbus_connection_is_closed (connection)
      || (self->has_told && !self->has_owned))
    return;
  self->has_owned = FALSE;
  self->has_told = TRUE;
  self->handler.owned (FALSE, self->user_data);
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer user_data) {
  g_autofree Attempt *attempt = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusConnection) connection
      = g_dbus_connection_new_for_address_finish (result, &error);
  UsBusLink *self = attempt->link;
  if (self == NULL) {
    if (connection != NULL)
      g_dbus_connection_close (connection, NULL, NULL, NULL);
    return;
  }
  self->attempt = NULL;
  if (connection == NULL) {
    if (!self->has_failed)
      self->handler.failed (error, self->user_data);
    self->has_failed = TRUE;
    retry_later (self);
    return;
  }
  self->has_failed = FALSE;
  self->retry_ms = RETRY_FIRST_MS;
  self->connection = g_steal_pointer (&connection);
  g_dbus_connection_set_exit_on_close (self->connection, FALSE);
  self->closed_id = g_signal_connect (self->connection, "closed", G_CALLBACK (on_closed), self);
  self->handler.connected (self->connection, self->user_data);
  self->owner_id
      = g_bus_own_name_on_connection (self->connection, self->name, G_BUS_NAME_OWNER_FLAGS_NONE,
                                      on_owned, on_not_owned, self, NULL);
}

static void
connect_now (UsBusLink *self) {
  self->attempt = g_new0 (Attempt, 1);
  self->attempt->link = self;
  g_dbus_connection_new_for_address (self->address,
                                     G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
                                         | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                     NULL, self->cancellable, on_connected, self->attempt);
}

/**
 * us_bus_link_new:
 * @address: D-Bus address of a message bus
 * @name: well-known name to own
 * @handler: copied; nothing is called from within this function
 *
 * Returns: (transfer full): a link that is connecting
 */
UsBusLink *
us_bus_link_new (const char *address, const char *name, const UsBusLinkHandler *handler,
                 gpointer user_data) {
  UsBusLink *self = g_new0 (UsBusLink, 1);
  self->address = g_strdup (address);
  self->name = g_strdup (name);
  self->handler = *handler;
  self->user_data = user_data;
  self->cancellable = g_cancellable_new ();
  self->retry_ms = RETRY_FIRST_MS;
  connect_now (self);
  return self;
}

/**
 * us_bus_link_free:
 * @link: (transfer full): its owner has withdrawn the objects
 */
void
us_bus_link_free (UsBusLink *self) {
  us_timer_stop (&self->retry);
  if (self->attempt != NULL)
    self->attempt->link = NULL;
  g_cancellable_cancel (self->cancellable);
  g_autoptr (GDBusConnection) connection
      = self->connection != NULL ? g_object_ref (self->connection) : NULL;
  drop (self);
  if (connection != NULL)
    g_dbus_connection_close (connection, NULL, NULL, NULL);
  g_object_unref (self->cancellable);
  g_free (self->address);
  g_free (self->name);
  g_free (self);
}
