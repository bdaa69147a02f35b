/* poller.c - every request of the monitor: its turn, its deadline, what it came to
 *
 * Owned by the monitor, main loop only. A request waits for its turn (admission.c), then is
 * fetched under one deadline for all its steps, since what is slow is for the detectors to say, and
 * under the address policy. Each ends exactly once: with the callback, or silently when its owner
 * cancels it. A cancelled fetch gives its turn back at once; libsoup lets go of it in the next
 * round of the loop, and until then it holds the poller.
 */
#include "monitor/poller.h"

#include "http/client.h"
#include "monitor/admission.h"
#include "monitor/fetched.h"
#include "monitor/names.h"

#define USER_AGENT "understudy-monitor/" US_VERSION
#define MAX_REDIRECTS 5
/* Sessions of libsoup. It looks at every idle connection of a session before each request, half a
 * millisecond with 500 hosts: so the hosts are spread over them. It forgets the addresses of a host
 * after five minutes: a host that goes from one to the next comes back later than that, see TURN_US
 * in names.c. */
#define N_CLIENTS 64
/* Requests of one stream at hosts that nobody knows. */
#define MAX_UNKNOWN 2

struct UsPoller {
  UsPollerSettings settings;
  guint n_refs;                     /* one of the owner, one of each fetch under way */
  UsHttpClient *clients[N_CLIENTS]; /* nullable: each has its own connections, and addresses */
  UsNames *names;
  UsAdmission *admission;
  UsHttpReach reach, our_reach; /* the second: of asks that are ours */
  UsPunctuality punctuality;
  guint64 n_requests;
};

struct UsPollerJob {
  UsTicket ticket; /* first: the ticket is the job */
  UsPoller *poller;
  UsAnswered answered; /* NULL: cancelled */
  gpointer user_data;
  GCancellable *cancellable;
  gint64 begun_us;
  char *host;
  char *bare_host; /* nullable: without scheme and port */
  char *budget;    /* the host's, or the stream's */
  char *no_name;   /* nullable: why its name does not resolve any more */
  UsAsk ask;       /* its strings are the job's */
};

static void
job_free (UsPollerJob *job) {
  g_clear_object (&job->cancellable);
  g_free (job->host);
  g_free (job->bare_host);
  g_free (job->budget);
  g_free (job->no_name);
  g_free ((char *)job->ask.url);
  g_free ((char *)job->ask.authorization);
  g_free ((char *)job->ask.etag);
  g_free ((char *)job->ask.last_modified);
  g_free (job);
}

static void
unref (UsPoller *poller) {
  if (--poller->n_refs > 0)
    return;
  us_admission_free (poller->admission);
  for (guint i = 0; i < N_CLIENTS; i++)
    g_clear_object (&poller->clients[i]);
  us_names_free (poller->names);
  g_free (poller);
}

/* ---- the end of a request ---- */

static void
answer_clear (UsAnswer *answer) {
  us_fetched_clear (&answer->fetched);
  g_clear_pointer (&answer->body, g_bytes_unref);
  g_free (answer->url);
  g_free (answer->etag);
  g_free (answer->last_modified);
}

static void
answer (UsPollerJob *job, UsHttpReply *reply, const GError *error, const UsHttpFacts *facts) {
  UsAnswer its = { 0 };
  us_fetched_init (&its.fetched);
  its.fetched.begun_us = job->begun_us;
  its.fetched.ended_us = us_clock_monotonic_us (job->poller->settings.clock);
  g_autoptr (GError) no_name = NULL;
  if (job->no_name != NULL) { /* whoever comes anew cannot: what an old connection says is void */
    g_set_error_literal (&no_name, US_HTTP_ERROR, US_HTTP_ERROR_RESOLVE, job->no_name);
    error = no_name;
    reply = NULL;
  }
  if (reply != NULL) {
    gboolean has_condition = job->ask.etag != NULL || job->ask.last_modified != NULL;
    us_fetched_from_reply (&its.fetched, reply, has_condition);
    its.body = its.fetched.is_unmodified ? NULL : g_bytes_ref (reply->body);
    its.url = g_steal_pointer (&reply->url);
    its.etag = g_steal_pointer (&reply->etag);
    its.last_modified = g_steal_pointer (&reply->last_modified);
  } else {
    us_fetched_from_error (&its.fetched, error, facts);
  }
  UsAnswered answered = job->answered;
  gpointer user_data = job->user_data;
  if (reply != NULL)
    us_names_note (job->poller->names, job->bare_host, g_get_monotonic_time ());
  if (its.fetched.outcome != US_OUTCOME_OK)
    us_names_turn (job->poller->names, job->bare_host, g_get_monotonic_time ());
  UsLeft how = its.fetched.outcome == US_OUTCOME_TIMEOUT ? US_LEFT_HUNG : US_LEFT_ANSWERED;
  us_admission_leave (job->poller->admission, &job->ticket, how);
  job_free (job);
  answered (&its, user_data);
  answer_clear (&its);
}

