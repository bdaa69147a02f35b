/* booth.h - a switcher with two fake origins, and a message bus of its own to be steered by */
#pragma once

#include <gio/gio.h>

#include "component/switcher/fake-origin.h"
#include "switcher/switcher.h"

typedef struct {
  char *folder;
  GSubprocess *daemon; /* nullable */
  char *address;       /* of the bus */
  FakeOrigin *fakes[2];
  guint64 number; /* of the last segment */
  UsSwitcher *switcher;
  GDBusConnection *client; /* nullable */
} Booth;

#define BOOTH_NAME "org.understudy.Switcher1"
#define BOOTH_PATH "/org/understudy/Switcher1"
#define BOOTH_STREAM BOOTH_PATH "/streams/mystream"

/* Iterates the main context until @condition, or fails after 30 s. */
#define booth_await(condition)                                                                     \
  G_STMT_START {                                                                                   \
    gint64 await_us = g_get_monotonic_time ();                                                     \
    guint tick = g_timeout_add (20, booth_on_tick, NULL);                                          \
    while (!(condition)) {                                                                         \
      g_main_context_iteration (NULL, TRUE);                                                       \
      g_assert_cmpint (g_get_monotonic_time () - await_us, <, 30 * G_USEC_PER_SEC);                \
    }                                                                                              \
    g_source_remove (tick);                                                                        \
  }                                                                                                \
  G_STMT_END
gboolean booth_on_tick (gpointer data);

void booth_open (Booth *booth);
void booth_start_bus (Booth *booth);
void booth_stop_bus (Booth *booth);
UsSwitcher *booth_new_switcher (Booth *booth, const UsConsoleSettings *console);
void booth_start_switcher (Booth *booth, const UsConsoleSettings *console);
void booth_next (Booth *booth); /* one more segment on both origins */
void booth_close (Booth *booth);

/* Over D-Bus. Each iterates the main context until there is an answer. */
void booth_connect (Booth *booth);
void booth_await_service (Booth *booth); /* with both origins in use */
GVariant *booth_call (Booth *booth, const char *path, const char *interface, const char *method,
                      GVariant *arguments, GError **error);
GVariant *booth_get (Booth *booth, const char *path, const char *interface, const char *property);
GVariant *booth_introspect (Booth *booth, const char *path);
GVariant *booth_managed_objects (Booth *booth);
char *booth_get_text (Booth *booth, const char *path, const char *interface, const char *property);

/* Over HTTP: bytes out, and all that comes until the connection closes; NULL-terminated. */
char *booth_talk (Booth *booth, const char *request);
