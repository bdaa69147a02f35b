/* notifications.c - what a person at the desktop is told, and when
 *
 * Pure: events of the desk in, notifications out. Owned by the application. Told are incidents that
 * open, get worse, open again and are resolved, and changes of sides; the rest can be read in the
 * web interface. Nobody is flooded: whatever happens to one incident, or to the sides of one
 * stream, replaces what was shown of it, and not more often than every ten seconds; the last word
 * always comes through. Text is made of what peers have sent, so it is bounded, and nothing in it
 * can be taken for markup.
 */
#include "desktop/notifications.h"

#include <string.h>

#define MAX_TITLE 120 /* characters */
#define MAX_BODY 400
#define INCIDENT_PREFIX "incident-"
#define SWITCH_PREFIX "switch-"
#define OWN_PREFIX "own-" /* how the desk calls the streams of our own chain */

/* Entry: an incident, or the sides of a stream. */
typedef struct {
  char *told; /* nullable: what of it was told last; equal things are not told again */
  gint64 told_us;
  UsNotification *waiting; /* nullable: comes when the gap is over */
  gboolean is_shown;
  guint n_switches;
  gint64 first_us, last_us; /* of these */
} Entry;

struct UsNotifications {
  GHashTable *entries; /* id of the notification -> Entry */
};

static void
entry_free (gpointer data) {
  Entry *entry = data;
  g_clear_pointer (&entry->waiting, us_notification_free);
  g_free (entry->told);
  g_free (entry);
}

/* ---- one of them ---- */

/* Notification servers may read markup; a look-alike never means any. */
static char *
make_plain (const char *text, guint max) {
  g_autofree char *valid = g_utf8_make_valid (text != NULL ? text : "", -1);
  GString *plain = g_string_new (NULL);
  guint n = 0;
  for (const char *p = valid; *p != '\0' && n < max; p = g_utf8_next_char (p), n++) {
    gunichar c = g_utf8_get_char (p);
    if (c == '<')
      c = 0x2039;
    else if (c == '>')
      c = 0x203a;
    else if (c == '&')
      c = 0xff06;
    else if (!g_unichar_isprint (c))
      c = ' ';
    g_string_append_unichar (plain, c);
    if (n + 1 == max)
      g_string_append (plain, "\xe2\x80\xa6");
  }
  return g_string_free (plain, FALSE);
}

/**
 * us_notification_new:
 * @id: of what it is about
 * @title: anything; is made plain, as @body
 *
 * Returns: (transfer full): one that opens the list of all streams
 */
UsNotification *
us_notification_new (const char *id, UsUrgency urgency, const char *title, const char *body) {
  UsNotification *self = g_new0 (UsNotification, 1);
  self->id = g_strdup (id);
  self->urgency = urgency;
  self->title = make_plain (title, MAX_TITLE);
  self->body = make_plain (body, MAX_BODY);
  return self;
}

/* @line: of our own making */
static void
add_line (UsNotification *self, const char *line) {
  g_autofree char *before = g_steal_pointer (&self->body);
  self->body = g_strconcat (before, "\n", line, NULL);
}

static UsNotification *
withdrawal_new (const char *id) {
  UsNotification *self = g_new0 (UsNotification, 1);
  self->id = g_strdup (id);
  self->is_withdrawn = TRUE;
  return self;
}

/**
 * us_notification_free:
 * @notification: (transfer full)
 */
void
us_notification_free (UsNotification *self) {
  g_free (self->id);
  g_free (self->title);
  g_free (self->body);
  g_free (self->incident);
  g_free (self->stream);
  g_free (self);
}

/* ---- what is remembered ---- */

/**
 * us_notifications_new:
 *
 * Returns: (transfer full): nothing has been told
 */
UsNotifications *
us_notifications_new (void) {
  UsNotifications *self = g_new0 (UsNotifications, 1);
  self->entries = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, entry_free);
  return self;
}

/**
 * us_notifications_free:
 * @notifications: (transfer full)
 */
void
us_notifications_free (UsNotifications *self) {
  g_hash_table_unref (self->entries);
  g_free (self);
}