static void
on_fetched (GObject *source, GAsyncResult *result, gpointer user_data) {
  UsPollerJob *job = user_data;
  UsPoller *poller = job->poller;
  UsHttpClient *client = US_HTTP_CLIENT (source);
  g_autoptr (GError) error = NULL;
  g_autoptr (UsHttpReply) reply = us_http_client_fetch_finish (client, result, &error);
  g_autoptr (UsHttpFacts) facts = reply == NULL ? us_http_client_take_facts (client, result) : NULL;
  if (job->answered != NULL)
    answer (job, reply, error, facts);
  else
    job_free (job);
  unref (poller);
}

/* ---- its begin ---- */

/* Every generation of a name has connections of its own. */
static UsHttpClient *
client_for (UsPoller *poller, UsPollerJob *job) {
  const char *problem;
  guint generation
      = us_names_look (poller->names, job->bare_host, g_get_monotonic_time (), &problem);
  guint place = g_str_hash (job->host) + generation;
  UsHttpClient **client = &poller->clients[place % N_CLIENTS];
  job->no_name = g_strdup (problem);
  if (*client == NULL)
    *client = us_http_client_new (USER_AGENT);
  return *client;
}

static gboolean
is_of_host (const char *host, const char *url) {
  g_autofree char *its = url != NULL ? us_poller_host_of (url) : NULL;
  return g_strcmp0 (its, host) == 0;
}

static void
note_lateness (UsPollerJob *job) {
  UsPoller *poller = job->poller;
  if (job->ask.interval_us <= 0 || us_admission_is_suspect (poller->admission, job->budget))
    return;
  us_punctuality_add (&poller->punctuality, job->begun_us, job->begun_us - job->ask.due_us,
                      job->ask.interval_us);
}

static void
on_admitted (UsTicket *ticket, gpointer user_data) {
  UsPollerJob *job = (UsPollerJob *)ticket;
  UsPoller *poller = user_data;
  UsHttpFetch fetch = {
    .if_none_match = job->ask.etag,
    .if_modified_since = job->ask.last_modified,
    .range_from = job->ask.range_from,
    .range_length = job->ask.range_length,
    .accept_encoding = job->ask.is_text ? "gzip" : NULL,
    .origin = job->ask.origin,
    .authorization = job->ask.authorization,
    .reach = job->ask.is_ours ? &poller->our_reach : &poller->reach,
    .max_redirects = MAX_REDIRECTS,
    .connect_timeout_ms = job->ask.deadline_ms,
    .first_byte_timeout_ms = job->ask.deadline_ms,
    .deadline_ms = job->ask.deadline_ms,
    .max_bytes = job->ask.max_bytes,
  };
  job->begun_us = us_clock_monotonic_us (poller->settings.clock);
  note_lateness (job);
  poller->n_requests++;
  poller->n_refs++;
  us_http_client_fetch_async (client_for (poller, job), job->ask.url, &fetch, job->cancellable,
                              on_fetched, job);
}

/* Returns: (transfer full) (nullable) */
static char *
bare_host_of (const char *url) {
  g_autoptr (GUri) uri = g_uri_parse (url, G_URI_FLAGS_ENCODED, NULL);
  const char *host = uri != NULL ? g_uri_get_host (uri) : NULL;
  return host != NULL ? g_ascii_strdown (host, -1) : NULL;
}

/* A host has a budget of its own, where streams take turns. Hosts that have never answered, or
 * whose names are gone, share one of the stream that names them, where they take turns, and a small
 * one: each such request may hold threads of the resolver for long (http/resolver.c), and a
 * playlist can make up as many hosts as it likes. */
