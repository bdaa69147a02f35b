/* control.c - the one place where an operator's command is checked, carried out and put on record
 *
 * Owned by the UsSwitcher, on the main loop. Whatever door a command came through, it ends here
 * as the same request, meets the same checks and leaves the same log line with who, why and via;
 * also when it is refused. A command for all streams is tried on copies of their policies first,
 * so that it is carried out for all of them or for none. Ends with us_control_free().
 */
#include "switcher/control.h"

#include <string.h>

#define US_LOG_TOPIC "switcher.control"
#include "base/log.h"
#include "base/names.h"
#include "base/text.h"

struct UsControl {
  UsControlHost host;
  const UsClock *clock;
  gpointer user_data;
  GPtrArray *entries; /* UsControlEntry, oldest first */
  guint64 last_id;
};

G_DEFINE_QUARK (us_control_error, us_control_error)

static const char *const verb_words[US_N_CONTROL_VERBS]
    = { "failover", "switchback", "hold", "release", "drain", "undrain", "failback", "drill" };

const char *
us_control_verb_word (UsControlVerb verb) {
  g_return_val_if_fail (verb < US_N_CONTROL_VERBS, "");
  return verb_words[verb];
}

/**
 * us_control_verb_from_word:
 *
 * Returns: whether there is such a verb, and @verb was set
 */
gboolean
us_control_verb_from_word (const char *word, UsControlVerb *verb) {
  for (guint i = 0; i < US_N_CONTROL_VERBS; i++) {
    if (strcmp (word, verb_words[i]) == 0) {
      *verb = (UsControlVerb)i;
      return TRUE;
    }
  }
  return FALSE;
}

static void
entry_free (gpointer data) {
  UsControlEntry *entry = data;
  g_free (entry->stream);
  g_free (entry->what);
  g_free (entry->who);
  g_free (entry->why);
  g_free (entry->via);
  g_free (entry->refusal);
  g_free (entry);
}

/* ---- checks ---- */

static gboolean
check_why (const char *why, GError **error) {
  if (why == NULL || why[0] == '\0')
    return TRUE;
  g_autofree char *clean
      = g_utf8_validate (why, -1, NULL) ? us_text_clean (why, US_CONTROL_MAX_WHY) : NULL;
  if (clean != NULL && strcmp (clean, why) == 0)
    return TRUE;
  g_set_error (error, US_CONTROL_ERROR, US_CONTROL_ERROR_VALUE,
               "why: expected one line of at most %d characters", US_CONTROL_MAX_WHY);
  return FALSE;
}

static gboolean
check_seconds (gint64 seconds, GError **error) {
  if (seconds >= 0 && seconds <= US_CONTROL_MAX_SECONDS)
    return TRUE;
  g_set_error (error, US_CONTROL_ERROR, US_CONTROL_ERROR_VALUE,
               "seconds: %" G_GINT64_FORMAT " is not 0 to %d; 0 means until released", seconds,
               US_CONTROL_MAX_SECONDS);
  return FALSE;
}

static gboolean
check_origin (const UsControlRequest *request, UsOriginId *origin, GError **error) {
  *origin = US_ORIGIN_BACKUP;
  if (request->origin == NULL && request->verb == US_CONTROL_FAILOVER)
    return TRUE;
  for (guint i = 0; request->origin != NULL && i < US_N_ORIGINS; i++) {
    if (strcmp (request->origin, us_origin_word ((UsOriginId)i)) == 0) {
      *origin = (UsOriginId)i;
      return TRUE;
    }
  }
  g_autofree char *clean = us_text_clean (request->origin, 60);
  g_set_error (error, US_CONTROL_ERROR, US_CONTROL_ERROR_NO_ORIGIN,
               "origin: \"%s\" is not primary or backup", clean);
  return FALSE;
}

static gboolean
check_failback (const char *word, UsFailback *failback, GError **error) {
  if (us_failback_from_word (word, failback))
    return TRUE;
  g_autofree char *clean = us_text_clean (word, 60);
  g_set_error (error, US_CONTROL_ERROR, US_CONTROL_ERROR_VALUE,
               "mode: \"%s\" is not auto or sticky", clean);
  return FALSE;
}

/* A request with its words understood. */
typedef struct {
  UsOriginId origin;
  UsFailback failback;
  gint64 until_us; /* 0: none */
} Order;

