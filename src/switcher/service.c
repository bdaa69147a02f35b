/* service.c - the switcher on D-Bus: streams and origins as objects, commands as methods
 *
 * A thin door, owned by the console, on the main loop: it converts, asks the bus who calls, and
 * delegates to control.c; what the methods and properties mean stands in
 * data/org.understudy.Switcher1.xml. Properties are refreshed five times a second and after each
 * command, and GDBus signals together what has changed; nothing in the switching waits for that.
 * A bus that is missing or goes away takes nothing with it but this door. Ends with
 * us_service_free(), after which an answer that is still due is never given.
 */
#include "switcher/service.h"

#include <gio/gio.h>
#include <string.h>

#define US_LOG_TOPIC "switcher.service"
#include "base/log.h"
#include "base/names.h"
#include "base/timer.h"
#include "bus/caller.h"
#include "bus/error.h"
#include "bus/link.h"
#include "bus/path.h"
#include "bus/switcher-interface.h"

#define REFRESH_MS 200
#define MAX_CALLS 64 /* at once; each takes two round trips on the bus */

/* A stream's objects. */
typedef struct {
  char *name;
  UsDBusStream *stream;
  UsDBusOrigin *origins[US_N_ORIGINS];
  UsDBusObjectSkeleton *objects[1 + US_N_ORIGINS];
  gint64 until_us; /* what the property Until was worked out from */
  gboolean is_seen;
} Published;

struct UsService {
  UsControl *control;
  UsOverview overview;
  UsBusChoice found;
  gboolean is_wanted; /* by name, not by US_BUS_AUTO */
  UsBusLink *link;    /* (nullable) */
  GDBusObjectManagerServer *objects;
  UsDBusManager *manager;
  GPtrArray *streams;          /* Published */
  GPtrArray *calls;            /* Call: waiting for the caller's name */
  GDBusConnection *connection; /* (nullable) */
  GSource *refresh;
};

/* A method call whose caller is being looked up; knows whether the service still is. */
typedef struct {
  UsService *service; /* NULL once freed */
  GDBusMethodInvocation *invocation;
  UsControlRequest request; /* its strings are in @texts */
  char *texts[4];
} Call;

static void
published_free (gpointer data) {
  Published *published = data;
  g_clear_object (&published->stream);
  for (guint i = 0; i < US_N_ORIGINS; i++)
    g_clear_object (&published->origins[i]);
  for (guint i = 0; i < G_N_ELEMENTS (published->objects); i++)
    g_clear_object (&published->objects[i]);
  g_free (published->name);
  g_free (published);
}

static void
call_free (Call *call) {
  for (guint i = 0; i < G_N_ELEMENTS (call->texts); i++)
    g_free (call->texts[i]);
  g_free (call);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Call, call_free)

/* ---- commands ---- */

static UsBusError
bus_code_of (const GError *error) {
  switch ((UsControlError)error->code) {
  case US_CONTROL_ERROR_NO_STREAM:
    return US_BUS_ERROR_NO_SUCH_STREAM;
  case US_CONTROL_ERROR_NO_ORIGIN:
    return US_BUS_ERROR_NO_SUCH_ORIGIN;
  case US_CONTROL_ERROR_NO_DRILL:
    return US_BUS_ERROR_NO_SUCH_DRILL;
  case US_CONTROL_ERROR_VALUE:
    return US_BUS_ERROR_INVALID_VALUE;
  case US_CONTROL_ERROR_NOT_NOW:
    return US_BUS_ERROR_NOT_NOW;
  case US_CONTROL_ERROR_DENIED:
    return US_BUS_ERROR_DENIED;
  default:
    return US_BUS_ERROR_FAILED;
  }
}

static void
carry_out (UsService *self, Call *call) {
  g_autoptr (GError) error = NULL;
  g_autofree char *id = NULL;
  if (!us_control_execute (self->control, &call->request, &id, &error)) {
    g_dbus_method_invocation_return_error_literal (call->invocation, US_BUS_ERROR,
                                                   (int)bus_code_of (error), error->message);
    return;
  }
  us_service_refresh (self);
  g_dbus_method_invocation_return_value (call->invocation,
                                         id != NULL ? g_variant_new ("(s)", id) : NULL);
}

