/* message.c - what handlers see of a request, and say in a response
 *
 * Plain values. A request points into libsoup's message; a copy owns what it points to. A response
 * is filled by a handler and cleared by the server.
 */
#include "http/message.h"

#include <string.h>

#include "http/pending.h"

#define AT(member) G_STRUCT_OFFSET (UsHttpRequest, member)

/* Headers that a handler may want to know, and where they go. Two of what may be there once are
 * nobody's, since a proxy may have believed the other one: "" then. */
static const struct {
  const char *name;
  gsize offset;
  gboolean is_last_believed;
} headers[] = {
  { "If-None-Match", AT (if_none_match), TRUE },
  { "Authorization", AT (authorization), TRUE },
  { "If-Match", AT (if_match), FALSE },
  { "Accept", AT (accept), FALSE },
  { "Accept-Encoding", AT (accept_encoding), FALSE },
  { "Last-Event-ID", AT (last_event_id), FALSE },
  { "Idempotency-Key", AT (idempotency_key), FALSE },
  { "Content-Type", AT (content_type), FALSE },
  { "Host", AT (host), FALSE },
  { "Origin", AT (origin), FALSE },
  { "X-Understudy-User", AT (claimed_user), FALSE },
};

/* Every text of a request. */
static const gsize texts[] = {
  AT (method),       AT (path),          AT (query), AT (if_none_match), AT (if_match),
  AT (accept),       AT (last_event_id), AT (host),  AT (authorization), AT (idempotency_key),
  AT (content_type), AT (origin),        AT (peer),  AT (claimed_user),  AT (accept_encoding),
};

/**
 * us_http_request_note_header:
 * @value: must live as long as @request is used
 *
 * Returns: whether the header is one of those
 */
gboolean
us_http_request_note_header (UsHttpRequest *request, const char *name, const char *value) {
  for (guint i = 0; i < G_N_ELEMENTS (headers); i++) {
    if (g_ascii_tolower (name[0]) != g_ascii_tolower (headers[i].name[0])
        || g_ascii_strcasecmp (name, headers[i].name) != 0)
      continue;
    const char **place = G_STRUCT_MEMBER_P (request, headers[i].offset);
    *place = *place == NULL || headers[i].is_last_believed ? value : "";
    return TRUE;
  }
  return FALSE;
}

/**
 * us_http_request_copy:
 * @copy: (out): us_http_request_clear() it
 */
void
us_http_request_copy (UsHttpRequest *copy, const UsHttpRequest *request) {
  *copy = *request;
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    const char **place = G_STRUCT_MEMBER_P (copy, texts[i]);
    *place = g_strdup (*place);
  }
  if (copy->body != NULL)
    g_bytes_ref (copy->body);
}

void
us_http_request_clear (UsHttpRequest *copy) {
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    g_free (G_STRUCT_MEMBER (char *, copy, texts[i]));
  g_clear_pointer (&copy->body, g_bytes_unref);
  memset (copy, 0, sizeof *copy);
}

/**
 * us_http_response_add_header:
 * @name: not one of those that have a member of their own, or that cut the message
 * @value: control characters in it become spaces
 *
 * Sent in the order in which they were added.
 */
void
us_http_response_add_header (UsHttpResponse *response, const char *name, const char *value) {
  g_return_if_fail (name != NULL && *name != '\0' && strpbrk (name, " \t\r\n:") == NULL);
  g_return_if_fail (value != NULL);

  char *clean = g_strdup (value);
  for (char *p = clean; *p != '\0'; p++)
    if (g_ascii_iscntrl (*p))
      *p = ' ';
  if (response->headers == NULL)
    response->headers = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (response->headers, g_strdup (name));
  g_ptr_array_add (response->headers, clean);
}

void
us_http_response_clear (UsHttpResponse *response) {
  g_clear_pointer (&response->body, g_bytes_unref);
  g_clear_pointer (&response->etag, g_free);
  g_clear_pointer (&response->location, g_free);
  g_clear_pointer (&response->retry_after, g_free);
  g_clear_pointer (&response->headers, g_ptr_array_unref);
  g_clear_pointer (&response->pending, us_http_pending_unref);
  memset (response, 0, sizeof *response);
}
