/* inside.c - what our own chain says of itself: followed by its status pages, told as events
 *
 * Owned by the desk, in its main loop. Every role is asked twice a second, independently of the
 * others; an answer is compared with the one before (inside-diff.c), and what changed is told. A
 * role counts as gone at once when its connection is refused, and after two answers that did not
 * come in time; one that has never answered is not missed. From the switcher /control/status is
 * asked for where it may be, since only that says who has ordered what, else /healthz. Ends with
 * us_inside_free(): requests under way are cancelled, and their callbacks find that nobody waits.
 */
#include "incident/inside.h"

#include "base/timer.h"
#include "http/client.h"
#include "http/reach.h"
#include "incident/inside-diff.h"

#include <math.h>
#include <string.h>

#define POLL_MS 500
#define FIRST_BYTE_MS 1000
#define DEADLINE_MS 2000
#define MAX_MISSED 2
#define WINDOW_US (120 * G_USEC_PER_SEC) /* of UsSymptoms */
#define DENIED_US                                                                                  \
  (600 * (gint64)G_USEC_PER_SEC) /* how long a refusal of /control/status is believed */
#define FORGET_MS (60 * 1000)
#define PARTED_US (10 * G_USEC_PER_SEC) /* for so long two origins are what they are said to be */

/* One role as it was last seen. */
typedef struct {
  UsInsideRole role;
  char *url;    /* nullable: there is none */
  UsPage *page; /* nullable: has never answered */
  gboolean is_up, is_under_way;
  guint n_missed;
  GArray *restarts; /* element-type gint64: monotonic times, in the window */
} Role;

/* One stream of the chain. */
typedef struct {
  char *name;
  char *viewer_url;                      /* nullable: not told yet */
  gboolean is_connected;                 /* an encoder, silent or not */
  gboolean had_publisher, has_publisher; /* one that is heard */
  gint64 publisher_gone_us;              /* monotonic; 0: never */
  gint64 number, cut_us;                 /* ingest's newest segment, and when it was first seen */
  gint64 named_us;                       /* when the switcher or ingest last named it */
  UsTwins twins;                         /* as the switcher last had it */
  gint64 twins_us;                       /* since when; monotonic */
  GArray *switches;                      /* element-type gint64: monotonic times, in the window */
} Stream;

typedef struct {
  UsInside *inside; /* NULL: gone */
  UsInsideRole role;
  gboolean is_control;
} Fetch;

struct UsInside {
  const UsClock *clock;
  UsInsideHandler handler;
  gpointer user_data;
  char *authorization; /* nullable */
  Role roles[US_N_INSIDE_ROLES];
  gboolean may_control;
  gint64 denied_us; /* monotonic; 0: it was not */
  gint64 forget_us; /* after so long a stream that nobody names is gone */
  GHashTable *streams;
  GPtrArray *fetches;  /* element-type Fetch */
  GBytes *ingest_body; /* nullable: the newest of the ingest, whatever members it has */
  UsHttpClient *client;
  GCancellable *cancellable;
  GSource *timer;
};

static gint64
now_us (const UsInside *self) {
  return us_clock_monotonic_us (self->clock);
}

/* ---- streams ---- */

static void
stream_free (gpointer data) {
  Stream *stream = data;
  g_free (stream->name);
  g_free (stream->viewer_url);
  g_array_unref (stream->switches);
  g_free (stream);
}

static Stream *
ensure_stream (UsInside *self, const char *name) {
  Stream *stream = g_hash_table_lookup (self->streams, name);
  if (stream != NULL)
    return stream;
  stream = g_new0 (Stream, 1);
  stream->name = g_strdup (name);
  stream->switches = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_hash_table_insert (self->streams, stream->name, stream);
  return stream;
}

static void
trim (GArray *times, gint64 oldest_us) {
  guint n = 0;
  while (n < times->len && g_array_index (times, gint64, n) < oldest_us)
    n++;
  if (n > 0)
    g_array_remove_range (times, 0, n);
}