static void
on_caller (GObject *source, GAsyncResult *result, gpointer user_data) {
  g_autoptr (Call) call = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *who = us_bus_caller_find_finish (result, &error);
  UsService *self = call->service;
  if (self != NULL)
    g_ptr_array_remove_fast (self->calls, call);
  if (self == NULL)
    g_dbus_method_invocation_return_error_literal (call->invocation, US_BUS_ERROR,
                                                   US_BUS_ERROR_NOT_NOW, "the service is ending");
  else if (who == NULL)
    g_dbus_method_invocation_return_error (call->invocation, US_BUS_ERROR, US_BUS_ERROR_DENIED,
                                           "the bus does not say who calls: %s", error->message);
  else {
    call->request.who = who;
    carry_out (self, call);
  }
}

/* Takes the call over: the strings of @request are copied, the answer is given later. */
static gboolean
begin (UsService *self, GDBusMethodInvocation *invocation, const UsControlRequest *request) {
  if (self->calls->len >= MAX_CALLS) {
    g_dbus_method_invocation_return_error_literal (invocation, US_BUS_ERROR, US_BUS_ERROR_NOT_NOW,
                                                   "too many calls at once; try again");
    return TRUE;
  }
  Call *call = g_new0 (Call, 1);
  call->service = self;
  call->invocation = invocation;
  call->request = *request;
  call->request.via = "dbus";
  call->request.stream = call->texts[0] = g_strdup (request->stream);
  call->request.origin = call->texts[1] = g_strdup (request->origin);
  call->request.why = call->texts[2] = g_strdup (request->why);
  const char *word = request->verb == US_CONTROL_DRILL ? request->drill : request->failback;
  call->texts[3] = g_strdup (word);
  call->request.drill = call->request.failback = call->texts[3];
  g_ptr_array_add (self->calls, call);
  us_bus_caller_find_async (g_dbus_method_invocation_get_connection (invocation),
                            g_dbus_method_invocation_get_sender (invocation), NULL, on_caller,
                            call);
  return TRUE;
}

static gboolean
on_failover (UsDBusStream *stream, GDBusMethodInvocation *invocation, const char *why,
             gpointer user_data) {
  UsControlRequest request
      = { .verb = US_CONTROL_FAILOVER, .stream = us_dbus_stream_get_name (stream), .why = why };
  return begin (user_data, invocation, &request);
}

static gboolean
on_switchback (UsDBusStream *stream, GDBusMethodInvocation *invocation, const char *why,
               gpointer user_data) {
  UsControlRequest request
      = { .verb = US_CONTROL_SWITCHBACK, .stream = us_dbus_stream_get_name (stream), .why = why };
  return begin (user_data, invocation, &request);
}

static gboolean
on_force (UsDBusStream *stream, GDBusMethodInvocation *invocation, const char *origin,
          guint seconds, gboolean even_if_failed, const char *why, gpointer user_data) {
  UsControlRequest request = { .verb = US_CONTROL_FAILOVER,
                               .stream = us_dbus_stream_get_name (stream),
                               .origin = origin,
                               .seconds = seconds,
                               .even_if_failed = even_if_failed,
                               .why = why };
  return begin (user_data, invocation, &request);
}

static gboolean
on_hold (UsDBusStream *stream, GDBusMethodInvocation *invocation, guint seconds, const char *why,
         gpointer user_data) {
  UsControlRequest request = { .verb = US_CONTROL_HOLD,
                               .stream = us_dbus_stream_get_name (stream),
                               .seconds = seconds,
                               .why = why };
  return begin (user_data, invocation, &request);
}

