/* console.c - where an operator steers the switcher: control, with its doors and drills
 *
 * Owned by the UsSwitcher, on the main loop. Puts the parts together and owns them: one control,
 * which every command ends in; the doors to it, HTTP below /control/ and D-Bus; the drills. Knows
 * streams only by the switcher's list of feeds. Ends with us_console_free(), before the feeds do
 * and after the HTTP server has.
 */
#include "switcher/console.h"

#include "switcher/control-http.h"
#include "switcher/service.h"

struct UsConsole {
  const GPtrArray *feeds; /* element-type UsFeed */
  UsBusChoice bus;
  gboolean has_http;
  UsControl *control;
  UsDoor *door;
  UsDrills *drills; /* (nullable) */
  UsControlHttp http;
  UsService *service;
};

/* ---- the streams, as the control sees them ---- */

static guint
get_n_streams (gpointer user_data) {
  const UsConsole *self = user_data;
  return self->feeds->len;
}

static const char *
get_name (guint index, gpointer user_data) {
  const UsConsole *self = user_data;
  return us_feed_get_name (g_ptr_array_index (self->feeds, index));
}

static UsPolicy *
get_policy (guint index, gpointer user_data) {
  const UsConsole *self = user_data;
  return us_feed_get_policy (g_ptr_array_index (self->feeds, index));
}

static void
wake (guint index, const char *who, const char *why, gpointer user_data) {
  const UsConsole *self = user_data;
  us_feed_wake_for (g_ptr_array_index (self->feeds, index), who, why);
}

static char *
start_drill (const char *name, gpointer user_data, GError **error) {
  UsConsole *self = user_data;
  if (self->drills == NULL) {
    g_set_error (error, US_CONTROL_ERROR, US_CONTROL_ERROR_NOT_NOW, "this switcher has no drills");
    return NULL;
  }
  const UsDrill *drill = us_drills_start (self->drills, name, error);
  return drill != NULL ? g_strdup (drill->id) : NULL;
}

static const UsControlHost host = { .get_n_streams = get_n_streams,
                                    .get_name = get_name,
                                    .get_policy = get_policy,
                                    .wake = wake,
                                    .start_drill = start_drill };

/* ---- what happens ---- */

static void
on_drill (const UsDrill *drill, gpointer user_data) {
  UsConsole *self = user_data;
  us_service_tell_drill (self->service, drill);
}

/**
 * us_console_tell_switch:
 * @feed: one of the feeds
 * @change: of its sides
 */
void
us_console_tell_switch (UsConsole *self, UsFeed *feed, const UsFeedSwitch *change) {
  us_service_tell_switch (self->service, us_feed_get_name (feed), change);
}

static void
on_request (const UsHttpRequest *request, UsHttpResponse *response, gpointer user_data) {
  UsConsole *self = user_data;
  us_control_http_handle (&self->http, request, response);
}

/* ---- life ---- */

/**
 * us_console_new:
 * @settings: not kept
 * @feeds: outlive the console
 * @access: outlives it too
 * @error: US_DOOR_ERROR: the tokens cannot be read; US_CONTROL_ERROR_VALUE: no such bus
 *
 * Returns: (transfer full): a console without doors
 */
UsConsole *
us_console_new (const UsConsoleSettings *settings, const GPtrArray *feeds,
                const UsOriginAccess *access, GError **error) {
  g_autoptr (UsDoor) door = us_door_new ("control-token-file");
  UsBusChoice bus = US_BUS_NONE;
  if (settings->token_file != NULL && settings->token_file[0] != '\0'
      && !us_door_load (door, settings->token_file, error))
    return NULL;
  if (settings->bus != NULL && !us_bus_choice_from_word (settings->bus, &bus)) {
    g_set_error (error, US_CONTROL_ERROR, US_CONTROL_ERROR_VALUE,
                 "bus: \"%s\" is not one of auto, session, system, none", settings->bus);
    return NULL;
  }
  UsConsole *self = g_new0 (UsConsole, 1);
  self->feeds = feeds;
  self->bus = bus;
  self->has_http = settings->has_http;
  self->door = g_steal_pointer (&door);
  self->control = us_control_new (&host, access->clock, self);
  if (settings->program != NULL)
    self->drills = us_drills_new (settings->program, settings->drill_dir, settings->pipelines,
                                  settings->config, access->clock, on_drill, self);
  UsOverview overview
      = { .feeds = feeds, .access = access, .control = self->control, .drills = self->drills };
  self->http
      = (UsControlHttp){ .control = self->control, .door = self->door, .overview = overview };
  self->service = us_service_new (self->control, &overview);
  return self;
}

/**
 * us_console_serve:
 * @server: not started yet
 *
 * Opens the door below /control/, if the settings say so.
 */
void
us_console_serve (UsConsole *self, UsHttpServer *server) {
  if (self->has_http)
    us_http_server_add_handler (server, US_CONTROL_HTTP_PREFIX, "GET, POST", on_request, self);
}

/**
 * us_console_start:
 * @viewer_address: "http://localhost:8080"
 *
 * Opens the door on D-Bus, if there is a bus.
 */
void
us_console_start (UsConsole *self, const char *viewer_address) {
  UsBusSurroundings surroundings;
  us_bus_surroundings_read (&surroundings);
  us_service_start (self->service, self->bus, &surroundings, viewer_address);
}

void
us_console_free (UsConsole *self) {
  g_clear_pointer (&self->drills, us_drills_free);
  us_service_free (self->service);
  us_control_free (self->control);
  us_door_free (self->door);
  g_free (self);
}