static void
forget_oldest (UsNotifications *self) {
  GHashTableIter iter;
  gpointer key, value;
  const char *oldest = NULL;
  gint64 oldest_us = G_MAXINT64;
  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, &key, &value)) {
    const Entry *entry = value;
    gint64 at_us = MAX (entry->told_us, entry->last_us);
    if (at_us < oldest_us) {
      oldest_us = at_us;
      oldest = key;
    }
  }
  g_hash_table_remove (self->entries, oldest);
}

static Entry *
find_entry (UsNotifications *self, const char *id, gboolean is_made) {
  Entry *entry = g_hash_table_lookup (self->entries, id);
  if (entry != NULL || !is_made)
    return entry;
  if (g_hash_table_size (self->entries) >= US_NOTIFICATIONS_MAX)
    forget_oldest (self);
  entry = g_new0 (Entry, 1);
  g_hash_table_insert (self->entries, g_strdup (id), entry);
  return entry;
}

/* Now, or when the gap since the last one is over. */
static UsNotification *
show_or_wait (Entry *entry, UsNotification *notification, gint64 now_us) {
  g_clear_pointer (&entry->waiting, us_notification_free);
  if (entry->told_us != 0 && now_us - entry->told_us < US_NOTIFICATIONS_GAP_US) {
    entry->waiting = notification;
    return NULL;
  }
  entry->told_us = now_us;
  entry->is_shown = TRUE;
  return notification;
}

static UsNotification *
withdraw (Entry *entry, const char *id) {
  gboolean was_shown = entry->is_shown;
  g_clear_pointer (&entry->waiting, us_notification_free);
  entry->is_shown = FALSE;
  return was_shown ? withdrawal_new (id) : NULL;
}

/* ---- events ---- */

static JsonObject *
object_of (JsonNode *node) {
  return node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

static JsonObject *
member_of (JsonObject *object, const char *name) {
  return object_of (json_object_get_member (object, name));
}

/* Of another version, or of nobody: whatever is not as expected is as if it was not there. */
static const char *
text_of (JsonObject *object, const char *name, const char *otherwise) {
  JsonNode *node = json_object_get_member (object, name);
  const char *text = node != NULL && JSON_NODE_HOLDS_VALUE (node)
                             && json_node_get_value_type (node) == G_TYPE_STRING
                         ? json_node_get_string (node)
                         : NULL;
  return text != NULL && *text != '\0' ? text : otherwise;
}

static double
number_of (JsonObject *object, const char *name) {
  JsonNode *node = json_object_get_member (object, name);
  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node)
      || json_node_get_value_type (node) == G_TYPE_STRING)
    return 0;
  return json_node_get_double (node);
}

static gboolean
flag_of (JsonObject *object, const char *name) {
  JsonNode *node = json_object_get_member (object, name);
  return node != NULL && JSON_NODE_HOLDS_VALUE (node)
         && json_node_get_value_type (node) == G_TYPE_BOOLEAN && json_node_get_boolean (node);
}

static char *
say_time (double s) {
  if (s < 100)
    return g_strdup_printf ("%d s", (int)s);
  if (s < 100 * 60)
    return g_strdup_printf ("%d min", (int)(s / 60 + 0.5));
  return g_strdup_printf ("%d h", (int)(MIN (s, 1e9) / 3600 + 0.5));
}

static const char *
name_of (JsonObject *incident) {
  return text_of (incident, "stream_name", text_of (incident, "stream_id", "A stream"));
}

static UsNotification *
incident_opens (Entry *entry, const char *id, JsonObject *incident, gint64 now_us) {
  guint n_reopened = (guint)CLAMP (number_of (incident, "reopened_count"), 0, 1e6);
  const char *state = text_of (incident, "state", "UNHEALTHY");
  const char *reason = text_of (incident, "reason", "no reason is known");
  gboolean is_urgent = strcmp (state, "UNHEALTHY") == 0;
  g_autofree char *told = g_strdup_printf ("%s %u", state, n_reopened);
  g_autofree char *title = g_strdup_printf ("%s: %s", name_of (incident), state);
  if (entry->told != NULL && strcmp (entry->told, told) == 0)
    return NULL;
  g_free (entry->told);
  entry->told = g_steal_pointer (&told);
  UsNotification *notification
      = us_notification_new (id, is_urgent ? US_URGENCY_URGENT : US_URGENCY_HIGH, title, reason);
  notification->incident = g_strdup (id + strlen (INCIDENT_PREFIX));
  notification->can_acknowledge = TRUE;
  if (n_reopened > 0) {
    g_autofree char *line
        = g_strdup_printf ("It came back %u time%s.%s", n_reopened, n_reopened == 1 ? "" : "s",
                           flag_of (incident, "is_flapping") ? " It is flapping." : "");
    add_line (notification, line);
  }
  return show_or_wait (entry, notification, now_us);
}

