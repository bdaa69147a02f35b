/* ctl-door.c - the way from `understudy ctl` to a switcher: D-Bus or HTTP
 *
 * Owned by the command, which has nothing else to do than to wait for an answer: calls block.
 * Over D-Bus the bus says who we are; over HTTP (ctl-http.c) the user's name goes along as a claim.
 * Ends with us_ctl_door_free().
 */
#include "commands/ctl-door.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "base/timer.h"
#include "bus/address.h"
#include "bus/error.h"
#include "bus/path.h"

#define CALL_TIMEOUT_MS 10000
#define POLL_MS 500

struct UsCtlDoor {
  GDBusConnection *bus; /* (nullable): over HTTP */
  UsCtlHttp *http;      /* (nullable): over D-Bus */
  UsCtlNews news;
  gpointer user_data;
  guint subscription;
  GSource *poll;
};

/* ---- D-Bus ---- */

static gboolean
has_service (GDBusConnection *bus) {
  g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
      bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "NameHasOwner",
      g_variant_new ("(s)", US_BUS_NAME), G_VARIANT_TYPE ("(b)"), G_DBUS_CALL_FLAGS_NONE,
      CALL_TIMEOUT_MS, NULL, NULL);
  gboolean has_owner = FALSE;
  if (reply != NULL)
    g_variant_get (reply, "(b)", &has_owner);
  return has_owner;
}

/* The desktop's bus first, then the system's; only one that a switcher is on. */
static GDBusConnection *
find_bus (void) {
  static const UsBusChoice choices[] = { US_BUS_SESSION, US_BUS_SYSTEM };
  UsBusSurroundings surroundings;
  us_bus_surroundings_read (&surroundings);
  for (guint i = 0; i < G_N_ELEMENTS (choices); i++) {
    UsBusChoice found;
    g_autofree char *address = us_bus_find_address (choices[i], &surroundings, &found);
    if (address == NULL)
      continue;
    g_autoptr (GDBusConnection) bus = g_dbus_connection_new_for_address_sync (
        address,
        G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
            | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
        NULL, NULL, NULL);
    if (bus != NULL && has_service (bus))
      return g_steal_pointer (&bus);
  }
  return NULL;
}

static void
set_bus_error (GError **error, GError *local) {
  gboolean is_ours = local->domain == US_BUS_ERROR;
  gboolean is_denied = g_error_matches (local, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED);
  g_dbus_error_strip_remote_error (local);
  g_set_error_literal (error, US_CTL_ERROR,
                       is_ours || is_denied ? US_CTL_ERROR_REFUSED : US_CTL_ERROR_NOBODY,
                       local->message);
}

static GVariant *
call (UsCtlDoor *self, const char *path, const char *interface, const char *method,
      GVariant *arguments, const char *type, GError **error) {
  g_autoptr (GError) local = NULL;
  g_autofree char *full = g_strconcat (US_BUS_NAME ".", interface, NULL);
  us_bus_error_quark (); /* from now on errors are known by their names */
  GVariant *reply = g_dbus_connection_call_sync (
      self->bus, US_BUS_NAME, path, full, method, arguments, G_VARIANT_TYPE (type),
      G_DBUS_CALL_FLAGS_NO_AUTO_START, CALL_TIMEOUT_MS, NULL, &local);
  if (reply == NULL)
    set_bus_error (error, local);
  return reply;
}