static void
enter (UsPoller *poller, UsPollerJob *job, const char *stream) {
  if (us_names_is_sound (poller->names, job->bare_host, g_get_monotonic_time ())) {
    job->budget = g_strdup (job->host);
    us_admission_enter (poller->admission, &job->ticket, job->budget, stream, G_MAXUINT);
  } else {
    job->budget = g_strconcat ("stream:", stream, NULL);
    us_admission_enter (poller->admission, &job->ticket, job->budget, job->host, MAX_UNKNOWN);
  }
}

/**
 * us_poller_ask:
 * @ask: copied
 * @answered: called once from the main loop, never from within this function
 *
 * A URL that cannot be asked at all is answered like any other, with %US_OUTCOME_FORBIDDEN or
 * %US_OUTCOME_CONTENT.
 *
 * Returns: (transfer none): for us_poller_cancel(), until @answered is called
 */
UsPollerJob *
us_poller_ask (UsPoller *poller, const UsAsk *ask, UsAnswered answered, gpointer user_data) {
  UsPollerJob *job = g_new0 (UsPollerJob, 1);
  job->poller = poller;
  job->answered = answered;
  job->user_data = user_data;
  job->cancellable = g_cancellable_new ();
  job->host = us_poller_host_of (ask->url);
  if (job->host == NULL)
    job->host = g_strdup (""); /* answered as soon as its turn comes */
  job->bare_host = bare_host_of (ask->url);
  job->ask = *ask;
  job->ask.url = g_strdup (ask->url);
  job->ask.authorization
      = is_of_host (job->host, ask->own_url) ? g_strdup (ask->authorization) : NULL;
  job->ask.etag = g_strdup (ask->etag);
  job->ask.last_modified = g_strdup (ask->last_modified);
  enter (poller, job, ask->stream);
  return job;
}

void
us_poller_cancel (UsPollerJob **owned) {
  UsPollerJob *job = g_steal_pointer (owned);
  if (job == NULL)
    return;
  UsPoller *poller = job->poller;
  gboolean is_running = job->ticket.state == US_TICKET_RUNNING;
  job->answered = NULL;
  us_admission_leave (poller->admission, &job->ticket, US_LEFT_UNWANTED);
  if (is_running)
    g_cancellable_cancel (job->cancellable); /* ends in on_fetched(), later */
  else
    job_free (job);
}

gboolean
us_poller_is_waiting (const UsPollerJob *job) {
  return job->ticket.state == US_TICKET_WAITING;
}

/**
 * us_poller_host_of:
 * @url: absolute
 *
 * Returns: (transfer full) (nullable): scheme, host and port: what shares a budget
 */
char *
us_poller_host_of (const char *url) {
  const char *host;
  g_autoptr (GUri) uri
      = g_uri_parse (url, G_URI_FLAGS_ENCODED | G_URI_FLAGS_SCHEME_NORMALIZE, NULL);
  if (uri == NULL || (host = g_uri_get_host (uri)) == NULL || *host == '\0')
    return NULL;
  g_autofree char *lower = g_ascii_strdown (host, -1);
  return g_strdup_printf ("%s://%s:%d", g_uri_get_scheme (uri), lower, g_uri_get_port (uri));
}

/* ---- the whole ---- */

UsPoller *
us_poller_new (const UsPollerSettings *settings) {
  UsPoller *poller = g_new0 (UsPoller, 1);
  poller->settings = *settings;
  poller->n_refs = 1;
  poller->names = us_names_new ();
  poller->admission
      = us_admission_new (settings->max_per_host, settings->max_requests, on_admitted, poller);
  poller->reach.allow_private = settings->allow_private;
  poller->reach.allow_loopback = settings->allow_loopback;
  poller->our_reach = poller->reach;
  return poller;
}

/**
 * us_poller_set_own_port:
 *
 * Whoever adds a stream, or writes its playlists, names URLs. Ours must not be among them: our
 * own door trusts this machine more than others.
 */
void
us_poller_set_own_port (UsPoller *poller, guint16 port) {
  poller->reach.own_ports[0] = port;
}

void
us_poller_free (UsPoller *poller) {
  if (poller != NULL)
    unref (poller);
}

void
us_poller_get_counts (const UsPoller *poller, guint *n_running, guint *n_waiting,
                      guint64 *n_requests) {
  us_admission_get_counts (poller->admission, n_running, n_waiting);
  *n_requests = poller->n_requests;
}

const UsPunctuality *
us_poller_get_punctuality (const UsPoller *poller) {
  return &poller->punctuality;
}