static void
note_publisher (UsInside *self, const UsPage *page) {
  GHashTableIter iter;
  gpointer value;
  for (guint i = 0; i < page->streams->len; i++) {
    const UsPageStream *seen = page->streams->pdata[i];
    if (seen->has_publisher)
      ensure_stream (self, seen->name)->named_us = now_us (self);
  }
  g_hash_table_iter_init (&iter, self->streams);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    Stream *stream = value;
    const UsPageStream *seen = us_page_find (page, stream->name);
    gboolean has = seen != NULL && seen->has_publisher && !seen->is_silent;
    if (stream->has_publisher && !has)
      stream->publisher_gone_us = now_us (self);
    stream->has_publisher = has;
    stream->had_publisher |= has;
    stream->is_connected = seen != NULL && seen->has_publisher;
    if (seen != NULL && seen->number != 0 && seen->number != stream->number) {
      stream->number = seen->number;
      stream->cut_us = now_us (self);
    }
  }
}

/* A stream is told of when viewers can get it for the first time; what the ingest told of it before
 * found nobody who knew it. */
static void
note_feeds (UsInside *self, const UsPage *page, GPtrArray *events) {
  const Role *ingest = &self->roles[US_INSIDE_INGEST];
  const char *base = self->roles[US_INSIDE_SWITCHER].url;
  for (guint i = 0; i < page->streams->len; i++) {
    const UsPageStream *seen = page->streams->pdata[i];
    Stream *stream = g_hash_table_lookup (self->streams, seen->name);
    if (stream == NULL && !seen->is_served)
      continue;
    stream = ensure_stream (self, seen->name);
    stream->named_us = now_us (self);
    if (stream->viewer_url != NULL || !seen->is_served || seen->path == NULL)
      continue;
    stream->viewer_url = g_strconcat (base, seen->path, NULL);
    if (self->handler.on_stream != NULL)
      self->handler.on_stream (stream->name, stream->viewer_url, FALSE, self->user_data);
    const UsPageStream *published
        = ingest->is_up ? us_page_find (ingest->page, stream->name) : NULL;
    if (published != NULL)
      us_inside_tell_warnings (published, us_clock_wall_us (self->clock), events);
  }
}

/* Only while the switcher answers: that it is gone says nothing of what it would name. */
static void
forget_streams (UsInside *self) {
  GHashTableIter iter;
  gpointer value;
  gint64 oldest_us = now_us (self) - self->forget_us;
  g_hash_table_iter_init (&iter, self->streams);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    Stream *stream = value;
    if (stream->named_us > oldest_us || stream->is_connected)
      continue;
    if (stream->viewer_url != NULL && self->handler.on_stream != NULL)
      self->handler.on_stream (stream->name, stream->viewer_url, TRUE, self->user_data);
    g_hash_table_iter_remove (&iter);
  }
}

static void
note_events (UsInside *self, const GPtrArray *events) {
  gint64 at_us = now_us (self);
  for (guint i = 0; i < events->len; i++) {
    const UsEvent *event = events->pdata[i];
    if (event->kind == US_EVENT_SWITCHED && *event->stream != '\0')
      g_array_append_val (ensure_stream (self, event->stream)->switches, at_us);
    if (self->handler.on_event != NULL)
      self->handler.on_event (event, self->user_data);
  }
}

/* ---- facts ---- */

static gboolean
is_usable (const UsPageOrigin *origin) {
  return g_strcmp0 (origin->state, "up") == 0 || g_strcmp0 (origin->state, "suspect") == 0
         || g_strcmp0 (origin->state, "recovering") == 0;
}

static gboolean
gets_pictures (const Role *role, const char *name) {
  const UsPageStream *stream = role->is_up ? us_page_find (role->page, name) : NULL;
  return stream != NULL
         && (g_strcmp0 (stream->state, "fresh") == 0
             || (g_strcmp0 (stream->state, "starting") == 0 && stream->is_connected));
}

/* What the switcher says of the two, while both are ours and make segments: one that is restarted,
 * or not one of ours at all, is not compared. Two transcoders' other bytes are as they should be.
 */
static UsTwins
twins_of (const UsInside *self, const UsPageStream *feed) {
  for (guint i = US_INSIDE_PRIMARY; i <= US_INSIDE_BACKUP; i++) {
    const Role *packager = &self->roles[i];
    const UsPageStream *its = packager->is_up ? us_page_find (packager->page, feed->name) : NULL;
    if (its == NULL || g_strcmp0 (its->state, "fresh") != 0)
      return US_TWINS_UNKNOWN;
  }
  if (g_strcmp0 (feed->pair, "identical") == 0)
    return US_TWINS_ALIKE;
  if (g_strcmp0 (feed->pair, "aligned") == 0)
    return feed->divergences > 0 ? US_TWINS_APART : US_TWINS_ALIKE;
  return g_strcmp0 (feed->pair, "foreign") == 0 ? US_TWINS_FOREIGN : US_TWINS_UNKNOWN;
}