static gboolean
on_hold_strictly (UsDBusStream *stream, GDBusMethodInvocation *invocation, guint seconds,
                  const char *why, gpointer user_data) {
  UsControlRequest request = { .verb = US_CONTROL_HOLD,
                               .stream = us_dbus_stream_get_name (stream),
                               .seconds = seconds,
                               .is_strict = TRUE,
                               .why = why };
  return begin (user_data, invocation, &request);
}

static gboolean
on_release (UsDBusStream *stream, GDBusMethodInvocation *invocation, const char *why,
            gpointer user_data) {
  UsControlRequest request
      = { .verb = US_CONTROL_RELEASE, .stream = us_dbus_stream_get_name (stream), .why = why };
  return begin (user_data, invocation, &request);
}

static gboolean
on_drain (UsDBusStream *stream, GDBusMethodInvocation *invocation, const char *origin, gboolean on,
          const char *why, gpointer user_data) {
  UsControlRequest request = { .verb = on ? US_CONTROL_DRAIN : US_CONTROL_UNDRAIN,
                               .stream = us_dbus_stream_get_name (stream),
                               .origin = origin,
                               .why = why };
  return begin (user_data, invocation, &request);
}

static gboolean
on_set_failback (UsDBusStream *stream, GDBusMethodInvocation *invocation, const char *mode,
                 const char *why, gpointer user_data) {
  UsControlRequest request = { .verb = US_CONTROL_FAILBACK,
                               .stream = us_dbus_stream_get_name (stream),
                               .failback = mode,
                               .why = why };
  return begin (user_data, invocation, &request);
}

static gboolean
on_start_drill (UsDBusManager *manager, GDBusMethodInvocation *invocation, const char *name,
                const char *why, gpointer user_data) {
  UsControlRequest request = { .verb = US_CONTROL_DRILL, .drill = name, .why = why };
  return begin (user_data, invocation, &request);
}

static gboolean
on_list_drills (UsDBusManager *manager, GDBusMethodInvocation *invocation, gpointer user_data) {
  UsService *self = user_data;
  const GPtrArray *kinds
      = self->overview.drills != NULL ? us_drills_get_kinds (self->overview.drills) : NULL;
  GVariantBuilder builder;
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(ss)"));
  for (guint i = 0; kinds != NULL && i < kinds->len; i++) {
    const UsDrillKind *kind = g_ptr_array_index (kinds, i);
    g_variant_builder_add (&builder, "(ss)", kind->name, kind->summary);
  }
  us_dbus_manager_complete_list_drills (manager, invocation, g_variant_builder_end (&builder));
  return TRUE;
}

static gboolean
on_get_status (UsDBusManager *manager, GDBusMethodInvocation *invocation, gpointer user_data) {
  UsService *self = user_data;
  g_autofree char *json = us_overview_all (&self->overview);
  us_dbus_manager_complete_get_status (manager, invocation, json);
  return TRUE;
}

/* ---- objects ---- */

static void
connect_methods (UsService *self, UsDBusStream *stream) {
  static const struct {
    const char *signal;
    GCallback handler;
  } methods[] = {
    { "handle-failover", G_CALLBACK (on_failover) },
    { "handle-switchback", G_CALLBACK (on_switchback) },
    { "handle-force", G_CALLBACK (on_force) },
    { "handle-hold", G_CALLBACK (on_hold) },
    { "handle-hold-strictly", G_CALLBACK (on_hold_strictly) },
    { "handle-release", G_CALLBACK (on_release) },
    { "handle-drain", G_CALLBACK (on_drain) },
    { "handle-set-failback", G_CALLBACK (on_set_failback) },
  };
  for (guint i = 0; i < G_N_ELEMENTS (methods); i++)
    g_signal_connect (stream, methods[i].signal, methods[i].handler, self);
}

