/* admission.c - which request may begin now: budgets per host, in all, and fair turns
 *
 * Owned by the poller, main loop only; no I/O, no time. Each host has so many requests under way at
 * once, and all hosts together so many. A host that lets a request hang is suspect until it answers
 * again: it gets two at a time, and all suspects together no more than a quarter of the whole, so
 * that however many hosts hang, three quarters are left for the others. At a host the streams take
 * turns, and so do the hosts where the whole is scarce.
 *
 * Four levels: ring (hosts that could begin something) -> host -> lane (one stream's requests at
 * that host) -> ticket. Every step is O(1).
 */
#include "monitor/admission.h"

#define MAX_OF_SUSPECT 2
#define SUSPECTS_SHARE 4 /* a quarter */

typedef struct {
  char *name;
  guint n_running, n_waiting, most;
  gboolean is_suspect;
  GQueue waiting;           /* element-type Lane: those with tickets, by turns */
  GHashTable *lanes;        /* of stream to Lane */
  GList link, suspect_link; /* in the ring, among the suspects */
  gboolean is_in_ring;
} Host;

typedef struct {
  Host *host;
  char *stream;
  guint n_running;
  GQueue tickets; /* element-type UsTicket */
  GList link;     /* in the host's @waiting */
} Lane;

struct UsAdmission {
  guint max_per_host, max_requests;
  UsAdmitted admitted;
  gpointer user_data;
  GHashTable *hosts; /* of name to Host */
  GQueue ring;       /* element-type Host: work waits, and the host has room */
  GQueue suspects;   /* element-type Host */
  guint n_running, n_waiting, n_of_suspects;
  gboolean is_pumping;
};

static void
lane_free (gpointer data) {
  Lane *lane = data;
  g_free (lane->stream);
  g_free (lane);
}

static void
host_free (gpointer data) {
  Host *host = data;
  g_hash_table_unref (host->lanes);
  g_free (host->name);
  g_free (host);
}

/**
 * us_admission_new:
 * @max_per_host: at least 1
 * @max_requests: at least 4
 * @admitted: called for each ticket whose turn has come
 *
 * Returns: (transfer full)
 */
UsAdmission *
us_admission_new (guint max_per_host, guint max_requests, UsAdmitted admitted, gpointer user_data) {
  UsAdmission *admission = g_new0 (UsAdmission, 1);
  admission->max_per_host = MAX (max_per_host, 1);
  admission->max_requests = MAX (max_requests, SUSPECTS_SHARE);
  admission->admitted = admitted;
  admission->user_data = user_data;
  admission->hosts = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, host_free);
  return admission;
}

/* Tickets that are still out must not be used afterwards. */
void
us_admission_free (UsAdmission *admission) {
  if (admission == NULL)
    return;
  g_hash_table_unref (admission->hosts);
  g_free (admission);
}

/* ---- turns ---- */

static gboolean
has_room (const UsAdmission *admission, const Host *host) {
  if (!host->is_suspect)
    return host->n_running < host->most;
  return host->n_running < MIN (host->most, MAX_OF_SUSPECT)
         && admission->n_of_suspects < admission->max_requests / SUSPECTS_SHARE;
}

static void
update_ring (UsAdmission *admission, Host *host) {
  gboolean belongs = host->n_waiting > 0 && has_room (admission, host);
  if (belongs == host->is_in_ring)
    return;
  if (belongs)
    g_queue_push_tail_link (&admission->ring, &host->link);
  else
    g_queue_unlink (&admission->ring, &host->link);
  host->is_in_ring = belongs;
}

/* The room of suspects is shared: when one leaves, another may begin. */
static void
update_suspects (UsAdmission *admission) {
  for (GList *link = admission->suspects.head; link != NULL; link = link->next)
    update_ring (admission, link->data);
}

static void
remove_from_lane (UsAdmission *admission, UsTicket *ticket) {
  Lane *lane = ticket->lane;
  g_queue_unlink (&lane->tickets, &ticket->link);
  if (lane->tickets.length == 0)
    g_queue_unlink (&lane->host->waiting, &lane->link);
  lane->host->n_waiting--;
  admission->n_waiting--;
}

static void
begin_next (UsAdmission *admission, Host *host) {
  GList *turn = g_queue_pop_head_link (&host->waiting);
  g_queue_push_tail_link (&host->waiting, turn);
  Lane *lane = turn->data;
  UsTicket *ticket = g_queue_peek_head (&lane->tickets);
  remove_from_lane (admission, ticket);
  ticket->state = US_TICKET_RUNNING;
  lane->n_running++;
  host->n_running++;
  admission->n_running++;
  if (host->is_suspect) {
    admission->n_of_suspects++;
    g_queue_unlink (&admission->suspects, &host->suspect_link);
    g_queue_push_tail_link (&admission->suspects, &host->suspect_link);
  }
  /* The next host has its turn. */
  g_queue_unlink (&admission->ring, &host->link);
  host->is_in_ring = FALSE;
  update_ring (admission, host);
  admission->admitted (ticket, admission->user_data);
}