/* At a change of encoders one of them is ahead for a moment. */
static UsTwins
settle_twins (UsInside *self, Stream *stream, const UsPageStream *feed) {
  gint64 at_us = now_us (self);
  UsTwins twins = feed != NULL && self->roles[US_INSIDE_SWITCHER].is_up ? twins_of (self, feed)
                                                                        : US_TWINS_UNKNOWN;
  if (twins != stream->twins) {
    stream->twins = twins;
    stream->twins_us = at_us;
  }
  return at_us - stream->twins_us >= PARTED_US ? twins : US_TWINS_UNKNOWN;
}

static double
age_s (gint64 since_us, gint64 at_us) {
  return since_us != 0 && at_us - since_us <= WINDOW_US
             ? (double)(at_us - since_us) / G_USEC_PER_SEC
             : NAN;
}

static void
fill_facts (UsInside *self, Stream *stream, UsSymptoms *facts) {
  const Role *ingest = &self->roles[US_INSIDE_INGEST];
  const Role *switcher = &self->roles[US_INSIDE_SWITCHER];
  const UsPageStream *feed = us_page_find (switcher->page, stream->name);
  gint64 at_us = now_us (self);
  us_symptoms_init (facts);
  facts->is_own = TRUE;
  facts->is_ingest_known = ingest->page != NULL;
  facts->is_ingest_up = ingest->is_up;
  facts->had_publisher = stream->had_publisher;
  facts->has_publisher = ingest->is_up && stream->has_publisher;
  facts->publisher_gone_age = age_s (stream->publisher_gone_us, at_us);
  if (ingest->is_up && stream->cut_us != 0)
    facts->cut_age = (double)(at_us - stream->cut_us) / G_USEC_PER_SEC;
  for (guint i = US_INSIDE_PRIMARY; i <= US_INSIDE_BACKUP; i++) {
    Role *packager = &self->roles[i];
    trim (packager->restarts, at_us - WINDOW_US);
    facts->n_packagers += packager->page != NULL;
    facts->n_packagers_up += packager->is_up;
    facts->n_packagers_restarted += packager->restarts->len;
    facts->has_input |= gets_pictures (packager, stream->name);
  }
  facts->is_switcher_known = switcher->page != NULL;
  facts->is_switcher_up = switcher->is_up;
  if (feed != NULL && switcher->is_up)
    facts->n_origins_up = is_usable (&feed->primary) + is_usable (&feed->backup);
  facts->twins = settle_twins (self, stream, feed);
  trim (stream->switches, at_us - WINDOW_US);
  facts->n_switches = stream->switches->len;
  if (stream->switches->len > 0)
    facts->switch_age
        = age_s (g_array_index (stream->switches, gint64, stream->switches->len - 1), at_us);
}

static void
tell_facts (UsInside *self) {
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init (&iter, self->streams);
  while (self->handler.on_facts != NULL && g_hash_table_iter_next (&iter, NULL, &value)) {
    Stream *stream = value;
    UsSymptoms facts;
    if (stream->viewer_url == NULL)
      continue;
    fill_facts (self, stream, &facts);
    self->handler.on_facts (stream->name, &facts, self->user_data);
  }
}

/* ---- answers ---- */

/* /healthz says nothing of orders: what was known of them stays. */
static void
carry_orders (UsPage *page, UsPage *before) {
  if (page->is_full || before == NULL || !before->is_full || us_inside_is_restarted (before, page))
    return;
  page->is_full = TRUE;
  GPtrArray *none = page->orders;
  page->orders = before->orders;
  before->orders = none;
  for (guint i = 0; i < page->streams->len; i++) {
    UsPageStream *stream = page->streams->pdata[i];
    const UsPageStream *was = us_page_find (before, stream->name);
    stream->primary.is_drained = was != NULL && was->primary.is_drained;
    stream->backup.is_drained = was != NULL && was->backup.is_drained;
  }
  before->is_full = FALSE;
}

