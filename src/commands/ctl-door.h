/* ctl-door.h - the way from `understudy ctl` to a switcher: D-Bus or HTTP */
#pragma once

#include "commands/ctl-http.h"

G_BEGIN_DECLS

typedef enum { US_CTL_AUTO, US_CTL_DBUS, US_CTL_HTTP } UsCtlVia;

/* UsCtlOrder: plain; strings borrowed. */
typedef struct {
  const char *verb;   /* as in /control/streams/NAME/VERB, or "drill" */
  const char *stream; /* a name */
  const char *origin; /* nullable */
  const char *mode;   /* nullable */
  const char *drill;  /* nullable */
  const char *why;    /* "": no reason given */
  guint seconds;
  gboolean is_strict, even_if_failed;
} UsCtlOrder;

typedef struct UsCtlDoor UsCtlDoor;
typedef void (*UsCtlNews) (gpointer user_data);

UsCtlDoor *us_ctl_door_open (UsCtlVia via, const char *url, const char *token_file,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
void us_ctl_door_free (UsCtlDoor *door);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsCtlDoor, us_ctl_door_free)

char *us_ctl_door_get_status (UsCtlDoor *door, GError **error) G_GNUC_WARN_UNUSED_RESULT;
char *us_ctl_door_get_drills (UsCtlDoor *door, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean us_ctl_door_give (UsCtlDoor *door, const UsCtlOrder *order, char **answer,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
void us_ctl_door_watch (UsCtlDoor *door, UsCtlNews news, gpointer user_data);

G_END_DECLS
