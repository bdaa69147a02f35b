/* trace.c - watches one request on its way, and keeps it from addresses it may not reach
 *
 * Listens to the network events of each hop's message in turn and takes the time of every step.
 * The event before a connection attempt brings the very socket and the address it is about to
 * connect to. That is where the address policy is enforced: a socket that may not go there is
 * closed, so that no packet leaves, and the next address of the name gets its chance. Between this
 * judgement and the connection nothing is resolved again. A connection that is open already is
 * judged before a request goes out on it.
 *
 * Part of a fetch in client.c, which ends it.
 */
#include "http/trace.h"

#include <string.h>

static void
end_step (UsHttpTrace *trace, UsHttpStep step, gint64 now_us) {
  UsHttpFacts *facts = trace->facts;

  if (facts != NULL && facts->step == step && facts->step_us[step] < 0)
    facts->step_us[step] = now_us - trace->step_us;
}

static void
begin_step (UsHttpTrace *trace, UsHttpStep step, gint64 now_us) {
  if (trace->facts != NULL)
    trace->facts->step = step;
  trace->step_us = now_us;
}

/* ---- where it goes ---- */

static void
note_address (UsHttpTrace *trace, GSocketAddress *address) {
  if (trace->facts == NULL || !G_IS_INET_SOCKET_ADDRESS (address))
    return;
  g_free (trace->facts->address);
  trace->facts->address = g_inet_address_to_string (
      g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (address)));
}

static gboolean
may_go (UsHttpTrace *trace, GSocketAddress *address) {
  if (!trace->has_reach)
    return TRUE;
  g_autofree char *why = us_address_policy_check (&trace->reach, address);
  if (why == NULL)
    return TRUE;
  g_free (trace->forbidden);
  trace->forbidden = g_steal_pointer (&why);
  return FALSE;
}

/* Several attempts may overlap: the time of the step is that from the first. */
static void
on_connecting (UsHttpTrace *trace, GIOStream *stream, gint64 now_us) {
  if (!G_IS_SOCKET_CONNECTION (stream))
    return;
  GSocketConnection *connection = G_SOCKET_CONNECTION (stream);
  g_autoptr (GSocketAddress) address = g_socket_connection_get_remote_address (connection, NULL);

  if (trace->facts->step != US_HTTP_STEP_CONNECT)
    begin_step (trace, US_HTTP_STEP_CONNECT, now_us);
  trace->is_fresh = TRUE;
  note_address (trace, address);
  if (address != NULL && may_go (trace, address))
    trace->n_tried++;
  else if (trace->has_reach)
    g_socket_close (g_socket_connection_get_socket (connection), NULL);
}

static void
on_network_event (SoupMessage *message, GSocketClientEvent event, GIOStream *stream,
                  gpointer user_data) {
  UsHttpTrace *trace = user_data;
  gint64 now_us = g_get_monotonic_time ();

  if (trace->facts == NULL)
    return;
  switch (event) {
  case G_SOCKET_CLIENT_RESOLVING:
    trace->is_fresh = TRUE;
    begin_step (trace, US_HTTP_STEP_RESOLVE, now_us);
    break;
  case G_SOCKET_CLIENT_RESOLVED:
    end_step (trace, US_HTTP_STEP_RESOLVE, now_us);
    break;
  case G_SOCKET_CLIENT_CONNECTING:
    on_connecting (trace, stream, now_us);
    break;
  case G_SOCKET_CLIENT_CONNECTED:
    end_step (trace, US_HTTP_STEP_CONNECT, now_us);
    break;
  case G_SOCKET_CLIENT_TLS_HANDSHAKING:
    begin_step (trace, US_HTTP_STEP_TLS, now_us);
    break;
  case G_SOCKET_CLIENT_TLS_HANDSHAKED:
    end_step (trace, US_HTTP_STEP_TLS, now_us);
    break;
  case G_SOCKET_CLIENT_PROXY_NEGOTIATING:
  case G_SOCKET_CLIENT_PROXY_NEGOTIATED:
  case G_SOCKET_CLIENT_COMPLETE:
  default:
    break;
  }
}