static void
take_page (UsInside *self, Role *role, UsPage *page) {
  g_autoptr (UsPage) before = g_steal_pointer (&role->page);
  g_autoptr (GPtrArray) events = g_ptr_array_new_with_free_func ((GDestroyNotify)us_event_free);
  gboolean is_restarted = us_inside_is_restarted (before, page);
  gint64 wall_us = us_clock_wall_us (self->clock), at_us = now_us (self);

  carry_orders (page, before);
  if (before != NULL && (!role->is_up || is_restarted))
    us_inside_tell_back (role->role, is_restarted, wall_us, events);
  if (is_restarted)
    g_array_append_val (role->restarts, at_us);
  if (before != NULL)
    us_inside_diff (role->role, before, page, wall_us, events);
  role->page = page;
  role->is_up = TRUE;
  role->n_missed = 0;
  if (role->role == US_INSIDE_INGEST)
    note_publisher (self, page);
  else if (role->role == US_INSIDE_SWITCHER)
    note_feeds (self, page, events);
  note_events (self, events);
  if (role->role == US_INSIDE_SWITCHER)
    forget_streams (self);
}

static void
miss (UsInside *self, Role *role, const char *why, gboolean is_certain) {
  role->n_missed++;
  if (!role->is_up || (!is_certain && role->n_missed < MAX_MISSED))
    return;
  g_autoptr (GPtrArray) events = g_ptr_array_new_with_free_func ((GDestroyNotify)us_event_free);
  role->is_up = FALSE;
  us_inside_tell_gone (role->role, why, us_clock_wall_us (self->clock), events);
  note_events (self, events);
}

static void
take_reply (UsInside *self, const Fetch *fetch, const UsHttpReply *reply, const GError *error) {
  Role *role = &self->roles[fetch->role];
  gboolean is_refused = error != NULL
                        && (g_error_matches (error, US_HTTP_ERROR, US_HTTP_ERROR_REFUSED)
                            || g_error_matches (error, US_HTTP_ERROR, US_HTTP_ERROR_RESOLVE));
  UsPage *page = reply != NULL ? us_page_read (reply->body) : NULL;

  if (fetch->is_control && reply != NULL && (page == NULL || reply->status != 200)) {
    self->denied_us = now_us (self); /* /healthz next time */
    us_page_free (page);
    return;
  }
  if (page != NULL && role->role == US_INSIDE_INGEST) {
    g_clear_pointer (&self->ingest_body, g_bytes_unref);
    self->ingest_body = g_bytes_ref (reply->body);
  }
  if (page != NULL)
    take_page (self, role, page);
  else
    miss (self, role, error != NULL ? us_http_error_word (error) : "its answer is no status page",
          is_refused);
  tell_facts (self);
}

static void
on_answered (GObject *source, GAsyncResult *result, gpointer user_data) {
  Fetch *fetch = user_data;
  UsInside *self = fetch->inside;
  g_autoptr (GError) error = NULL;
  g_autoptr (UsHttpReply) reply
      = us_http_client_fetch_finish (US_HTTP_CLIENT (source), result, &error);
  if (self != NULL) {
    g_ptr_array_remove_fast (self->fetches, fetch);
    self->roles[fetch->role].is_under_way = FALSE;
    take_reply (self, fetch, reply, error);
  }
  g_free (fetch);
}

static void
ask (UsInside *self, Role *role) {
  gboolean is_control = role->role == US_INSIDE_SWITCHER && self->may_control
                        && (self->denied_us == 0 || now_us (self) - self->denied_us > DENIED_US);
  g_autofree char *url = g_strconcat (role->url, is_control ? "/control/status" : "/healthz", NULL);
  const UsHttpFetch options = { .authorization = is_control ? self->authorization : NULL,
                                .connect_timeout_ms = FIRST_BYTE_MS,
                                .first_byte_timeout_ms = FIRST_BYTE_MS,
                                .deadline_ms = DEADLINE_MS,
                                .max_bytes = US_PAGE_MAX_BYTES };
  Fetch *fetch = g_new0 (Fetch, 1);
  *fetch = (Fetch){ .inside = self, .role = role->role, .is_control = is_control };
  g_ptr_array_add (self->fetches, fetch);
  role->is_under_way = TRUE;
  us_http_client_fetch_async (self->client, url, &options, self->cancellable, on_answered, fetch);
}

static gboolean
on_poll (gpointer user_data) {
  UsInside *self = user_data;
  for (guint i = 0; i < US_N_INSIDE_ROLES; i++)
    if (self->roles[i].url != NULL && !self->roles[i].is_under_way)
      ask (self, &self->roles[i]);
  return G_SOURCE_CONTINUE;
}

/* ---- life ---- */

