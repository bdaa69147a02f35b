/* application.c - Understudy on a desktop: one instance, notifications, actions, the browser
 *
 * A GApplication without a window: its window is the web interface, which activating it opens. The
 * loop that it lives on is its owner's, so it needs no hold of its own; it ends when that does. The
 * desktop may do anything to it by its actions: "open", "open-stream", "open-incident",
 * "acknowledge", "quit". What is told is decided in notifications.c, heard by desk-link.c. The
 * stream must not depend on the desktop: when the session's bus goes, all goes on but this.
 */
#define US_LOG_TOPIC "desktop"
#include "desktop/application.h"

#include <string.h>

#include "base/log.h"
#include "base/timer.h"
#include "desktop/awake.h"
#include "desktop/browser.h"
#include "desktop/desk-link.h"

#define ACKNOWLEDGE_PREFIX "acknowledge-"
#define MAX_ID 200
#define WISH_TIMEOUT_MS 10000 /* who has us started by the bus calls at once */

struct UsDesktop {
  GApplication *application;
  const UsDesktopHandler *handler;
  gpointer user_data;
  char *url;        /* nullable: nothing can be opened yet */
  UsDeskLink *link; /* nullable */
  UsNotifications *notifications;
  GHashTable *shown; /* ids of notifications that may be on the screen */
  GSource *due;
  guint awake;          /* 0: nobody has been asked */
  gboolean is_wanted;   /* to be opened as soon as there is something; once over: by the next */
  gboolean is_declined; /* asked for what no chain has to be started for */
  gboolean is_over;
};

/* ---- the browser ---- */

/* @id: (nullable): what of the page is @where, as "?incident=" or "#/stream/" */
static void
open_page (UsDesktop *self, const char *where, const char *id) {
  if (self->url == NULL || self->is_over) {
    self->is_wanted = TRUE;
    return;
  }
  g_autofree char *escaped = id != NULL ? g_uri_escape_string (id, NULL, FALSE) : NULL;
  g_autofree char *url = g_strconcat (self->url, escaped != NULL ? where : NULL, escaped, NULL);
  us_browser_open (g_application_get_dbus_connection (self->application), url);
}

/* ---- actions ---- */

/* Anybody on the session's bus may call: what is no id is left alone. Returns: (nullable) */
static const char *
id_of (GVariant *parameter) {
  const char *id = g_variant_get_string (parameter, NULL);
  return *id != '\0' && strlen (id) <= MAX_ID ? id : NULL;
}

static void
on_open (GSimpleAction *action, GVariant *parameter, gpointer data) {
  open_page (data, NULL, NULL);
}

static void
on_open_stream (GSimpleAction *action, GVariant *parameter, gpointer data) {
  open_page (data, "#/stream/", id_of (parameter));
}

static void
on_open_incident (GSimpleAction *action, GVariant *parameter, gpointer data) {
  open_page (data, "?incident=", id_of (parameter));
}

static void on_refused (const char *incident, const char *why, gpointer user_data);

static void
on_acknowledge (GSimpleAction *action, GVariant *parameter, gpointer data) {
  UsDesktop *self = data;
  const char *id = id_of (parameter);
  if (self->link != NULL && id != NULL)
    us_desk_link_acknowledge (self->link, id);
  else if (id != NULL)
    on_refused (id, "Understudy was not running. Open the incident, and acknowledge it there.",
                self);
  self->is_declined = TRUE;
}

static void
on_quit (GSimpleAction *action, GVariant *parameter, gpointer data) {
  UsDesktop *self = data;
  if (self->is_over)
    return;
  us_notice ("the user ends it");
  self->is_declined = TRUE;
  self->handler->quit (self->user_data);
}

static const GActionEntry actions[] = {
  { "open", on_open, NULL, NULL, NULL, { 0 } },
  { "open-stream", on_open_stream, "s", NULL, NULL, { 0 } },
  { "open-incident", on_open_incident, "s", NULL, NULL, { 0 } },
  { "acknowledge", on_acknowledge, "s", NULL, NULL, { 0 } },
  { "quit", on_quit, NULL, NULL, NULL, { 0 } },
};

static void
on_activate (GApplication *application, gpointer data) {
  open_page (data, NULL, NULL);
}

