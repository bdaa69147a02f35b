/* poller.h - every request of the monitor: its turn, its deadline, what it came to */
#pragma once

#include "base/clock.h"
#include "monitor/facts.h"
#include "monitor/punctuality.h"

G_BEGIN_DECLS

typedef struct UsPoller UsPoller;
typedef struct UsPollerJob UsPollerJob;

typedef struct {
  guint max_per_host, max_requests;
  gboolean allow_private, allow_loopback;
  const UsClock *clock; /* outlives the poller */
} UsPollerSettings;

/* UsAsk: strings are copied. */
typedef struct {
  const char *stream;               /* id: streams of one host take turns */
  const char *url;                  /* absolute */
  const char *own_url;              /* nullable: only its host gets the authorization */
  const char *authorization;        /* nullable */
  gboolean is_ours;                 /* not named by somebody from outside: may ask ourselves */
  const char *etag;                 /* nullable: If-None-Match */
  const char *last_modified;        /* nullable: If-Modified-Since */
  const char *origin;               /* nullable: as a page from there asks */
  gboolean is_text;                 /* gzip is welcome */
  guint64 range_from, range_length; /* 0, 0: the whole */
  guint deadline_ms;                /* from when its turn has come */
  gsize max_bytes;
  gint64 due_us, interval_us; /* a poll: for punctuality; 0, 0: none */
} UsAsk;

/* UsAnswer: valid during the callback, which may steal what it likes. */
typedef struct {
  UsFetched fetched;
  GBytes *body; /* nullable: no answer, or 304 */
  char *url;    /* nullable: where redirects led */
  char *etag, *last_modified;
} UsAnswer;

/* Called once, from the main loop. The job is gone then. */
typedef void (*UsAnswered) (UsAnswer *answer, gpointer user_data);

UsPoller *us_poller_new (const UsPollerSettings *settings);
/* Whoever asked has cancelled before. */
void us_poller_free (UsPoller *poller);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsPoller, us_poller_free)

/* @port: of this machine, that only what is ours may ask; 0: none */
void us_poller_set_own_port (UsPoller *poller, guint16 port);

UsPollerJob *us_poller_ask (UsPoller *poller, const UsAsk *ask, UsAnswered answered,
                            gpointer user_data);
/* @job: (inout) (nullable): set to %NULL; its callback will not be called. */
void us_poller_cancel (UsPollerJob **job);
/* Whether its turn has not come yet. */
gboolean us_poller_is_waiting (const UsPollerJob *job);

/* Returns: (transfer full) (nullable): "https://example.com:443"; %NULL: no URL to ask */
char *us_poller_host_of (const char *url);
void us_poller_get_counts (const UsPoller *poller, guint *n_running, guint *n_waiting,
                           guint64 *n_requests);
const UsPunctuality *us_poller_get_punctuality (const UsPoller *poller);

G_END_DECLS
