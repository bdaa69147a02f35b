/* error.h - the errors that callers over D-Bus see */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define US_BUS_NAME "org.understudy.Switcher1"
#define US_BUS_PATH "/org/understudy/Switcher1"

#define US_BUS_ERROR us_bus_error_quark ()
/* Each is "org.understudy.Switcher1.Error." and a word (docs/reference/dbus.md). */
typedef enum {
  US_BUS_ERROR_FAILED,
  US_BUS_ERROR_NO_SUCH_STREAM,
  US_BUS_ERROR_NO_SUCH_ORIGIN,
  US_BUS_ERROR_NO_SUCH_DRILL,
  US_BUS_ERROR_INVALID_VALUE,
  US_BUS_ERROR_NOT_NOW,
  US_BUS_ERROR_DENIED,
  US_N_BUS_ERRORS,
} UsBusError;
GQuark us_bus_error_quark (void);

G_END_DECLS