/* ---- notifications ---- */

static GNotificationPriority
priority_of (UsUrgency urgency) {
  static const GNotificationPriority priorities[]
      = { G_NOTIFICATION_PRIORITY_NORMAL, G_NOTIFICATION_PRIORITY_HIGH,
          G_NOTIFICATION_PRIORITY_URGENT };
  return priorities[urgency];
}

/**
 * us_desktop_tell:
 * @notification: shown, or withdrawn
 */
void
us_desktop_tell (UsDesktop *self, const UsNotification *notification) {
  if (notification->is_withdrawn) {
    g_application_withdraw_notification (self->application, notification->id);
    g_hash_table_remove (self->shown, notification->id);
    return;
  }
  g_autoptr (GNotification) shown = g_notification_new (notification->title);
  g_autoptr (GIcon) icon = g_themed_icon_new (US_DESKTOP_ID);
  g_notification_set_body (shown, notification->body);
  g_notification_set_priority (shown, priority_of (notification->urgency));
  g_notification_set_icon (shown, icon);
  if (notification->incident != NULL) {
    g_notification_set_default_action_and_target (shown, "app.open-incident", "s",
                                                  notification->incident);
    g_notification_add_button_with_target (shown, "Open", "app.open-incident", "s",
                                           notification->incident);
  } else if (notification->stream != NULL) {
    g_notification_set_default_action_and_target (shown, "app.open-stream", "s",
                                                  notification->stream);
    g_notification_add_button_with_target (shown, "Open", "app.open-stream", "s",
                                           notification->stream);
  } else {
    g_notification_set_default_action (shown, "app.open");
  }
  if (notification->can_acknowledge)
    g_notification_add_button_with_target (shown, "Acknowledge", "app.acknowledge", "s",
                                           notification->incident);
  g_application_send_notification (self->application, notification->id, shown);
  g_hash_table_add (self->shown, g_strdup (notification->id));
}

static gboolean on_due (gpointer data);

static void
wait_for_due (UsDesktop *self) {
  gint64 due_us = us_notifications_get_due_us (self->notifications);
  us_timer_stop (&self->due);
  if (due_us < 0)
    return;
  gint64 wait_ms = (due_us - g_get_monotonic_time ()) / 1000 + 1;
  us_timer_start (&self->due, (guint)CLAMP (wait_ms, 0, 60000), "desktop-due", on_due, self);
}

static gboolean
on_due (gpointer data) {
  UsDesktop *self = data;
  for (;;) {
    g_autoptr (UsNotification) notification
        = us_notifications_take_due (self->notifications, g_get_monotonic_time ());
    if (notification == NULL)
      break;
    us_desktop_tell (self, notification);
  }
  wait_for_due (self);
  return G_SOURCE_REMOVE;
}

static void
on_event (const char *kind, JsonNode *data, gpointer user_data) {
  UsDesktop *self = user_data;
  g_autoptr (UsNotification) notification
      = us_notifications_take (self->notifications, kind, data, g_get_monotonic_time ());
  if (notification != NULL)
    us_desktop_tell (self, notification);
  wait_for_due (self);
}

static void
on_active (JsonNode *incidents, gpointer user_data) {
  UsDesktop *self = user_data;
  g_autoptr (GPtrArray) taken
      = us_notifications_take_list (self->notifications, incidents, g_get_monotonic_time ());
  for (guint i = 0; i < taken->len; i++)
    us_desktop_tell (self, taken->pdata[i]);
  wait_for_due (self);
}

/* Who has pressed the button must not believe that it was done. */
static void
on_refused (const char *incident, const char *why, gpointer user_data) {
  g_autofree char *id = g_strconcat (ACKNOWLEDGE_PREFIX, incident, NULL);
  g_autoptr (UsNotification) notification
      = us_notification_new (id, US_URGENCY_HIGH, "The incident could not be acknowledged", why);
  notification->incident = g_strdup (incident);
  us_desktop_tell (user_data, notification);
}

static const UsDeskLinkHandler link_handler = { on_event, on_active, on_refused };

/* ---- life ---- */