static char *
base_of (const char *url) {
  if (url == NULL || *url == '\0')
    return NULL;
  gsize n = strlen (url);
  while (n > 0 && url[n - 1] == '/')
    n--;
  return g_strndup (url, n);
}

/* Whether the switcher would take us for somebody who may see orders. Asking in vain is logged
 * there. */
static gboolean
may_control (const UsInsideSettings *settings) {
  g_autoptr (GUri) uri = settings->switcher_url != NULL
                             ? g_uri_parse (settings->switcher_url, G_URI_FLAGS_NONE, NULL)
                             : NULL;
  const char *host = uri != NULL ? g_uri_get_host (uri) : NULL;
  return settings->control_authorization != NULL || (host != NULL && us_http_is_local_host (host));
}

/**
 * us_inside_new:
 * @settings: copied
 * @handler: copied; its functions may not free the #UsInside
 *
 * Asks for the first time when the main loop runs.
 *
 * Returns: (transfer full)
 */
UsInside *
us_inside_new (const UsInsideSettings *settings, const UsInsideHandler *handler,
               gpointer user_data) {
  const char *const urls[US_N_INSIDE_ROLES] = { settings->ingest_url, settings->primary_url,
                                                settings->backup_url, settings->switcher_url };
  UsInside *self = g_new0 (UsInside, 1);
  self->clock = settings->clock != NULL ? settings->clock : us_clock_system ();
  self->handler = *handler;
  self->user_data = user_data;
  self->authorization = g_strdup (settings->control_authorization);
  self->may_control = may_control (settings);
  self->forget_us = (gint64)(settings->forget_ms > 0 ? settings->forget_ms : FORGET_MS) * 1000;
  self->streams = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, stream_free);
  self->fetches = g_ptr_array_new ();
  self->client = us_http_client_new ("understudy-desk/" US_VERSION);
  self->cancellable = g_cancellable_new ();
  for (guint i = 0; i < US_N_INSIDE_ROLES; i++) {
    self->roles[i] = (Role){ .role = (UsInsideRole)i, .url = base_of (urls[i]) };
    self->roles[i].restarts = g_array_new (FALSE, FALSE, sizeof (gint64));
  }
  us_timer_start (&self->timer, POLL_MS, "inside poll", on_poll, self);
  on_poll (self);
  return self;
}

/**
 * us_inside_view:
 * @view: (out)
 *
 * Returns: %FALSE: the chain has never named such a stream
 */
gboolean
us_inside_view (const UsInside *self, const char *own_stream, UsInsideView *view) {
  const Stream *stream = g_hash_table_lookup (self->streams, own_stream);
  const Role *ingest = &self->roles[US_INSIDE_INGEST];
  const Role *switcher = &self->roles[US_INSIDE_SWITCHER];
  const UsPageStream *feed = us_page_find (switcher->page, own_stream);
  *view = (UsInsideView){ .is_publisher_known = ingest->is_up && stream != NULL,
                          .has_publisher = stream != NULL && stream->is_connected };
  if (feed != NULL) {
    view->active = switcher->is_up ? feed->active : NULL;
    view->pair = feed->pair;
    view->path = feed->path;
    view->failovers = (guint)CLAMP (feed->failovers, 0, G_MAXUINT);
    view->switchbacks = (guint)CLAMP (feed->switchbacks, 0, G_MAXUINT);
  }
  return stream != NULL;
}

GBytes *
us_inside_get_ingest (const UsInside *self) {
  return self->roles[US_INSIDE_INGEST].is_up ? self->ingest_body : NULL;
}

/**
 * us_inside_free:
 * @self: (nullable) (transfer full)
 */
void
us_inside_free (UsInside *self) {
  if (self == NULL)
    return;
  us_timer_stop (&self->timer);
  for (guint i = 0; i < self->fetches->len; i++)
    ((Fetch *)self->fetches->pdata[i])->inside = NULL;
  g_cancellable_cancel (self->cancellable);
  for (guint i = 0; i < US_N_INSIDE_ROLES; i++) {
    us_page_free (self->roles[i].page);
    g_free (self->roles[i].url);
    g_array_unref (self->roles[i].restarts);
  }
  g_ptr_array_unref (self->fetches);
  g_hash_table_unref (self->streams);
  g_clear_pointer (&self->ingest_body, g_bytes_unref);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->client);
  g_free (self->authorization);
  g_free (self);
}
