/* relay.c - accepts on loopback, forwards to one origin, and does what the fault of the hour says
 *
 * A link is one connection of a client with at most one to the origin. Without a fault it only
 * finds where a request begins; the answer passes as it comes. A fault that rewrites answers makes
 * it gather the whole of one first (rewrite.c). What a fault does to an answer is decided when the
 * first byte of the answer comes, so that a request that was held by the origin when the fault
 * began is met as well.
 *
 * While it refuses, the port stays taken by a second socket that never listens, so that nobody else
 * gets it and the kernel answers every attempt with a reset.
 *
 * Everything happens on the main context of the thread that made it, without blocking. Limits: so
 * many links, a head of 32 KiB, an answer of 64 MiB while gathered, 256 KiB on the way otherwise,
 * two minutes without a byte.
 */
#define US_LOG_TOPIC "drill.relay"
#include "drill/relay.h"

#include <errno.h>
#include <gio/gnetworking.h>
#include <string.h>

#include "base/log.h"
#include "base/timer.h"
#include "drill/rewrite.h"

#define BACKLOG 64
#define MAX_DOWN (256 * 1024)
#define READ_BYTES 65536
#define IDLE_US (120 * G_TIME_SPAN_SECOND)
#define SWEEP_MS 5000
#define SLOW_TICK_MS 40

struct UsDrillRelay {
  GSocket *placeholder; /* bound, never listening */
  GSocket *listener;    /* nullable: while refusing */
  GSource *accept;      /* nullable */
  GSource *sweep;
  guint16 port;
  GSocketAddress *origin; /* nullable: not known yet */
  UsFault fault;
  char *one_path;     /* nullable: the path that a fault for one path has chosen */
  GHashTable *frozen; /* path without query to GBytes: what a frozen playlist answers */
  GPtrArray *links;   /* Link, owned */
  UsDrillRelayStats stats;
};

typedef struct {
  UsDrillRelay *relay;
  GSocket *client, *server;               /* server nullable */
  GSource *client_source, *server_source; /* nullable */
  GIOCondition client_mask, server_mask;  /* what they wait for */
  GSource *pause;                         /* nullable: slow */
  GByteArray *from_client, *up, *gathered, *down;
  char *path; /* nullable: of the request under way */
  gboolean is_head, is_connecting, is_waiting, is_decided, is_gathering;
  gboolean must_close; /* when @down is flushed */
  gint64 active_us, slow_since_us;
  gsize slow_sent;
} Link;

static void link_update (Link *link);

/* ---- a link's end ---- */

static void
clear_source (GSource **source) {
  if (*source != NULL)
    g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
close_server (Link *link) {
  clear_source (&link->server_source);
  link->server_mask = 0;
  link->is_connecting = FALSE;
  g_byte_array_set_size (link->up, 0);
  g_clear_object (&link->server); /* the last reference closes it */
}

static void
link_free (gpointer data) {
  Link *link = data;
  close_server (link);
  clear_source (&link->client_source);
  us_timer_stop (&link->pause);
  g_clear_object (&link->client);
  g_byte_array_unref (link->from_client);
  g_byte_array_unref (link->up);
  g_byte_array_unref (link->gathered);
  g_byte_array_unref (link->down);
  g_free (link->path);
  g_free (link);
}

static void
link_close (Link *link) {
  g_ptr_array_remove_fast (link->relay->links, link);
}

/* Closes so that the client sees a reset, not an end. */
static void
link_reset (Link *link) {
  struct linger now = { .l_onoff = 1, .l_linger = 0 };
  if (setsockopt (g_socket_get_fd (link->client), SOL_SOCKET, SO_LINGER, &now, sizeof now) != 0)
    us_debug ("cannot reset a connection: %s", g_strerror (errno));
  link_close (link);
}

/* ---- requests ---- */

static gboolean
is_met (UsDrillRelay *relay, const char *path) {
  if (!us_fault_is_about (&relay->fault, path))
    return FALSE;
  if (!relay->fault.is_one_path)
    return TRUE;
  g_autofree char *bare = g_strndup (path, strcspn (path, "?"));
  if (relay->one_path == NULL)
    relay->one_path = g_strdup (bare);
  return strcmp (relay->one_path, bare) == 0;
}

static void
append_bytes (GByteArray *out, GBytes *bytes) {
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  g_byte_array_append (out, data, (guint)size);
}

/* Answers without the origin, where the fault has that. */
static gboolean
answer_here (Link *link) {
  UsDrillRelay *relay = link->relay;
  if (!is_met (relay, link->path))
    return FALSE;
  if (relay->fault.kind == US_FAULT_STATUS) {
    g_autoptr (GBytes) answer = us_rewrite_status ((guint)relay->fault.value, g_get_real_time ());
    append_bytes (link->down, answer);
  } else if (relay->fault.kind == US_FAULT_FROZEN) {
    g_autofree char *bare = g_strndup (link->path, strcspn (link->path, "?"));
    GBytes *kept = g_hash_table_lookup (relay->frozen, bare);
    gboolean must_close;
    if (kept == NULL)
      return FALSE;
    g_autoptr (GBytes) answer
        = us_rewrite_answer (g_bytes_get_data (kept, NULL), g_bytes_get_size (kept), &relay->fault,
                             g_get_real_time (), &must_close);
    append_bytes (link->down, answer);
  } else {
    return FALSE;
  }
  relay->stats.n_touched++;
  link->is_waiting = FALSE;
  return TRUE;
}

static gboolean
connect_server (Link *link) {
  g_autoptr (GError) error = NULL;
  if (link->relay->origin == NULL)
    return FALSE;
  link->server = g_socket_new (g_socket_address_get_family (link->relay->origin),
                               G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, &error);
  if (link->server == NULL)
    return FALSE;
  g_socket_set_blocking (link->server, FALSE);
  g_socket_set_option (link->server, IPPROTO_TCP, TCP_NODELAY, 1, NULL);
  link->is_connecting = TRUE;
  return g_socket_connect (link->server, link->relay->origin, NULL, &error)
         || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PENDING);
}