/* ---- certificates ---- */

static char *
words_of_flags (GTlsCertificateFlags flags) {
  static const struct {
    GTlsCertificateFlags flag;
    const char *words;
  } table[] = {
    { G_TLS_CERTIFICATE_EXPIRED, "it has expired" },
    { G_TLS_CERTIFICATE_NOT_ACTIVATED, "it is not valid yet" },
    { G_TLS_CERTIFICATE_BAD_IDENTITY, "it is for another host" },
    { G_TLS_CERTIFICATE_UNKNOWN_CA, "its authority is not known" },
    { G_TLS_CERTIFICATE_REVOKED, "it was revoked" },
    { G_TLS_CERTIFICATE_INSECURE, "its algorithm is not secure" },
    { G_TLS_CERTIFICATE_GENERIC_ERROR, "it cannot be checked" },
  };
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    if (flags & table[i].flag)
      g_string_append_printf (text, "%s%s", text->len > 0 ? ", " : "", table[i].words);
  return g_string_free (text, FALSE);
}

static void
note_certificate (UsHttpTrace *trace, GTlsCertificate *certificate) {
  g_autoptr (GDateTime) until
      = certificate != NULL ? g_tls_certificate_get_not_valid_after (certificate) : NULL;

  if (until != NULL && trace->facts != NULL)
    trace->facts->certificate_until_s = g_date_time_to_unix (until);
}

static gboolean
on_accept_certificate (SoupMessage *message, GTlsCertificate *certificate,
                       GTlsCertificateFlags errors, gpointer user_data) {
  UsHttpTrace *trace = user_data;

  note_certificate (trace, certificate);
  if (trace->facts != NULL) {
    g_free (trace->facts->certificate_problem);
    trace->facts->certificate_problem = words_of_flags (errors);
  }
  return FALSE;
}

/* ---- what came ---- */

static char *
copy_header (SoupMessageHeaders *headers, const char *name) {
  return g_strdup (soup_message_headers_get_list (headers, name));
}

static char *
join_cache_headers (SoupMessageHeaders *headers) {
  static const char *const names[] = { "X-Cache", "X-Cache-Status", "CF-Cache-Status" };
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    const char *value = soup_message_headers_get_list (headers, names[i]);

    if (value != NULL)
      g_string_append_printf (text, "%s%s", text->len > 0 ? ", " : "", value);
  }
  return text->len > 0 ? g_string_free (g_steal_pointer (&text), FALSE) : NULL;
}

static void
copy_headers (UsHttpFacts *facts, SoupMessageHeaders *headers) {
  facts->age = copy_header (headers, "Age");
  facts->via = copy_header (headers, "Via");
  facts->cache_status = copy_header (headers, "Cache-Status");
  facts->cache_control = copy_header (headers, "Cache-Control");
  facts->content_encoding = copy_header (headers, "Content-Encoding");
  facts->allow_origin = copy_header (headers, "Access-Control-Allow-Origin");
  facts->retry_after = copy_header (headers, "Retry-After");
  facts->last_modified = copy_header (headers, "Last-Modified");
  facts->date = copy_header (headers, "Date");
  facts->server = copy_header (headers, "Server");
  facts->served_by = copy_header (headers, "X-Served-By");
  facts->x_cache = join_cache_headers (headers);
  if (soup_message_headers_get_encoding (headers) == SOUP_ENCODING_CONTENT_LENGTH)
    facts->declared_bytes = soup_message_headers_get_content_length (headers);
}

static void
forget_hop (UsHttpTrace *trace) {
  if (trace->message != NULL)
    g_signal_handlers_disconnect_by_data (trace->message, trace);
  trace->message = NULL;
}

static UsHttpFacts *
facts_new (void) {
  UsHttpFacts *facts = g_new0 (UsHttpFacts, 1);

  for (guint i = 0; i < US_HTTP_N_STEPS; i++)
    facts->step_us[i] = -1;
  facts->declared_bytes = -1;
  return facts;
}

/**
 * us_http_trace_init:
 * @reach: (nullable): where it may go; copied; %NULL: anywhere
 */