static Published *
publish (UsService *self, const char *name) {
  Published *published = g_new0 (Published, 1);
  published->name = g_strdup (name);
  published->stream = us_dbus_stream_skeleton_new ();
  us_dbus_stream_set_name (published->stream, name);
  connect_methods (self, published->stream);
  for (guint i = 0; i <= US_N_ORIGINS; i++) {
    g_autofree char *path
        = us_bus_path_of (name, i > 0 ? us_origin_word ((UsOriginId)(i - 1)) : NULL);
    published->objects[i] = us_dbus_object_skeleton_new (path);
  }
  us_dbus_object_skeleton_set_stream (published->objects[0], published->stream);
  for (guint i = 0; i < US_N_ORIGINS; i++) {
    published->origins[i] = us_dbus_origin_skeleton_new ();
    us_dbus_object_skeleton_set_origin (published->objects[1 + i], published->origins[i]);
  }
  g_ptr_array_add (self->streams, published);
  return published;
}

static void
unpublish (UsService *self, Published *published) {
  g_signal_handlers_disconnect_by_data (published->stream, self);
  for (guint i = 0; i < G_N_ELEMENTS (published->objects); i++)
    g_dbus_object_manager_server_unexport (
        self->objects, g_dbus_object_get_object_path (G_DBUS_OBJECT (published->objects[i])));
}

static Published *
find (const UsService *self, const char *name) {
  for (guint i = 0; i < self->streams->len; i++) {
    Published *published = g_ptr_array_index (self->streams, i);
    if (strcmp (published->name, name) == 0)
      return published;
  }
  return NULL;
}

static void
fill_last_switch (UsService *self, Published *published, const UsStreamView *view) {
  const char *who = "", *why = "";
  UsFeedSwitch none = { 0 };
  const UsFeedSwitch *last = view->n_switches > 0 ? &view->switches[view->n_switches - 1] : &none;
  if (view->n_switches > 0)
    us_view_find_author (last, view->name, self->control, &who, &why);
  us_dbus_stream_set_last_switch (
      published->stream, g_variant_new ("(xsssxxss)", last->wall_ms,
                                        view->n_switches > 0 ? us_origin_word (last->from) : "",
                                        view->n_switches > 0 ? us_origin_word (last->to) : "",
                                        view->n_switches > 0 ? us_reason_word (last->reason) : "",
                                        last->gap_ms, last->overlap_ms, who, why));
}

static void
fill_until (UsService *self, Published *published, gint64 until_us) {
  const UsClock *clock = self->overview.access->clock;
  if (until_us == published->until_us)
    return; /* worked out anew it would differ by what the two clocks drift */
  published->until_us = until_us;
  gint64 left_us = until_us - us_clock_monotonic_us (clock);
  us_dbus_stream_set_until (published->stream,
                            until_us > 0 ? (us_clock_wall_us (clock) + left_us) / 1000 : 0);
}

static void
fill (UsService *self, Published *published, const UsFeed *feed) {
  gint64 now_us = us_clock_monotonic_us (self->overview.access->clock);
  UsDBusStream *stream = published->stream;
  g_auto (UsStreamView) view = { 0 };
  us_stream_view_read (&view, feed, self->overview.access);
  us_dbus_stream_set_served (stream, view.is_served);
  us_dbus_stream_set_active (stream, us_origin_word (view.active));
  us_dbus_stream_set_home (stream, view.has_home ? us_origin_word (view.home) : "");
  us_dbus_stream_set_pair (stream, us_pair_kind_word (view.pair));
  us_dbus_stream_set_pair_reason (stream, view.pair_reason);
  us_dbus_stream_set_mode (stream, us_policy_mode_word (view.mode));
  us_dbus_stream_set_strict (stream, view.is_strict);
  us_dbus_stream_set_failback (stream, us_failback_word (view.failback));
  us_dbus_stream_set_failovers (stream, view.n_failovers);
  us_dbus_stream_set_switchbacks (stream, view.n_switchbacks);
  fill_until (self, published, view.until_us);
  fill_last_switch (self, published, &view);
  for (guint i = 0; i < US_N_ORIGINS; i++) {
    const UsOriginView *origin = &view.origins[i];
    UsDBusOrigin *object = published->origins[i];
    us_dbus_origin_set_state (object, us_origin_state_word (origin->state));
    us_dbus_origin_set_reason (object, us_reason_word (origin->reason));
    us_dbus_origin_set_active (object, origin->is_active);
    us_dbus_origin_set_drained (object, origin->is_drained);
    us_dbus_origin_set_url (object, origin->url);
    us_dbus_origin_set_newest_segment (object, origin->has_newest ? origin->newest : 0);
    us_dbus_origin_set_age_ms (
        object, origin->advanced_us > 0 ? (now_us - origin->advanced_us) / 1000 : -1);
  }
}