static gboolean
give_by_bus (UsCtlDoor *self, const UsCtlOrder *order, char **answer, GError **error) {
  g_autofree char *path = us_bus_path_of (order->stream != NULL ? order->stream : "", NULL);
  g_autoptr (GVariant) reply = NULL;
  const char *verb = order->verb;
  *answer = NULL;
#define STREAM(method, ...)                                                                        \
  call (self, path, "Stream", method, g_variant_new (__VA_ARGS__), "()", error)
  if (strcmp (verb, "drill") == 0) {
    reply = call (self, US_BUS_PATH "/manager", "Manager", "StartDrill",
                  g_variant_new ("(ss)", order->drill, order->why), "(s)", error);
    if (reply != NULL)
      g_variant_get (reply, "(s)", answer);
  } else if (strcmp (verb, "failover") == 0 && order->origin == NULL && order->seconds == 0
             && !order->even_if_failed)
    reply = STREAM ("Failover", "(s)", order->why);
  else if (strcmp (verb, "failover") == 0)
    reply = STREAM ("Force", "(subs)", order->origin != NULL ? order->origin : "backup",
                    order->seconds, order->even_if_failed, order->why);
  else if (strcmp (verb, "switchback") == 0)
    reply = STREAM ("Switchback", "(s)", order->why);
  else if (strcmp (verb, "hold") == 0)
    reply = STREAM (order->is_strict ? "HoldStrictly" : "Hold", "(us)", order->seconds, order->why);
  else if (strcmp (verb, "release") == 0)
    reply = STREAM ("Release", "(s)", order->why);
  else if (strcmp (verb, "failback") == 0)
    reply = STREAM ("SetFailback", "(ss)", order->mode, order->why);
  else
    reply = STREAM ("Drain", "(sbs)", order->origin, strcmp (verb, "drain") == 0, order->why);
#undef STREAM
  if (reply == NULL && error != NULL && *error != NULL
      && g_str_has_prefix ((*error)->message, "Object does not exist")) {
    g_clear_error (error);
    g_set_error (error, US_CTL_ERROR, US_CTL_ERROR_REFUSED, "stream \"%s\" is not followed",
                 order->stream);
  }
  return reply != NULL;
}

static char *
list_by_bus (UsCtlDoor *self, GError **error) {
  g_autoptr (GVariant) reply
      = call (self, US_BUS_PATH "/manager", "Manager", "ListDrills", NULL, "(a(ss))", error);
  if (reply == NULL)
    return NULL;
  g_autoptr (GVariantIter) iter = NULL;
  const char *name, *summary;
  g_autoptr (JsonBuilder) json = json_builder_new ();
  json_builder_begin_object (json);
  json_builder_set_member_name (json, "drills");
  json_builder_begin_array (json);
  g_variant_get (reply, "(a(ss))", &iter);
  while (g_variant_iter_next (iter, "(&s&s)", &name, &summary)) {
    json_builder_begin_object (json);
    json_builder_set_member_name (json, "name");
    json_builder_add_string_value (json, name);
    json_builder_set_member_name (json, "summary");
    json_builder_add_string_value (json, summary);
    json_builder_end_object (json);
  }
  json_builder_end_array (json);
  json_builder_end_object (json);
  g_autoptr (JsonNode) root = json_builder_get_root (json);
  return json_to_string (root, FALSE);
}

/* ---- HTTP ---- */

static void
add_member (JsonBuilder *json, const char *name, const char *value) {
  if (value == NULL || value[0] == '\0')
    return;
  json_builder_set_member_name (json, name);
  json_builder_add_string_value (json, value);
}

static void
add_flag (JsonBuilder *json, const char *name, gboolean value) {
  if (!value)
    return;
  json_builder_set_member_name (json, name);
  json_builder_add_boolean_value (json, TRUE);
}

static GBytes *
body_of (const UsCtlOrder *order) {
  g_autoptr (JsonBuilder) json = json_builder_new ();
  json_builder_begin_object (json);
  add_member (json, "why", order->why);
  add_member (json, "origin", order->origin);
  add_member (json, "mode", order->mode);
  if (order->seconds > 0) {
    json_builder_set_member_name (json, "seconds");
    json_builder_add_int_value (json, order->seconds);
  }
  add_flag (json, "strict", order->is_strict);
  add_flag (json, "even_if_failed", order->even_if_failed);
  json_builder_end_object (json);
  g_autoptr (JsonNode) root = json_builder_get_root (json);
  char *text = json_to_string (root, FALSE);
  return g_bytes_new_take (text, strlen (text));
}

static gboolean
give_by_http (UsCtlDoor *self, const UsCtlOrder *order, char **answer, GError **error) {
  g_autoptr (GBytes) body = body_of (order);
  gboolean is_drill = strcmp (order->verb, "drill") == 0;
  g_autofree char *name
      = g_uri_escape_string (is_drill ? order->drill : order->stream, NULL, FALSE);
  g_autofree char *path = is_drill ? g_strconcat ("/control/drills/", name, NULL)
                                   : g_strdup_printf ("/control/streams/%s/%s", name, order->verb);
  g_autofree char *text = us_ctl_http_ask (self->http, NULL, path, body, error);
  *answer = NULL;
  if (text == NULL || !is_drill)
    return text != NULL;
  g_autoptr (JsonNode) root = json_from_string (text, NULL);
  JsonObject *object
      = root != NULL && JSON_NODE_HOLDS_OBJECT (root) ? json_node_get_object (root) : NULL;
  JsonNode *drill = object != NULL ? json_object_get_member (object, "drill") : NULL;
  *answer = g_strdup (
      drill != NULL && JSON_NODE_HOLDS_OBJECT (drill)
          ? json_object_get_string_member_with_default (json_node_get_object (drill), "id", "")
          : "");
  return TRUE;
}