static void
make_application (UsDesktop *self) {
  self->application = g_application_new (US_DESKTOP_ID, G_APPLICATION_DEFAULT_FLAGS);
  g_action_map_add_action_entries (G_ACTION_MAP (self->application), actions,
                                   G_N_ELEMENTS (actions), self);
  g_signal_connect (self->application, "activate", G_CALLBACK (on_activate), self);
}

static void
drop_application (UsDesktop *self) {
  g_signal_handlers_disconnect_by_data (self->application, self);
  for (guint i = 0; i < G_N_ELEMENTS (actions); i++)
    g_action_map_remove_action (G_ACTION_MAP (self->application), actions[i].name);
  g_clear_object (&self->application);
}

/**
 * us_desktop_new:
 * @handler: static
 *
 * Returns: (transfer full): not yet on any bus
 */
UsDesktop *
us_desktop_new (const UsDesktopHandler *handler, gpointer user_data) {
  UsDesktop *self = g_new0 (UsDesktop, 1);
  self->handler = handler;
  self->user_data = user_data;
  self->notifications = us_notifications_new ();
  self->shown = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  make_application (self);
  return self;
}

static void
on_bus_closed (GDBusConnection *bus, gboolean is_peer_gone, GError *error, gpointer data) {
  us_warning ("the session bus has gone: no notifications any more; the streams go on, SIGTERM "
              "ends them");
}

static void
on_name_gone (GDBusConnection *bus, const char *name, gpointer is_gone) {
  *(gboolean *)is_gone = TRUE;
}

/* Its roles end in their order, and it holds the name and the ports until they have. */
static gboolean
await_end_of_other (UsDesktop *self, GDBusConnection *bus, GError **error) {
  gboolean is_gone = FALSE;
  us_notice ("the one before is still ending; this one starts when it has");
  guint watch = g_bus_watch_name_on_connection (bus, US_DESKTOP_ID, G_BUS_NAME_WATCHER_FLAGS_NONE,
                                                NULL, on_name_gone, &is_gone, NULL);
  while (!is_gone && !self->handler->is_given_up (self->user_data))
    g_main_context_iteration (NULL, TRUE);
  g_bus_unwatch_name (watch);
  if (!is_gone)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED,
                 "given up waiting for the one before to end");
  return is_gone;
}

/* Returns: FALSE with @error; else @self->application is registered, with one that is not ending */
static gboolean
register_application (UsDesktop *self, GDBusConnection *bus, gboolean is_service, GError **error) {
  for (;;) {
    if (is_service)
      g_application_set_flags (self->application, G_APPLICATION_IS_SERVICE);
    if (!g_application_register (self->application, NULL, error)) {
      g_prefix_error (error, "another one runs already: ");
      return FALSE;
    }
    if (!g_application_get_is_remote (self->application)
        || g_action_group_get_action_enabled (G_ACTION_GROUP (self->application), "quit"))
      return TRUE;
    if (!await_end_of_other (self, bus, error))
      return FALSE;
    drop_application (self);
    make_application (self);
  }
}

/**
 * us_desktop_register:
 * @is_service: started by the bus: whoever wanted it says so afterwards what for
 * @place: (out): whether there was one already; then it has been activated; one that is ending is
 * waited for
 * @error: there is no session bus, or a service's name is taken
 *
 * Returns: %FALSE with @error
 */
gboolean
us_desktop_register (UsDesktop *self, gboolean is_service, UsDesktopPlace *place, GError **error) {
  g_autoptr (GDBusConnection) bus = g_bus_get_sync (G_BUS_TYPE_SESSION, NULL, error);
  if (bus == NULL) {
    g_prefix_error (error, "there is no session bus, so no desktop; `understudy run` needs none: ");
    return FALSE;
  }
  g_dbus_connection_set_exit_on_close (bus, FALSE);
  if (!register_application (self, bus, is_service, error))
    return FALSE;
  gboolean is_another = g_application_get_is_remote (self->application);
  *place = is_another ? US_DESKTOP_ANOTHER : US_DESKTOP_FIRST;
  if (is_another || !is_service)
    g_application_activate (self->application);
  if (is_another)
    return g_dbus_connection_flush_sync (bus, NULL, error);
  g_signal_connect_object (bus, "closed", G_CALLBACK (on_bus_closed), self->application, 0);
  return TRUE;
}