static void
pump (UsAdmission *admission) {
  if (admission->is_pumping)
    return;
  admission->is_pumping = TRUE;
  while (admission->n_running < admission->max_requests && admission->ring.length > 0) {
    Host *host = g_queue_peek_head (&admission->ring);
    update_ring (admission, host);
    if (host->is_in_ring)
      begin_next (admission, host);
  }
  admission->is_pumping = FALSE;
}

/* ---- tickets ---- */

static Host *
find_host (UsAdmission *admission, const char *name) {
  Host *host = g_hash_table_lookup (admission->hosts, name);
  if (host != NULL)
    return host;
  host = g_new0 (Host, 1);
  host->name = g_strdup (name);
  host->lanes = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, lane_free);
  host->link.data = host->suspect_link.data = host;
  g_hash_table_insert (admission->hosts, host->name, host);
  return host;
}

static Lane *
find_lane (Host *host, const char *stream) {
  Lane *lane = g_hash_table_lookup (host->lanes, stream);
  if (lane != NULL)
    return lane;
  lane = g_new0 (Lane, 1);
  lane->host = host;
  lane->stream = g_strdup (stream);
  lane->link.data = lane;
  g_hash_table_insert (host->lanes, lane->stream, lane);
  return lane;
}

/* A host is worth remembering while something is asked of it, or as long as it is suspect. */
static void
forget_idle (UsAdmission *admission, Host *host, Lane *lane) {
  if (lane->n_running == 0 && lane->tickets.length == 0)
    g_hash_table_remove (host->lanes, lane->stream);
  if (g_hash_table_size (host->lanes) > 0)
    return;
  if (host->is_suspect && g_hash_table_size (admission->hosts) <= US_ADMISSION_MAX_HOSTS)
    return;
  if (host->is_suspect)
    g_queue_unlink (&admission->suspects, &host->suspect_link);
  g_hash_table_remove (admission->hosts, host->name);
}

/**
 * us_admission_enter:
 * @ticket: (inout): idle
 */
void
us_admission_enter (UsAdmission *admission, UsTicket *ticket, const char *name, const char *stream,
                    guint most) {
  g_return_if_fail (ticket->state == US_TICKET_IDLE);
  Host *host = find_host (admission, name);
  host->most = MIN (most, admission->max_per_host);
  Lane *lane = find_lane (host, stream);
  ticket->state = US_TICKET_WAITING;
  ticket->lane = lane;
  ticket->link = (GList){ .data = ticket };
  if (lane->tickets.length == 0)
    g_queue_push_tail_link (&host->waiting, &lane->link);
  g_queue_push_tail_link (&lane->tickets, &ticket->link);
  host->n_waiting++;
  admission->n_waiting++;
  update_ring (admission, host);
  pump (admission);
}

static void
set_suspect (UsAdmission *admission, Host *host, gboolean is_suspect) {
  if (host->is_suspect == is_suspect)
    return;
  host->is_suspect = is_suspect;
  if (is_suspect) {
    admission->n_of_suspects += host->n_running;
    g_queue_push_tail_link (&admission->suspects, &host->suspect_link);
  } else {
    admission->n_of_suspects -= host->n_running;
    g_queue_unlink (&admission->suspects, &host->suspect_link);
  }
}

static void
end_running (UsAdmission *admission, Lane *lane, UsLeft how) {
  Host *host = lane->host;
  gboolean was_suspect = host->is_suspect;
  lane->n_running--;
  host->n_running--;
  admission->n_running--;
  admission->n_of_suspects -= was_suspect ? 1 : 0;
  if (how != US_LEFT_UNWANTED)
    set_suspect (admission, host, how == US_LEFT_HUNG);
  if (was_suspect || host->is_suspect)
    update_suspects (admission);
}

/**
 * us_admission_leave:
 * @ticket: (inout): may be idle: then nothing happens
 * @how: %US_LEFT_UNWANTED says nothing about the host
 */
void
us_admission_leave (UsAdmission *admission, UsTicket *ticket, UsLeft how) {
  Lane *lane = ticket->lane;
  if (ticket->state == US_TICKET_IDLE)
    return;
  Host *host = lane->host;
  if (ticket->state == US_TICKET_WAITING)
    remove_from_lane (admission, ticket);
  else
    end_running (admission, lane, how);
  ticket->state = US_TICKET_IDLE;
  ticket->lane = NULL;
  update_ring (admission, host);
  forget_idle (admission, host, lane);
  pump (admission);
}

gboolean
us_admission_is_suspect (const UsAdmission *admission, const char *name) {
  const Host *host = g_hash_table_lookup (admission->hosts, name);
  return host != NULL && host->is_suspect;
}

void
us_admission_get_counts (const UsAdmission *admission, guint *n_running, guint *n_waiting) {
  *n_running = admission->n_running;
  *n_waiting = admission->n_waiting;
}