/* Of one that nobody here was told of, nobody needs to know that it is over. */
static UsNotification *
incident_resolves (Entry *entry, const char *id, JsonObject *incident, gint64 now_us) {
  if (entry->told == NULL || strcmp (entry->told, "resolved") == 0)
    return NULL;
  g_autofree char *lasted = say_time (number_of (incident, "duration_s"));
  g_autofree char *title = g_strdup_printf ("%s: resolved", name_of (incident));
  g_autofree char *line = g_strdup_printf ("It lasted %s.", lasted);
  g_free (entry->told);
  entry->told = g_strdup ("resolved");
  UsNotification *notification = us_notification_new (
      id, US_URGENCY_NORMAL, title, text_of (incident, "reason", "no reason is known"));
  add_line (notification, line);
  notification->incident = g_strdup (id + strlen (INCIDENT_PREFIX));
  return show_or_wait (entry, notification, now_us);
}

/* One that somebody looks after gets no worse for people. */
static gboolean
is_worse (const Entry *entry, const char *change, JsonObject *incident) {
  return (strcmp (change, "changed") == 0 || strcmp (change, "relapsed") == 0)
         && entry->told != NULL && g_str_has_prefix (entry->told, "DEGRADED")
         && strcmp (text_of (incident, "state", ""), "UNHEALTHY") == 0
         && text_of (incident, "acknowledged_at", NULL) == NULL;
}

static UsNotification *
take_incident (UsNotifications *self, const char *change, JsonObject *incident, gint64 now_us) {
  const char *incident_id = text_of (incident, "id", NULL);
  if (incident_id == NULL)
    return NULL;
  g_autofree char *id = g_strconcat (INCIDENT_PREFIX, incident_id, NULL);
  gboolean is_acknowledged = strcmp (change, "acknowledged") == 0;
  gboolean is_opening = strcmp (change, "opened") == 0 || strcmp (change, "reopened") == 0;
  Entry *entry = find_entry (self, id, is_opening);
  if (entry == NULL)
    return NULL;
  if (is_opening || is_worse (entry, change, incident))
    return incident_opens (entry, id, incident, now_us);
  if (strcmp (change, "resolved") == 0)
    return incident_resolves (entry, id, incident, now_us);
  return is_acknowledged ? withdraw (entry, id) : NULL;
}

/* Many changes in a row are one notification with their number. */
static UsNotification *
take_switch (UsNotifications *self, JsonObject *event, gint64 now_us) {
  const char *stream = text_of (event, "stream_id", NULL);
  JsonObject *metadata = member_of (event, "metadata");
  if (stream == NULL || metadata == NULL)
    return NULL;
  g_autofree char *id = g_strconcat (SWITCH_PREFIX, stream, NULL);
  Entry *entry = find_entry (self, id, TRUE);
  if (entry->n_switches == 0 || now_us - entry->last_us > US_NOTIFICATIONS_CALM_US) {
    entry->n_switches = 0;
    entry->first_us = now_us;
  }
  entry->n_switches++;
  entry->last_us = now_us;

  const char *name = g_str_has_prefix (stream, OWN_PREFIX) ? stream + strlen (OWN_PREFIX) : stream;
  const char *to = text_of (metadata, "to", "the other origin");
  gboolean is_info = strcmp (text_of (event, "severity", "info"), "info") == 0;
  g_autofree char *since = say_time ((double)(now_us - entry->first_us) / G_USEC_PER_SEC);
  g_autofree char *title = entry->n_switches == 1
                               ? g_strdup_printf ("%s: viewers get the %s", name, to)
                               : g_strdup_printf ("%s: %u changes of sides in %s, now the %s", name,
                                                  entry->n_switches, since, to);
  UsNotification *notification = us_notification_new (
      id, is_info ? US_URGENCY_NORMAL : US_URGENCY_HIGH, title, text_of (event, "message", ""));
  notification->stream = g_strdup (stream);
  return show_or_wait (entry, notification, now_us);
}