static gboolean
on_nobody (gpointer data) {
  ((UsDesktop *)data)->is_declined = TRUE;
  return G_SOURCE_REMOVE;
}

/**
 * us_desktop_await_wish:
 *
 * As a service: turns the main loop until somebody wants to see something. The bus starts us for
 * whatever is pressed, also for "quit" in the menu and for the notifications of one that has died.
 *
 * Returns: %FALSE when a chain is not what is wanted, nobody has asked for anything, or a signal
 * has come
 */
gboolean
us_desktop_await_wish (UsDesktop *self) {
  us_timer_start (&self->due, WISH_TIMEOUT_MS, "desktop-wish", on_nobody, self);
  while (!self->is_wanted && !self->is_declined && !self->handler->is_given_up (self->user_data))
    g_main_context_iteration (NULL, TRUE);
  us_timer_stop (&self->due);
  return self->is_wanted;
}

/**
 * us_desktop_follow:
 * @desk: where the desk is, from now on
 *
 * Opens it when that was wanted before, and tells of what happens there.
 */
void
us_desktop_follow (UsDesktop *self, const UsDesktopDesk *desk) {
  g_return_if_fail (self->link == NULL);
  self->url = g_strdup (desk->url);
  self->link = us_desk_link_new (desk->base_url, desk->authorization, &link_handler, self);
  if (self->is_wanted)
    open_page (self, NULL, NULL);
}

/**
 * us_desktop_keep_awake:
 *
 * The chain runs: as long as it does, the desktop shall not suspend the machine.
 */
void
us_desktop_keep_awake (UsDesktop *self) {
  g_return_if_fail (self->awake == 0);
  self->awake = us_awake_begin (g_application_get_dbus_connection (self->application));
}

/**
 * us_desktop_end:
 *
 * Everything is about to end: "quit" is disabled, by which others see it, nothing is told any more,
 * and us_desktop_free() will take from the screen what asks for an answer that nobody would hear.
 */
void
us_desktop_end (UsDesktop *self) {
  GAction *quit = g_action_map_lookup_action (G_ACTION_MAP (self->application), "quit");
  self->is_over = TRUE;
  self->is_wanted = FALSE;
  g_simple_action_set_enabled (G_SIMPLE_ACTION (quit), FALSE);
  us_timer_stop (&self->due);
  g_clear_pointer (&self->link, us_desk_link_free);
}

/* Not earlier than this: GLib can withdraw what the server has answered only. */
static void
withdraw_all (UsDesktop *self) {
  GHashTableIter iter;
  gpointer id;
  g_hash_table_iter_init (&iter, self->shown);
  while (g_hash_table_iter_next (&iter, &id, NULL))
    g_application_withdraw_notification (self->application, id);
}

/* Who wanted us while we were ending, by the bus as menus do, gets the one that the bus starts now
 * that the name is free. */
static void
call_next (GDBusConnection *bus) {
  g_dbus_connection_call (
      bus, US_DESKTOP_ID, "/org/understudy/Understudy", "org.freedesktop.Application", "Activate",
      g_variant_new_parsed ("(@a{sv} {},)"), NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL, NULL);
}

/**
 * us_desktop_free:
 * @desktop: (transfer full) (nullable): what was said on the bus has left when this returns
 */
void
us_desktop_free (UsDesktop *self) {
  if (self == NULL)
    return;
  us_timer_stop (&self->due);
  g_clear_handle_id (&self->awake, g_bus_unwatch_name);
  us_desk_link_free (self->link);
  g_autoptr (GDBusConnection) bus = NULL;
  if (g_application_get_is_registered (self->application))
    g_set_object (&bus, g_application_get_dbus_connection (self->application));
  if (self->is_over)
    withdraw_all (self);
  if (bus != NULL && !g_dbus_connection_is_closed (bus))
    g_dbus_connection_flush_sync (bus, NULL, NULL);
  drop_application (self);
  if (bus != NULL && self->is_over && self->is_wanted) {
    call_next (bus);
    g_dbus_connection_flush_sync (bus, NULL, NULL);
  }
  us_notifications_free (self->notifications);
  g_hash_table_unref (self->shown);
  g_free (self->url);
  g_free (self);
}
