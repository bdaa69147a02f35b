/* application.h - Understudy on a desktop: one instance, notifications, actions, the browser */
#pragma once

#include <gio/gio.h>

#include "desktop/notifications.h"

G_BEGIN_DECLS

#define US_DESKTOP_ID "org.understudy.Understudy" /* also of the desktop file, icon and Flatpak */

/* UsDesktop: owned by the command, on the default main context. */
typedef struct UsDesktop UsDesktop;

/* @quit: the user wants everything to end; us_desktop_free() must follow in the end
 * @is_given_up: whether a signal has ended what us_desktop_register() waits for */
typedef struct {
  void (*quit) (gpointer user_data);
  gboolean (*is_given_up) (gpointer user_data);
} UsDesktopHandler;

/* @url: of the desk, for people, with a slash at its end
 * @base_url: of the desk, for programs of this machine, without one
 * @authorization: (nullable): "Bearer TOKEN" */
typedef struct {
  const char *url, *base_url, *authorization;
} UsDesktopDesk;

typedef enum {
  US_DESKTOP_FIRST,   /* this is the instance */
  US_DESKTOP_ANOTHER, /* there is one already: it was activated, and this one has nothing to do */
} UsDesktopPlace;

UsDesktop *us_desktop_new (const UsDesktopHandler *handler, gpointer user_data);
gboolean us_desktop_register (UsDesktop *desktop, gboolean is_service, UsDesktopPlace *place,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean us_desktop_await_wish (UsDesktop *desktop);
void us_desktop_follow (UsDesktop *desktop, const UsDesktopDesk *desk);
void us_desktop_tell (UsDesktop *desktop, const UsNotification *notification);
void us_desktop_keep_awake (UsDesktop *desktop);
void us_desktop_end (UsDesktop *desktop);
void us_desktop_free (UsDesktop *desktop);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsDesktop, us_desktop_free)

G_END_DECLS
