/* fetching.h - fetches of a test, and a peer that is only a socket */
#pragma once

#include "http/client.h"
#include "raw.h"

typedef struct {
  UsHttpReply *reply;
  GError *error;
  UsHttpFacts *facts; /* of a failure */
  gboolean is_done;
} Outcome;

static inline void
outcome_clear (Outcome *outcome) {
  g_clear_pointer (&outcome->reply, us_http_reply_free);
  g_clear_error (&outcome->error);
  g_clear_pointer (&outcome->facts, us_http_facts_free);
  outcome->is_done = FALSE;
}

static inline void
on_fetched (GObject *source, GAsyncResult *result, gpointer user_data) {
  Outcome *outcome = user_data;

  g_assert_false (outcome->is_done);
  outcome->reply = us_http_client_fetch_finish (US_HTTP_CLIENT (source), result, &outcome->error);
  g_assert_true ((outcome->reply == NULL) != (outcome->error == NULL));
  if (outcome->reply == NULL)
    outcome->facts = us_http_client_take_facts (US_HTTP_CLIENT (source), result);
  g_assert_nonnull (outcome->reply != NULL ? outcome->reply->facts : outcome->facts);
  outcome->is_done = TRUE;
}

static inline void
fetch (UsHttpClient *client, const char *url, const UsHttpFetch *limits, Outcome *outcome) {
  us_http_client_fetch_async (client, url, limits, NULL, on_fetched, outcome);
  g_assert_false (outcome->is_done);
  raw_wait_until (outcome->is_done);
}

static inline void
assert_fails (UsHttpClient *client, const char *url, const UsHttpFetch *limits, UsHttpError code) {
  Outcome outcome = { 0 };

  fetch (client, url, limits, &outcome);
  g_assert_error (outcome.error, US_HTTP_ERROR, (int)code);
  outcome_clear (&outcome);
}

/* ---- a peer that says one fixed thing to each connection ---- */

typedef struct {
  int fd;
  guint16 port;
  const char *text; /* NULL: accepts and stays silent */
  gboolean stays;   /* after the text: stay, or close */
  GThread *thread;
  gint n_accepted;    /* atomic */
  char request[4096]; /* the last one; look when its answer has come */
  int kept[64];
  guint n_kept;
} Peer;

static inline gpointer
peer_run (gpointer data) {
  Peer *peer = data;
  int fd;

  while ((fd = accept (peer->fd, NULL, NULL)) >= 0) {
    gssize n;

    g_atomic_int_inc (&peer->n_accepted);
    if (peer->text != NULL && (n = recv (fd, peer->request, sizeof peer->request - 1, 0)) > 0) {
      peer->request[n] = '\0';
      send (fd, peer->text, strlen (peer->text), MSG_NOSIGNAL);
    }
    if ((peer->text == NULL || peer->stays) && peer->n_kept < G_N_ELEMENTS (peer->kept))
      peer->kept[peer->n_kept++] = fd;
    else
      close (fd);
  }
  return NULL;
}

static inline Peer *
peer_new (const char *text, gboolean stays) {
  Peer *peer = g_new0 (Peer, 1);
  struct sockaddr_in address
      = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t length = sizeof address;

  peer->text = text;
  peer->stays = stays;
  peer->fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_cmpint (bind (peer->fd, (struct sockaddr *)&address, sizeof address), ==, 0);
  g_assert_cmpint (listen (peer->fd, 64), ==, 0);
  getsockname (peer->fd, (struct sockaddr *)&address, &length);
  peer->port = ntohs (address.sin_port);
  peer->thread = g_thread_new ("peer", peer_run, peer);
  return peer;
}

static inline void
peer_free (Peer *peer) {
  shutdown (peer->fd, SHUT_RDWR);
  g_thread_join (peer->thread);
  close (peer->fd);
  for (guint i = 0; i < peer->n_kept; i++)
    close (peer->kept[i]);
  g_free (peer);
}