/**
 * us_service_refresh:
 *
 * Brings objects and properties up to date; what has changed is signalled.
 */
void
us_service_refresh (UsService *self) {
  if (self->connection == NULL)
    return;
  for (guint i = 0; i < self->streams->len; i++)
    ((Published *)g_ptr_array_index (self->streams, i))->is_seen = FALSE;
  for (guint i = 0; i < self->overview.feeds->len; i++) {
    const UsFeed *feed = g_ptr_array_index (self->overview.feeds, i);
    Published *published = find (self, us_feed_get_name (feed));
    gboolean is_new = published == NULL;
    if (is_new)
      published = publish (self, us_feed_get_name (feed));
    published->is_seen = TRUE;
    fill (self, published, feed);
    for (guint k = 0; is_new && k < G_N_ELEMENTS (published->objects); k++)
      g_dbus_object_manager_server_export (self->objects,
                                           G_DBUS_OBJECT_SKELETON (published->objects[k]));
  }
  for (guint i = self->streams->len; i > 0; i--) {
    Published *published = g_ptr_array_index (self->streams, i - 1);
    if (published->is_seen)
      continue;
    unpublish (self, published);
    g_ptr_array_remove_index (self->streams, i - 1);
  }
}

/**
 * us_service_tell_switch:
 * @stream: its name
 * @change: what happened
 */
void
us_service_tell_switch (UsService *self, const char *stream, const UsFeedSwitch *change) {
  const char *who, *why;
  us_service_refresh (self);
  Published *published = find (self, stream);
  if (self->connection == NULL || published == NULL)
    return;
  us_view_find_author (change, stream, self->control, &who, &why);
  us_dbus_stream_emit_switched (published->stream, us_origin_word (change->from),
                                us_origin_word (change->to), us_reason_word (change->reason),
                                change->gap_ms, change->overlap_ms, who, why);
}

/**
 * us_service_tell_drill:
 * @drill: that has begun or ended
 */
void
us_service_tell_drill (UsService *self, const UsDrill *drill) {
  gboolean has_ended = drill->ended_ms > 0;
  us_dbus_manager_set_active_drill (self->manager, has_ended ? "" : drill->id);
  if (has_ended && self->connection != NULL)
    us_dbus_manager_emit_drill_finished (self->manager, drill->id, drill->has_passed,
                                         drill->evidence);
}

/* ---- the bus ---- */

static gboolean
on_refresh (gpointer user_data) {
  us_service_refresh (user_data);
  return G_SOURCE_CONTINUE;
}

static void
withdraw (UsService *self) {
  us_timer_stop (&self->refresh);
  for (guint i = 0; i < self->streams->len; i++)
    unpublish (self, g_ptr_array_index (self->streams, i));
  g_ptr_array_set_size (self->streams, 0);
  g_dbus_object_manager_server_set_connection (self->objects, NULL);
  g_clear_object (&self->connection);
}

static void
on_connected (GDBusConnection *connection, gpointer user_data) {
  UsService *self = user_data;
  self->connection = g_object_ref (connection);
  us_service_refresh (self);
  g_dbus_object_manager_server_set_connection (self->objects, connection);
  us_timer_start (&self->refresh, REFRESH_MS, "service-refresh", on_refresh, self);
}

static void
on_lost (const GError *error, gpointer user_data) {
  UsService *self = user_data;
  us_event (US_LOG_WARNING, US_EVENT_BUS, "the %s bus is gone (%s); viewers are served as before",
            us_bus_choice_word (self->found), error != NULL ? error->message : "closed");
  withdraw (self);
}