/* Takes whole requests out of what the client has sent. Returns: FALSE: the link is of no use */
static gboolean
take_requests (Link *link) {
  while (link->from_client->len > 0) {
    UsRewriteRequest request = { 0 };
    const char *bytes = (const char *)link->from_client->data;
    UsRewriteState state = us_rewrite_read_request (bytes, link->from_client->len, &request);
    if (state != US_REWRITE_WHOLE)
      return state == US_REWRITE_MORE;
    g_free (link->path);
    link->path = request.path;
    link->is_head = request.is_head;
    link->is_waiting = TRUE;
    link->is_decided = link->is_gathering = FALSE;
    link->slow_sent = 0;
    link->slow_since_us = g_get_monotonic_time ();
    link->relay->stats.n_requests++;
    if (!answer_here (link)) {
      /* The origin must send the whole of what is to be rewritten, not "as you know it". */
      gboolean is_plain
          = !is_met (link->relay, link->path) || !us_fault_rewrites (&link->relay->fault);
      g_autofree char *head = is_plain
                                  ? g_strndup (bytes, request.n_head)
                                  : us_rewrite_drop_header (bytes, request.n_head, "If-None-Match");
      g_byte_array_append (link->up, (const guint8 *)head, (guint)strlen (head));
      if (link->server == NULL && !connect_server (link))
        return FALSE;
    }
    g_byte_array_remove_range (link->from_client, 0, (guint)request.n_head);
  }
  return TRUE;
}

/* ---- answers ---- */

static void
keep_frozen (Link *link) {
  GBytes *answer = g_bytes_new (link->gathered->data, link->gathered->len);
  g_hash_table_insert (link->relay->frozen, g_strndup (link->path, strcspn (link->path, "?")),
                       answer);
}

static void
pass_gathered (Link *link, gboolean is_whole) {
  UsDrillRelay *relay = link->relay;
  gboolean must_close = FALSE;
  if (is_whole && is_met (relay, link->path)) {
    if (relay->fault.kind == US_FAULT_FROZEN)
      keep_frozen (link);
    g_autoptr (GBytes) answer
        = us_rewrite_answer ((const char *)link->gathered->data, link->gathered->len, &relay->fault,
                             g_get_real_time (), &must_close);
    append_bytes (link->down, answer);
    relay->stats.n_touched++;
  } else {
    g_byte_array_append (link->down, link->gathered->data, link->gathered->len);
  }
  link->must_close = link->must_close || must_close || !is_whole;
  link->is_gathering = FALSE;
  g_byte_array_set_size (link->gathered, 0);
}

static void
take_answer (Link *link, const guint8 *bytes, gsize size) {
  gsize n_message;
  if (!link->is_decided) {
    link->is_decided = TRUE;
    gboolean is_touched = link->path != NULL && is_met (link->relay, link->path);
    link->is_gathering = is_touched && !link->is_head && us_fault_rewrites (&link->relay->fault);
    if (is_touched && link->relay->fault.kind == US_FAULT_SLOW)
      link->relay->stats.n_touched++;
  }
  link->is_waiting = FALSE;
  if (!link->is_gathering) {
    g_byte_array_append (link->down, bytes, (guint)size);
    return;
  }
  g_byte_array_append (link->gathered, bytes, (guint)size);
  UsRewriteState state = us_rewrite_find_end (
      (const char *)link->gathered->data, link->gathered->len, link->is_head, FALSE, &n_message);
  if (state != US_REWRITE_MORE)
    pass_gathered (link, state == US_REWRITE_WHOLE);
}