void
us_http_trace_init (UsHttpTrace *trace, const UsHttpReach *reach) {
  memset (trace, 0, sizeof *trace);
  trace->has_reach = reach != NULL;
  if (reach != NULL)
    trace->reach = *reach;
  trace->facts = facts_new ();
  trace->begun_us = trace->hop_us = trace->step_us = g_get_monotonic_time ();
}

void
us_http_trace_clear (UsHttpTrace *trace) {
  forget_hop (trace);
  g_clear_pointer (&trace->facts, us_http_facts_free);
  g_clear_pointer (&trace->forbidden, g_free);
}

/**
 * us_http_trace_begin_hop:
 * @message: not yet sent; watched until the next hop, the end, or us_http_trace_clear()
 */
void
us_http_trace_begin_hop (UsHttpTrace *trace, SoupMessage *message) {
  gint64 now_us = g_get_monotonic_time ();
  guint n_redirects = trace->facts->n_redirects;

  if (trace->message != NULL) {
    n_redirects++;
    us_http_facts_free (trace->facts);
    trace->facts = facts_new ();
    trace->facts->n_redirects = n_redirects;
    trace->facts->redirect_us = now_us - trace->begun_us;
  }
  forget_hop (trace);
  trace->message = message;
  trace->hop_us = trace->step_us = now_us;
  trace->first_byte_us = 0;
  trace->n_tried = 0;
  trace->is_fresh = FALSE;
  g_clear_pointer (&trace->forbidden, g_free);
  soup_message_add_flags (message, SOUP_MESSAGE_COLLECT_METRICS);
  g_signal_connect (message, "network-event", G_CALLBACK (on_network_event), trace);
  g_signal_connect (message, "accept-certificate", G_CALLBACK (on_accept_certificate), trace);
}

/**
 * us_http_trace_send:
 *
 * A connection stands and the request is about to be written.
 *
 * Returns: whether it may be
 */
gboolean
us_http_trace_send (UsHttpTrace *trace) {
  GSocketAddress *address = soup_message_get_remote_address (trace->message);

  begin_step (trace, US_HTTP_STEP_WAIT, g_get_monotonic_time ());
  trace->facts->is_reused = !trace->is_fresh;
  if (address != NULL)
    note_address (trace, address);
  note_certificate (trace, soup_message_get_tls_peer_certificate (trace->message));
  if (!trace->has_reach || (address != NULL && may_go (trace, address)))
    return TRUE;
  trace->n_tried = 0;
  if (trace->forbidden == NULL)
    trace->forbidden = g_strdup ("where it would go is not known");
  return FALSE;
}

/**
 * us_http_trace_answered:
 *
 * The header is whole.
 */
void
us_http_trace_answered (UsHttpTrace *trace) {
  SoupMessageMetrics *metrics = soup_message_get_metrics (trace->message);
  gint64 now_us = g_get_monotonic_time ();
  gint64 first_us = metrics != NULL ? (gint64)soup_message_metrics_get_response_start (metrics) : 0;

  trace->first_byte_us = first_us >= trace->step_us ? first_us : now_us;
  end_step (trace, US_HTTP_STEP_WAIT, trace->first_byte_us);
  begin_step (trace, US_HTTP_STEP_BODY, trace->first_byte_us);
  if (trace->facts != NULL)
    copy_headers (trace->facts, soup_message_get_response_headers (trace->message));
}

/**
 * us_http_trace_end:
 * @n_wire_bytes: of the body
 *
 * The fetch is over, one way or the other.
 */
void
us_http_trace_end (UsHttpTrace *trace, gsize n_wire_bytes) {
  gint64 now_us = g_get_monotonic_time ();

  forget_hop (trace);
  if (trace->facts == NULL)
    return;
  end_step (trace, trace->facts->step, now_us);
  trace->facts->total_us = now_us - trace->begun_us;
  trace->facts->n_wire_bytes = n_wire_bytes;
}

/* Whether the policy is why no connection came about: no address was left to try. */
gboolean
us_http_trace_is_forbidden (const UsHttpTrace *trace) {
  return trace->forbidden != NULL && trace->n_tried == 0;
}