static gboolean
check (const UsControl *self, const UsControlRequest *request, Order *order, GError **error) {
  *order = (Order){ 0 };
  if (!check_why (request->why, error))
    return FALSE;
  switch (request->verb) {
  case US_CONTROL_FAILOVER:
  case US_CONTROL_HOLD:
    if (!check_seconds (request->seconds, error))
      return FALSE;
    if (request->seconds > 0)
      order->until_us = us_clock_monotonic_us (self->clock) + request->seconds * G_TIME_SPAN_SECOND;
    return request->verb == US_CONTROL_HOLD || check_origin (request, &order->origin, error);
  case US_CONTROL_DRAIN:
  case US_CONTROL_UNDRAIN:
    return check_origin (request, &order->origin, error);
  case US_CONTROL_FAILBACK:
    return check_failback (request->failback, &order->failback, error);
  case US_CONTROL_SWITCHBACK:
  case US_CONTROL_RELEASE:
  case US_CONTROL_DRILL:
    return TRUE;
  case US_N_CONTROL_VERBS:
  default:
    g_set_error (error, US_CONTROL_ERROR, US_CONTROL_ERROR_VALUE, "no such command");
    return FALSE;
  }
}

/* ---- carrying out ---- */

static gboolean
apply (UsPolicy *policy, const UsControlRequest *request, const Order *order, GError **error) {
  switch (request->verb) {
  case US_CONTROL_FAILOVER:
    return us_policy_force (policy, order->origin, request->even_if_failed, order->until_us, error);
  case US_CONTROL_SWITCHBACK:
    return us_policy_switch_back (policy, error);
  case US_CONTROL_HOLD:
    us_policy_hold (policy, request->is_strict, order->until_us);
    return TRUE;
  case US_CONTROL_RELEASE:
    us_policy_release (policy);
    return TRUE;
  case US_CONTROL_DRAIN:
  case US_CONTROL_UNDRAIN:
    return us_policy_drain (policy, order->origin, request->verb == US_CONTROL_DRAIN, error);
  case US_CONTROL_FAILBACK:
    us_policy_set_failback (policy, order->failback);
    return TRUE;
  case US_CONTROL_DRILL:
  case US_N_CONTROL_VERBS:
  default:
    return TRUE;
  }
}

static gboolean
is_meant (const UsControl *self, const UsControlRequest *request, guint index) {
  return request->stream == NULL
         || strcmp (request->stream, self->host.get_name (index, self->user_data)) == 0;
}

/* On a copy: whether it would be possible. */
static gboolean
try_all (const UsControl *self, const UsControlRequest *request, const Order *order,
         GError **error) {
  guint n = self->host.get_n_streams (self->user_data);
  guint n_meant = 0;
  for (guint i = 0; i < n; i++) {
    g_autoptr (GError) local = NULL;
    if (!is_meant (self, request, i))
      continue;
    UsPolicy copy = *self->host.get_policy (i, self->user_data);
    n_meant++;
    if (!apply (&copy, request, order, &local)) {
      g_set_error (error, US_CONTROL_ERROR, US_CONTROL_ERROR_NOT_NOW, "%s: %s",
                   self->host.get_name (i, self->user_data), local->message);
      return FALSE;
    }
  }
  if (n_meant > 0 || request->stream == NULL)
    return TRUE;
  g_autofree char *clean = us_text_clean (request->stream, 64);
  g_set_error (error, US_CONTROL_ERROR, US_CONTROL_ERROR_NO_STREAM, "stream \"%s\" is not followed",
               clean);
  return FALSE;
}

static void
apply_all (UsControl *self, const UsControlRequest *request, const Order *order) {
  guint n = self->host.get_n_streams (self->user_data);
  for (guint i = 0; i < n; i++) {
    g_autoptr (GError) error = NULL;
    if (!is_meant (self, request, i))
      continue;
    if (!apply (self->host.get_policy (i, self->user_data), request, order, &error))
      us_warning ("%s", error->message); /* not reached: it was tried */
    self->host.wake (i, request->who, request->why, self->user_data);
  }
}

static gboolean
start_drill (UsControl *self, const UsControlRequest *request, char **drill_id, GError **error) {
  if (self->host.start_drill == NULL) {
    g_set_error (error, US_CONTROL_ERROR, US_CONTROL_ERROR_NOT_NOW, "this switcher has no drills");
    return FALSE;
  }
  g_autofree char *id = self->host.start_drill (request->drill, self->user_data, error);
  if (id == NULL)
    return FALSE;
  if (drill_id != NULL)
    *drill_id = g_steal_pointer (&id);
  return TRUE;
}

/* ---- the record ---- */