static void
take_server_end (Link *link) {
  gsize n_message;
  if (link->is_gathering)
    pass_gathered (link, us_rewrite_find_end ((const char *)link->gathered->data,
                                              link->gathered->len, link->is_head, TRUE, &n_message)
                             == US_REWRITE_WHOLE);
  close_server (link);
  link->must_close = TRUE;
}

/* ---- moving bytes: each returns FALSE when the link is gone ---- */

static gboolean
is_pending (const GError *error) {
  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
}

static gboolean
read_client (Link *link) {
  char buffer[READ_BYTES];
  g_autoptr (GError) error = NULL;
  gssize n = g_socket_receive (link->client, buffer, sizeof buffer, NULL, &error);
  if (n < 0 && is_pending (error))
    return TRUE;
  if (n > 0) {
    link->active_us = g_get_monotonic_time ();
    g_byte_array_append (link->from_client, (const guint8 *)buffer, (guint)n);
    if (take_requests (link))
      return TRUE;
    link_reset (link);
    return FALSE;
  }
  link_close (link);
  return FALSE;
}

static gboolean
read_server (Link *link) {
  char buffer[READ_BYTES];
  g_autoptr (GError) error = NULL;
  gssize n = g_socket_receive (link->server, buffer, sizeof buffer, NULL, &error);
  if (n < 0 && is_pending (error))
    return TRUE;
  if (n < 0) {
    link_reset (link);
    return FALSE;
  }
  link->active_us = g_get_monotonic_time ();
  if (n == 0)
    take_server_end (link);
  else
    take_answer (link, (const guint8 *)buffer, (gsize)n);
  return TRUE;
}

static gboolean
write_server (Link *link) {
  g_autoptr (GError) error = NULL;
  if (link->is_connecting) {
    if (!g_socket_check_connect_result (link->server, &error)) {
      link_reset (link); /* the origin is not there */
      return FALSE;
    }
    link->is_connecting = FALSE;
  }
  if (link->up->len == 0)
    return TRUE;
  gssize n
      = g_socket_send (link->server, (const char *)link->up->data, link->up->len, NULL, &error);
  if (n < 0 && is_pending (error))
    return TRUE;
  if (n < 0) {
    link_reset (link);
    return FALSE;
  }
  g_byte_array_remove_range (link->up, 0, (guint)n);
  return TRUE;
}

static gboolean
on_pause_over (gpointer data) {
  Link *link = data;
  us_timer_stop (&link->pause);
  link_update (link);
  return G_SOURCE_REMOVE;
}

/* How much may be sent now; when it is nothing, a timer calls again. */
static gsize
allowance (Link *link) {
  const UsFault *fault = &link->relay->fault;
  if (fault->kind != US_FAULT_SLOW || link->path == NULL || !is_met (link->relay, link->path))
    return link->down->len;
  gint64 since_us = g_get_monotonic_time () - link->slow_since_us;
  gsize total = (gsize)(since_us * fault->value / G_USEC_PER_SEC);
  gsize n = total > link->slow_sent ? MIN (total - link->slow_sent, link->down->len) : 0;
  if (n < link->down->len && link->pause == NULL)
    us_timer_start (&link->pause, SLOW_TICK_MS, "drill-relay-slow", on_pause_over, link);
  return n;
}

static gboolean
write_client (Link *link) {
  g_autoptr (GError) error = NULL;
  gsize n_allowed = allowance (link);
  if (n_allowed > 0) {
    gssize n
        = g_socket_send (link->client, (const char *)link->down->data, n_allowed, NULL, &error);
    if (n < 0 && !is_pending (error)) {
      link_close (link);
      return FALSE;
    }
    if (n > 0) {
      g_byte_array_remove_range (link->down, 0, (guint)n);
      link->slow_sent += (gsize)n;
    }
  }
  if (link->must_close && link->down->len == 0) {
    link_close (link);
    return FALSE;
  }
  return TRUE;
}

/* ---- waiting ---- */

