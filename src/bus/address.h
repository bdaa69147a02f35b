/* address.h - which message bus to be on, if any */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  US_BUS_AUTO, /* the desktop's when there is one, the system's for a system service, else none */
  US_BUS_SESSION,
  US_BUS_SYSTEM,
  US_BUS_NONE,
} UsBusChoice;
gboolean us_bus_choice_from_word (const char *word, UsBusChoice *choice);
const char *us_bus_choice_word (UsBusChoice choice);

/* UsBusSurroundings: what the environment says; all nullable. */
typedef struct {
  const char *session_address; /* $DBUS_SESSION_BUS_ADDRESS */
  const char *system_address;  /* $DBUS_SYSTEM_BUS_ADDRESS */
  const char *runtime_dir;     /* $XDG_RUNTIME_DIR */
  const char *invocation_id;   /* $INVOCATION_ID: a service manager started us */
} UsBusSurroundings;

void us_bus_surroundings_read (UsBusSurroundings *surroundings);
char *us_bus_find_address (UsBusChoice choice, const UsBusSurroundings *surroundings,
                           UsBusChoice *found);

G_END_DECLS
