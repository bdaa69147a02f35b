/* address.c - which message bus to be on, if any
 *
 * Never launches one: a bus of our own would have no one else on it. So GIO's own search, which
 * does that on some desktops, is not used.
 */
#include "bus/address.h"

#include <gio/gio.h>
#include <string.h>

#define SYSTEM_ADDRESS "unix:path=/run/dbus/system_bus_socket"

static const char *const choice_words[] = { "auto", "session", "system", "none" };

/**
 * us_bus_choice_from_word:
 *
 * Returns: whether there is such a choice, and @choice was set
 */
gboolean
us_bus_choice_from_word (const char *word, UsBusChoice *choice) {
  for (guint i = 0; i < G_N_ELEMENTS (choice_words); i++) {
    if (strcmp (word, choice_words[i]) == 0) {
      *choice = (UsBusChoice)i;
      return TRUE;
    }
  }
  return FALSE;
}

const char *
us_bus_choice_word (UsBusChoice choice) {
  g_return_val_if_fail (choice < G_N_ELEMENTS (choice_words), "none");
  return choice_words[choice];
}

void
us_bus_surroundings_read (UsBusSurroundings *surroundings) {
  *surroundings = (UsBusSurroundings){
    .session_address = g_getenv ("DBUS_SESSION_BUS_ADDRESS"),
    .system_address = g_getenv ("DBUS_SYSTEM_BUS_ADDRESS"),
    .runtime_dir = g_getenv ("XDG_RUNTIME_DIR"),
    .invocation_id = g_getenv ("INVOCATION_ID"),
  };
}

static gboolean
is_set (const char *value) {
  return value != NULL && value[0] != '\0';
}

/* "disabled:" and whatever else GDBus has no transport for means that there shall be none. */
static char *
find_session (const UsBusSurroundings *surroundings) {
  if (is_set (surroundings->session_address))
    return g_dbus_is_supported_address (surroundings->session_address, NULL)
               ? g_strdup (surroundings->session_address)
               : NULL;
  if (!is_set (surroundings->runtime_dir))
    return NULL;
  g_autofree char *path = g_build_filename (surroundings->runtime_dir, "bus", NULL);
  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    return NULL;
  g_autofree char *escaped = g_dbus_address_escape_value (path);
  return g_strconcat ("unix:path=", escaped, NULL);
}

static char *
find_system (const UsBusSurroundings *surroundings) {
  return g_strdup (is_set (surroundings->system_address) ? surroundings->system_address
                                                         : SYSTEM_ADDRESS);
}

/**
 * us_bus_find_address:
 * @choice: the setting
 * @surroundings: what the environment says
 * @found: (out): the kind of bus, US_BUS_NONE when there is none
 *
 * Returns: (transfer full) (nullable): its address; for US_BUS_AUTO only one that the surroundings
 *   speak for
 */
char *
us_bus_find_address (UsBusChoice choice, const UsBusSurroundings *surroundings,
                     UsBusChoice *found) {
  char *address = NULL;
  if (choice == US_BUS_AUTO || choice == US_BUS_SESSION) {
    *found = US_BUS_SESSION;
    address = find_session (surroundings);
  }
  gboolean is_service
      = is_set (surroundings->invocation_id) && !is_set (surroundings->session_address);
  if (address == NULL && (choice == US_BUS_SYSTEM || (choice == US_BUS_AUTO && is_service))) {
    *found = US_BUS_SYSTEM;
    address = find_system (surroundings);
  }
  if (address == NULL)
    *found = US_BUS_NONE;
  return address;
}
