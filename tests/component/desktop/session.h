/* session.h - a desktop for tests: a bus of its own, a notification server, a browser */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* SessionNotification: as the server has it. @actions: key, label ... */
typedef struct {
  guint id;
  char *title, *body;
  GStrv actions;
  guchar urgency;
  guint n_shown; /* how often under this id */
  gboolean is_closed;
} SessionNotification;

typedef struct {
  GSubprocess *bus;
  char *address;
  GDBusConnection *server; /* of notifications; NULL: none */
  guint name, object, portal_name, portal[2];
  gboolean is_sandbox;       /* no application is known there, so no browser but the portal's */
  gboolean is_kept_awake;    /* the portal has been asked not to suspend */
  GHashTable *notifications; /* id -> SessionNotification */
  guint last_id;
  char *folder;       /* home of whoever takes part */
  GIOChannel *opened; /* what the browser was asked to open, a line each */
  GPtrArray *urls;    /* element-type utf8 */
  int browser_sid;    /* process session of the browser that was started last */
  guint watch;
  gint64 deadline_us;
} Session;

void session_open (Session *session, gboolean has_notifications);
void session_open_portal (Session *session);
void session_stop_bus (Session *session);
void session_close (Session *session);
/* A launcher with everything of this desktop in its environment. */
GSubprocessLauncher *session_launcher (Session *session, GSubprocessFlags flags);
/* Returns: (transfer none) (nullable): the newest with @text in its title */
SessionNotification *session_find (Session *session, const char *text);
/* Presses a button; that closes it. */
void session_press (Session *session, SessionNotification *notification, const char *label);
gboolean session_has_opened (Session *session, const char *end);

void session_turn (Session *session);
void session_rest (Session *session);
#define session_await(session, condition)                                                          \
  while (!(condition))                                                                             \
  session_turn (session)

G_END_DECLS