static char *
describe (const UsControlRequest *request) {
  g_autofree char *stream = us_text_clean (request->stream, 64);
  g_autofree char *origin = us_text_clean (request->origin, 20);
  GString *text = g_string_new (request->verb == US_CONTROL_DRILL ? "" : stream);
  if (request->stream == NULL && request->verb != US_CONTROL_DRILL)
    g_string_append (text, "all streams");
  g_string_append_printf (text, "%s%s", text->len > 0 ? ": " : "",
                          us_control_verb_word (request->verb));
  if (request->verb == US_CONTROL_FAILOVER)
    g_string_append_printf (text, " to %s%s", request->origin != NULL ? origin : "backup",
                            request->even_if_failed ? " even if failed" : "");
  if (request->verb == US_CONTROL_DRAIN || request->verb == US_CONTROL_UNDRAIN)
    g_string_append_printf (text, " %s", origin);
  if (request->verb == US_CONTROL_HOLD && request->is_strict)
    g_string_append (text, " strictly");
  if (request->verb == US_CONTROL_FAILBACK || request->verb == US_CONTROL_DRILL) {
    g_autofree char *word = us_text_clean (
        request->verb == US_CONTROL_DRILL ? request->drill : request->failback, 40);
    g_string_append_printf (text, " %s", word);
  }
  if (request->seconds != 0)
    g_string_append_printf (text, " for %" G_GINT64_FORMAT " s", request->seconds);
  return g_string_free (text, FALSE);
}

static void
record (UsControl *self, const UsControlRequest *request, const GError *error) {
  UsControlEntry *entry = g_new0 (UsControlEntry, 1);
  entry->id = ++self->last_id;
  entry->wall_ms = us_clock_wall_us (self->clock) / 1000;
  entry->verb = request->verb;
  entry->stream
      = request->stream != NULL ? us_text_clean (request->stream, US_CONTROL_MAX_WHO) : NULL;
  entry->what = describe (request);
  entry->who = us_text_clean (request->who, US_CONTROL_MAX_WHO);
  entry->why = us_text_clean (request->why, US_CONTROL_MAX_WHY);
  entry->via = g_strdup (request->via);
  entry->refusal = error != NULL ? g_strdup (error->message) : NULL;
  g_ptr_array_add (self->entries, entry);
  if (self->entries->len > US_CONTROL_N_ENTRIES)
    g_ptr_array_remove_index (self->entries, 0);

  const char *why = entry->why[0] != '\0' ? entry->why : "no reason given";
  if (error == NULL)
    us_event (US_LOG_NOTICE, US_EVENT_CONTROL, "%s, by %s via %s: %s", entry->what, entry->who,
              entry->via, why);
  else
    us_event (US_LOG_WARNING, US_EVENT_CONTROL_REFUSED, "%s, by %s via %s (%s), refused: %s",
              entry->what, entry->who, entry->via, why, entry->refusal);
}

/**
 * us_control_execute:
 * @request: what, for which stream, and who wants it
 * @drill_id: (out) (optional) (transfer full): of the drill that was started
 * @error: US_CONTROL_ERROR
 *
 * Returns: whether it was carried out: an order stands, and what follows from it at once has
 *   happened
 */
gboolean
us_control_execute (UsControl *self, const UsControlRequest *request, char **drill_id,
                    GError **error) {
  g_autoptr (GError) local = NULL;
  Order order;
  gboolean is_done = check (self, request, &order, &local);
  if (is_done && request->verb == US_CONTROL_DRILL)
    is_done = start_drill (self, request, drill_id, &local);
  else if (is_done)
    is_done = try_all (self, request, &order, &local);
  record (self, request, local); /* before what it causes */
  if (is_done && request->verb != US_CONTROL_DRILL)
    apply_all (self, request, &order);
  if (!is_done)
    g_propagate_error (error, g_steal_pointer (&local));
  return is_done;
}

guint
us_control_get_n_entries (const UsControl *self) {
  return self->entries->len;
}

/* @index: 0 is the oldest */
const UsControlEntry *
us_control_get_entry (const UsControl *self, guint index) {
  g_return_val_if_fail (index < self->entries->len, NULL);
  return g_ptr_array_index (self->entries, index);
}

/**
 * us_control_find:
 * @stream: name
 * @wall_ms: a moment
 *
 * Returns: (transfer none) (nullable): the last command for @stream that had been carried out by
 *   then, if it is still remembered
 */
const UsControlEntry *
us_control_find (const UsControl *self, const char *stream, gint64 wall_ms) {
  for (guint i = self->entries->len; i > 0; i--) {
    const UsControlEntry *entry = g_ptr_array_index (self->entries, i - 1);
    if (entry->refusal == NULL && entry->verb != US_CONTROL_DRILL && entry->wall_ms <= wall_ms
        && (entry->stream == NULL || strcmp (entry->stream, stream) == 0))
      return entry;
  }
  return NULL;
}

/**
 * us_control_new:
 * @host: copied
 * @clock: outlives the control
 * @user_data: for @host
 *
 * Returns: (transfer full): an empty record
 */
UsControl *
us_control_new (const UsControlHost *host, const UsClock *clock, gpointer user_data) {
  UsControl *self = g_new0 (UsControl, 1);
  self->host = *host;
  self->clock = clock;
  self->user_data = user_data;
  self->entries = g_ptr_array_new_with_free_func (entry_free);
  return self;
}

void
us_control_free (UsControl *self) {
  g_ptr_array_unref (self->entries);
  g_free (self);
}
