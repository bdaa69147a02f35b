/* error.c - the errors that callers over D-Bus see
 *
 * Registered with GDBus when first used, on either side: what a service returns in this domain
 * travels by its name, and arrives in this domain at a client that knows it.
 */
#include "bus/error.h"

#define NAME(word) US_BUS_NAME ".Error." word

static const GDBusErrorEntry entries[] = {
  { US_BUS_ERROR_FAILED, NAME ("Failed") },
  { US_BUS_ERROR_NO_SUCH_STREAM, NAME ("NoSuchStream") },
  { US_BUS_ERROR_NO_SUCH_ORIGIN, NAME ("NoSuchOrigin") },
  { US_BUS_ERROR_NO_SUCH_DRILL, NAME ("NoSuchDrill") },
  { US_BUS_ERROR_INVALID_VALUE, NAME ("InvalidValue") },
  { US_BUS_ERROR_NOT_NOW, NAME ("NotNow") },
  { US_BUS_ERROR_DENIED, NAME ("Denied") },
};
G_STATIC_ASSERT (G_N_ELEMENTS (entries) == US_N_BUS_ERRORS);

GQuark
us_bus_error_quark (void) {
  static gsize quark;
  g_dbus_error_register_error_domain ("us-bus-error-quark", &quark, entries,
                                      G_N_ELEMENTS (entries));
  return (GQuark)quark;
}