/* ---- either ---- */

char *
us_ctl_door_get_status (UsCtlDoor *self, GError **error) {
  char *text = NULL;
  if (self->bus == NULL)
    return us_ctl_http_ask (self->http, NULL, "/control/status", NULL, error);
  g_autoptr (GVariant) reply
      = call (self, US_BUS_PATH "/manager", "Manager", "GetStatus", NULL, "(s)", error);
  if (reply != NULL)
    g_variant_get (reply, "(s)", &text);
  return text;
}

char *
us_ctl_door_get_drills (UsCtlDoor *self, GError **error) {
  return self->bus != NULL ? list_by_bus (self, error)
                           : us_ctl_http_ask (self->http, NULL, "/control/drills", NULL, error);
}

/**
 * us_ctl_door_give:
 * @order: for one stream
 * @answer: (out) (transfer full) (nullable): id of the drill that was started
 * @error: US_CTL_ERROR
 *
 * Returns: whether it was carried out
 */
gboolean
us_ctl_door_give (UsCtlDoor *self, const UsCtlOrder *order, char **answer, GError **error) {
  return self->bus != NULL ? give_by_bus (self, order, answer, error)
                           : give_by_http (self, order, answer, error);
}

static void
on_signal (GDBusConnection *bus, const char *sender, const char *path, const char *interface,
           const char *signal, GVariant *arguments, gpointer user_data) {
  UsCtlDoor *self = user_data;
  if (strcmp (signal, "Switched") == 0 || strcmp (signal, "DrillFinished") == 0)
    self->news (self->user_data);
}

static gboolean
on_poll (gpointer user_data) {
  UsCtlDoor *self = user_data;
  self->news (self->user_data);
  return G_SOURCE_CONTINUE;
}

/**
 * us_ctl_door_watch:
 * @news: something may have happened; called from the main context
 */
void
us_ctl_door_watch (UsCtlDoor *self, UsCtlNews news, gpointer user_data) {
  self->news = news;
  self->user_data = user_data;
  if (self->bus != NULL)
    self->subscription
        = g_dbus_connection_signal_subscribe (self->bus, US_BUS_NAME, NULL, NULL, NULL, NULL,
                                              G_DBUS_SIGNAL_FLAGS_NONE, on_signal, self, NULL);
  else
    us_timer_start (&self->poll, POLL_MS, "ctl-poll", on_poll, self);
}

/**
 * us_ctl_door_open:
 * @via: US_CTL_AUTO: D-Bus if a switcher is there, else HTTP
 * @url: where the switcher serves, without a path
 * @token_file: "": none
 * @error: US_CTL_ERROR
 *
 * Returns: (transfer full) (nullable): a way to it
 */
UsCtlDoor *
us_ctl_door_open (UsCtlVia via, const char *url, const char *token_file, GError **error) {
  g_autoptr (GDBusConnection) bus = via != US_CTL_HTTP ? find_bus () : NULL;
  g_autoptr (UsCtlHttp) http = NULL;
  if (bus == NULL && via == US_CTL_DBUS) {
    g_set_error (error, US_CTL_ERROR, US_CTL_ERROR_NOBODY,
                 "no switcher is on the session or system bus");
    return NULL;
  }
  if (bus == NULL) {
    http = us_ctl_http_new (url, token_file, "control API", error);
    if (http == NULL)
      return NULL;
  }
  UsCtlDoor *self = g_new0 (UsCtlDoor, 1);
  self->bus = g_steal_pointer (&bus);
  self->http = g_steal_pointer (&http);
  return self;
}

void
us_ctl_door_free (UsCtlDoor *self) {
  us_timer_stop (&self->poll);
  if (self->subscription != 0)
    g_dbus_connection_signal_unsubscribe (self->bus, self->subscription);
  g_clear_object (&self->bus);
  g_clear_pointer (&self->http, us_ctl_http_free);
  g_free (self);
}