static gboolean
on_ready (GSocket *socket, GIOCondition condition, gpointer data) {
  Link *link = data;
  gboolean is_client = socket == link->client;
  if (condition & (G_IO_IN | G_IO_HUP | G_IO_ERR)) {
    gboolean may_read = is_client || (!link->is_connecting && link->down->len < MAX_DOWN);
    if (may_read && !(is_client ? read_client (link) : read_server (link)))
      return G_SOURCE_REMOVE;
  }
  link_update (link);
  return G_SOURCE_CONTINUE;
}

static void
wait_for (Link *link, GSocket *socket, GSource **source, GIOCondition *mask, GIOCondition wanted) {
  if (*source != NULL && *mask == wanted)
    return;
  clear_source (source);
  *mask = wanted;
  if (wanted == 0)
    return;
  *source = g_socket_create_source (socket, wanted, NULL);
  g_source_set_static_name (*source, "drill-relay-link");
  g_source_set_callback (*source, G_SOURCE_FUNC (on_ready), link, NULL);
  g_source_attach (*source, g_main_context_get_thread_default ());
}

static void
hold (Link *link) {
  clear_source (&link->client_source);
  clear_source (&link->server_source);
  us_timer_stop (&link->pause);
}

/* Writes what can be written and waits for what is needed next. */
static void
link_update (Link *link) {
  if (link->relay->fault.kind == US_FAULT_BLACKHOLE) {
    hold (link);
    return;
  }
  if (link->server != NULL && !write_server (link))
    return;
  if (!write_client (link))
    return;
  gboolean has_more = link->down->len > 0 && link->pause == NULL;
  gboolean is_full = link->down->len >= MAX_DOWN;
  wait_for (link, link->client, &link->client_source, &link->client_mask,
            G_IO_IN | (has_more ? G_IO_OUT : 0));
  if (link->server != NULL)
    wait_for (link, link->server, &link->server_source, &link->server_mask,
              (link->is_connecting || link->up->len > 0 ? G_IO_OUT : 0)
                  | (is_full || link->is_connecting ? 0 : G_IO_IN));
}

/* ---- the listener ---- */

static gboolean
on_accept (GSocket *listener, GIOCondition condition, gpointer data) {
  UsDrillRelay *relay = data;
  g_autoptr (GSocket) client = g_socket_accept (listener, NULL, NULL);
  if (client == NULL || relay->links->len >= US_DRILL_RELAY_MAX_LINKS)
    return G_SOURCE_CONTINUE;
  Link *link = g_new0 (Link, 1);
  g_socket_set_blocking (client, FALSE);
  g_socket_set_option (client, IPPROTO_TCP, TCP_NODELAY, 1, NULL);
  link->relay = relay;
  link->client = g_steal_pointer (&client);
  link->from_client = g_byte_array_new ();
  link->up = g_byte_array_new ();
  link->gathered = g_byte_array_new ();
  link->down = g_byte_array_new ();
  link->active_us = g_get_monotonic_time ();
  g_ptr_array_add (relay->links, link);
  if (relay->fault.kind == US_FAULT_BLACKHOLE)
    relay->stats.n_touched++;
  link_update (link);
  return G_SOURCE_CONTINUE;
}

static GSocket *
bind_socket (guint16 port, GError **error) {
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new (loopback, port);
  g_autoptr (GSocket) socket
      = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, error);
  if (socket == NULL || !g_socket_bind (socket, address, TRUE, error))
    return NULL;
  return g_steal_pointer (&socket);
}

static gboolean
listen_now (UsDrillRelay *relay, GError **error) {
  g_autoptr (GSocket) socket = bind_socket (relay->port, error);
  if (socket == NULL)
    return FALSE;
  g_socket_set_listen_backlog (socket, BACKLOG);
  g_socket_set_blocking (socket, FALSE);
  if (!g_socket_listen (socket, error))
    return FALSE;
  relay->listener = g_steal_pointer (&socket);
  relay->accept = g_socket_create_source (relay->listener, G_IO_IN, NULL);
  g_source_set_static_name (relay->accept, "drill-relay-accept");
  g_source_set_callback (relay->accept, G_SOURCE_FUNC (on_accept), relay, NULL);
  g_source_attach (relay->accept, g_main_context_get_thread_default ());
  return TRUE;
}

static void
stop_listening (UsDrillRelay *relay) {
  clear_source (&relay->accept);
  g_clear_object (&relay->listener);
}

static gboolean
on_sweep (gpointer data) {
  UsDrillRelay *relay = data;
  gint64 now_us = g_get_monotonic_time ();
  for (guint i = relay->links->len; i > 0; i--) {
    Link *link = g_ptr_array_index (relay->links, i - 1);
    if (now_us - link->active_us > IDLE_US)
      link_close (link);
  }
  return G_SOURCE_CONTINUE;
}