static void
on_name (gboolean is_ours, gpointer user_data) {
  UsService *self = user_data;
  const char *bus = us_bus_choice_word (self->found);
  if (is_ours)
    us_event (US_LOG_INFO, US_EVENT_BUS, "on the %s bus as " US_BUS_NAME, bus);
  else
    us_event (self->is_wanted ? US_LOG_WARNING : US_LOG_NOTICE, US_EVENT_BUS,
              US_BUS_NAME " on the %s bus is taken by another process, or its policy does not let "
                          "us have it; control over HTTP is there as ever",
              bus);
}

static void
on_no_bus (const GError *error, gpointer user_data) {
  UsService *self = user_data;
  us_event (self->is_wanted ? US_LOG_WARNING : US_LOG_INFO, US_EVENT_BUS,
            "the %s bus cannot be reached, and is tried again: %s",
            us_bus_choice_word (self->found), error->message);
}

/**
 * us_service_start:
 * @choice: the setting
 * @surroundings: what the environment says of buses
 * @viewer_address: "http://localhost:8080"
 *
 * Returns: whether there is a bus to try; never an error
 */
gboolean
us_service_start (UsService *self, UsBusChoice choice, const UsBusSurroundings *surroundings,
                  const char *viewer_address) {
  static const UsBusLinkHandler handler
      = { .connected = on_connected, .lost = on_lost, .owned = on_name, .failed = on_no_bus };
  g_autofree char *address = us_bus_find_address (choice, surroundings, &self->found);
  self->is_wanted = choice == US_BUS_SESSION || choice == US_BUS_SYSTEM;
  if (address == NULL) {
    if (self->is_wanted)
      us_event (US_LOG_WARNING, US_EVENT_BUS, "there is no %s bus to be on",
                us_bus_choice_word (choice));
    return FALSE;
  }
  us_dbus_manager_set_address (self->manager, viewer_address);
  self->link = us_bus_link_new (address, US_BUS_NAME, &handler, self);
  return TRUE;
}

/**
 * us_service_new:
 * @control: carries the commands out
 * @overview: copied; what is told of
 *
 * Returns: (transfer full): a service that is on no bus yet
 */
UsService *
us_service_new (UsControl *control, const UsOverview *overview) {
  UsService *self = g_new0 (UsService, 1);
  self->control = control;
  self->overview = *overview;
  self->found = US_BUS_NONE;
  self->streams = g_ptr_array_new_with_free_func (published_free);
  self->calls = g_ptr_array_new ();
  self->objects = g_dbus_object_manager_server_new (US_BUS_PATH);
  self->manager = us_dbus_manager_skeleton_new ();
  us_dbus_manager_set_version (self->manager, US_VERSION);
  us_dbus_manager_set_active_drill (self->manager, "");
  g_signal_connect (self->manager, "handle-start-drill", G_CALLBACK (on_start_drill), self);
  g_signal_connect (self->manager, "handle-list-drills", G_CALLBACK (on_list_drills), self);
  g_signal_connect (self->manager, "handle-get-status", G_CALLBACK (on_get_status), self);
  g_autoptr (UsDBusObjectSkeleton) object = us_dbus_object_skeleton_new (US_BUS_PATH "/manager");
  us_dbus_object_skeleton_set_manager (object, self->manager);
  g_dbus_object_manager_server_export (self->objects, G_DBUS_OBJECT_SKELETON (object));
  return self;
}

void
us_service_free (UsService *self) {
  for (guint i = 0; i < self->calls->len; i++)
    ((Call *)g_ptr_array_index (self->calls, i))->service = NULL;
  g_signal_handlers_disconnect_by_data (self->manager, self);
  withdraw (self);
  g_clear_pointer (&self->link, us_bus_link_free);
  g_ptr_array_unref (self->streams);
  g_ptr_array_unref (self->calls);
  g_clear_object (&self->objects);
  g_clear_object (&self->manager);
  g_free (self);
}