/**
 * us_notifications_take:
 * @kind: of the event, as /api/events names it
 * @data: what is in it
 * @now_us: monotonic
 */
UsNotification *
us_notifications_take (UsNotifications *self, const char *kind, JsonNode *data, gint64 now_us) {
  JsonObject *object = object_of (data);
  if (object == NULL)
    return NULL;
  if (strcmp (kind, "incident") == 0) {
    JsonObject *incident = member_of (object, "incident");
    return incident != NULL ? take_incident (self, text_of (object, "change", ""), incident, now_us)
                            : NULL;
  }
  if (strcmp (kind, "event") == 0 && strcmp (text_of (object, "event_type", ""), "switch") == 0)
    return take_switch (self, object, now_us);
  return NULL;
}

/* ---- later ---- */

/**
 * us_notifications_get_due_us:
 *
 * Returns: when us_notifications_take_due() has something, -1: never
 */
gint64
us_notifications_get_due_us (UsNotifications *self) {
  GHashTableIter iter;
  gpointer value;
  gint64 due_us = -1;
  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    const Entry *entry = value;
    gint64 at_us = entry->told_us + US_NOTIFICATIONS_GAP_US;
    if (entry->waiting != NULL && (due_us < 0 || at_us < due_us))
      due_us = at_us;
  }
  return due_us;
}

/**
 * us_notifications_take_due:
 * @now_us: monotonic
 *
 * To be asked until there is nothing more.
 */
UsNotification *
us_notifications_take_due (UsNotifications *self, gint64 now_us) {
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    Entry *entry = value;
    if (entry->waiting != NULL && now_us - entry->told_us >= US_NOTIFICATIONS_GAP_US)
      return show_or_wait (entry, g_steal_pointer (&entry->waiting), now_us);
  }
  return NULL;
}

/* ---- after a while away ---- */

static JsonObject *
find_incident (JsonArray *list, const char *incident_id) {
  for (guint i = 0; i < json_array_get_length (list); i++) {
    JsonObject *incident = object_of (json_array_get_element (list, i));
    if (incident != NULL && strcmp (text_of (incident, "id", ""), incident_id) == 0)
      return incident;
  }
  return NULL;
}

/* What is shown as open and is not in @list was resolved while nobody listened. */
static void
withdraw_all_but (UsNotifications *self, JsonArray *list, GPtrArray *taken) {
  GHashTableIter iter;
  gpointer key, value;
  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, &key, &value)) {
    Entry *entry = value;
    const char *id = key;
    if (!g_str_has_prefix (id, INCIDENT_PREFIX) || entry->told == NULL
        || strcmp (entry->told, "resolved") == 0
        || find_incident (list, id + strlen (INCIDENT_PREFIX)) != NULL)
      continue;
    g_free (entry->told);
    entry->told = g_strdup ("resolved");
    UsNotification *notification = withdraw (entry, id);
    if (notification != NULL)
      g_ptr_array_add (taken, notification);
  }
}

/**
 * us_notifications_take_list:
 * @incidents: the active ones, as /api/incidents lists them
 * @now_us: monotonic
 *
 * After a connection was made: what is not known yet is told, what is no longer true withdrawn. Of
 * a list that is longer than what is taken nobody knows what it lacks, and nothing is withdrawn.
 */
GPtrArray *
us_notifications_take_list (UsNotifications *self, JsonNode *incidents, gint64 now_us) {
  GPtrArray *taken = g_ptr_array_new_with_free_func ((GDestroyNotify)us_notification_free);
  if (incidents == NULL || !JSON_NODE_HOLDS_ARRAY (incidents))
    return taken;
  JsonArray *list = json_node_get_array (incidents);
  guint n = json_array_get_length (list);
  for (guint i = MIN (n, US_NOTIFICATIONS_MAX_LISTED); i > 0; i--) { /* they come newest first */
    JsonObject *incident = object_of (json_array_get_element (list, i - 1));
    if (incident == NULL)
      continue;
    gboolean is_acknowledged = text_of (incident, "acknowledged_at", NULL) != NULL;
    UsNotification *notification
        = take_incident (self, is_acknowledged ? "acknowledged" : "opened", incident, now_us);
    if (notification != NULL)
      g_ptr_array_add (taken, notification);
  }
  if (n < US_NOTIFICATIONS_MAX_LISTED)
    withdraw_all_but (self, list, taken);
  return taken;
}