/**
 * us_drill_relay_new:
 * @error: when no port of 127.0.0.1 can be had
 *
 * Returns: (transfer full): a relay that listens; until it knows its origin it resets whoever asks
 */
UsDrillRelay *
us_drill_relay_new (GError **error) {
  g_autoptr (UsDrillRelay) relay = g_new0 (UsDrillRelay, 1);
  relay->links = g_ptr_array_new_with_free_func (link_free);
  relay->frozen
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_bytes_unref);
  relay->placeholder = bind_socket (0, error);
  if (relay->placeholder == NULL)
    return NULL;
  g_autoptr (GSocketAddress) address = g_socket_get_local_address (relay->placeholder, error);
  if (address == NULL)
    return NULL;
  relay->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address));
  if (!listen_now (relay, error))
    return NULL;
  us_timer_start (&relay->sweep, SWEEP_MS, "drill-relay-sweep", on_sweep, relay);
  return g_steal_pointer (&relay);
}

guint16
us_drill_relay_get_port (const UsDrillRelay *relay) {
  return relay->port;
}

/**
 * us_drill_relay_set_origin:
 * @base_url: http, a numeric address or "localhost", with its port
 * @error: when it is something else
 *
 * Where links go from now on. The path is the client's matter.
 */
gboolean
us_drill_relay_set_origin (UsDrillRelay *relay, const char *base_url, GError **error) {
  g_autoptr (GUri) uri = g_uri_parse (base_url, G_URI_FLAGS_NONE, error);
  if (uri == NULL)
    return FALSE;
  const char *host = g_uri_get_host (uri);
  int port = g_uri_get_port (uri) > 0 ? g_uri_get_port (uri) : 80;
  if (g_strcmp0 (host, "localhost") == 0)
    host = "127.0.0.1";
  g_autoptr (GSocketAddress) address
      = host != NULL ? g_inet_socket_address_new_from_string (host, (guint)port) : NULL;
  if (address == NULL || g_strcmp0 (g_uri_get_scheme (uri), "http") != 0) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "'%.200s': a drill's relay needs http:// and a numeric address or localhost",
                 base_url);
    return FALSE;
  }
  g_set_object (&relay->origin, address);
  return TRUE;
}

/**
 * us_drill_relay_reset_links:
 *
 * Resets every connection that stands, as a crash of the origin would.
 */
void
us_drill_relay_reset_links (UsDrillRelay *relay) {
  relay->stats.n_touched += relay->links->len;
  while (relay->links->len > 0)
    link_reset (g_ptr_array_index (relay->links, relay->links->len - 1));
}

/**
 * us_drill_relay_set_fault:
 * @fault: (nullable): what happens from now on; %NULL: nothing
 * @error: when the port cannot be listened on again
 */
gboolean
us_drill_relay_set_fault (UsDrillRelay *relay, const UsFault *fault, GError **error) {
  static const UsFault none = { US_FAULT_NONE };
  relay->fault = fault != NULL ? *fault : none;
  g_clear_pointer (&relay->one_path, g_free);
  g_hash_table_remove_all (relay->frozen);
  if (relay->fault.kind == US_FAULT_REFUSE) {
    stop_listening (relay);
    us_drill_relay_reset_links (relay);
    return TRUE;
  }
  if (relay->listener == NULL && !listen_now (relay, error))
    return FALSE;
  g_autoptr (GPtrArray) links = g_ptr_array_new ();
  for (guint i = 0; i < relay->links->len; i++)
    g_ptr_array_add (links, relay->links->pdata[i]);
  if (relay->fault.kind == US_FAULT_BLACKHOLE)
    relay->stats.n_touched += links->len;
  for (guint i = 0; i < links->len; i++)
    link_update (links->pdata[i]); /* ends this link at most */
  return TRUE;
}

void
us_drill_relay_get_stats (const UsDrillRelay *relay, UsDrillRelayStats *stats) {
  *stats = relay->stats;
}

/**
 * us_drill_relay_free:
 * @relay: (transfer full) (nullable): ends with its links
 */
void
us_drill_relay_free (UsDrillRelay *relay) {
  if (relay == NULL)
    return;
  us_timer_stop (&relay->sweep);
  stop_listening (relay);
  g_clear_pointer (&relay->links, g_ptr_array_unref);
  g_clear_pointer (&relay->frozen, g_hash_table_unref);
  g_clear_object (&relay->placeholder);
  g_clear_object (&relay->origin);
  g_free (relay->one_path);
  g_free (relay);
}
