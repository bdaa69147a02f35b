/* client-request.c - what a fetch asks: method, headers, range and body
 *
 * Copied from the caller's UsHttpFetch once, made into a message for every hop. What proves who we
 * are goes to the first hop only. Part of a fetch in client.c.
 */
#include "http/client-request.h"

#include <string.h>

#define TOKEN_MARKS "!#$%&'*+-.^_`|~"

/* RFC 9110 5.6.2 */
static gboolean
is_token (const char *text) {
  for (const char *p = text; *p != '\0'; p++)
    if (!g_ascii_isalnum (*p) && strchr (TOKEN_MARKS, *p) == NULL)
      return FALSE;
  return *text != '\0';
}

static gboolean
is_value (const char *text) {
  return strpbrk (text, "\r\n") == NULL;
}

/* What decides how the message is cut is ours. */
static gboolean
is_ours (const char *name) {
  static const char *const ours[]
      = { "Connection", "Content-Length", "Content-Type",      "Expect", "Host",
          "TE",         "Trailer",        "Transfer-Encoding", "Upgrade" };
  for (guint i = 0; i < G_N_ELEMENTS (ours); i++)
    if (g_ascii_strcasecmp (name, ours[i]) == 0)
      return TRUE;
  return FALSE;
}

static gboolean
add (GPtrArray *fields, const char *name, const char *value, char **problem) {
  if (value == NULL)
    return TRUE;
  if (!is_token (name) || is_ours (name) || !is_value (value)) {
    *problem = g_strdup_printf ("\"%.60s\" is no header that can be sent", name);
    return FALSE;
  }
  g_ptr_array_add (fields, g_strdup (name));
  g_ptr_array_add (fields, g_strdup (value));
  return TRUE;
}

/* RFC 9110 14.1 */
static char *
range_text (const UsHttpFetch *fetch) {
  if (fetch->range_from == 0 && fetch->range_length == 0)
    return NULL;
  if (fetch->range_length == 0)
    return g_strdup_printf ("bytes=%" G_GUINT64_FORMAT "-", fetch->range_from);
  return g_strdup_printf ("bytes=%" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT, fetch->range_from,
                          fetch->range_from + fetch->range_length - 1);
}

static gboolean
add_all (UsClientRequest *request, const UsHttpFetch *fetch, char **problem) {
  g_autofree char *range = range_text (fetch);
  const struct {
    GPtrArray *fields;
    const char *name, *value;
  } headers[] = {
    { request->common, "If-None-Match", fetch->if_none_match },
    { request->common, "If-Modified-Since", fetch->if_modified_since },
    { request->common, "Range", range },
    { request->common, "If-Range", range != NULL ? fetch->if_range : NULL },
    { request->common, "Accept-Encoding", fetch->accept_encoding },
    { request->common, "Origin", fetch->origin },
    { request->private, "Authorization", fetch->authorization },
    { request->private, "X-Understudy-User", fetch->user },
  };

  for (guint i = 0; i < G_N_ELEMENTS (headers); i++)
    if (!add (headers[i].fields, headers[i].name, headers[i].value, problem))
      return FALSE;
  for (const char *const *h = fetch->headers; h != NULL && h[0] != NULL && h[1] != NULL; h += 2)
    if (!add (request->private, h[0], h[1], problem))
      return FALSE;
  return TRUE;
}

/**
 * us_client_request_init:
 * @problem: (out) (nullable) (transfer full): why it cannot be sent
 *
 * Returns: whether it can; us_client_request_clear() it in any case
 */
gboolean
us_client_request_init (UsClientRequest *request, const UsHttpFetch *fetch, char **problem) {
  const char *type = fetch->json != NULL ? "application/json" : fetch->body_type;

  memset (request, 0, sizeof *request);
  *problem = NULL;
  request->common = g_ptr_array_new_with_free_func (g_free);
  request->private = g_ptr_array_new_with_free_func (g_free);
  request->body = fetch->json != NULL ? fetch->json : fetch->body;
  if (request->body != NULL)
    g_bytes_ref (request->body);
  request->body_type = g_strdup (type != NULL ? type : "application/octet-stream");
  request->method = g_strdup (fetch->method != NULL   ? fetch->method
                              : request->body != NULL ? "POST"
                                                      : "GET");
  request->range_from = fetch->range_from;
  request->range_length = fetch->range_length;
  if (!is_token (request->method) || !is_value (request->body_type)) {
    *problem = g_strdup ("no such method or content type");
    return FALSE;
  }
  return add_all (request, fetch, problem);
}

void
us_client_request_clear (UsClientRequest *request) {
  g_clear_pointer (&request->method, g_free);
  g_clear_pointer (&request->common, g_ptr_array_unref);
  g_clear_pointer (&request->private, g_ptr_array_unref);
  g_clear_pointer (&request->body, g_bytes_unref);
  g_clear_pointer (&request->body_type, g_free);
}

/* A body is not handed on to wherever a peer points. */
gboolean
us_client_request_may_redirect (const UsClientRequest *request) {
  return request->body == NULL
         && (strcmp (request->method, "GET") == 0 || strcmp (request->method, "HEAD") == 0);
}

static void
set_fields (SoupMessageHeaders *headers, GPtrArray *fields) {
  for (guint i = 0; i + 1 < fields->len; i += 2)
    soup_message_headers_replace (headers, g_ptr_array_index (fields, i),
                                  g_ptr_array_index (fields, i + 1));
}

/**
 * us_client_request_make:
 * @is_first_hop: no redirect has led here
 *
 * Returns: (transfer full): a message for @uri
 */
SoupMessage *
us_client_request_make (const UsClientRequest *request, GUri *uri, gboolean is_first_hop) {
  SoupMessage *message = soup_message_new_from_uri (request->method, uri);
  SoupMessageHeaders *headers = soup_message_get_request_headers (message);

  soup_message_add_flags (message, SOUP_MESSAGE_NO_REDIRECT);
  set_fields (headers, request->common);
  if (is_first_hop)
    set_fields (headers, request->private);
  if (request->body != NULL)
    soup_message_set_request_body_from_bytes (message, request->body_type, request->body);
  return message;
}

/**
 * us_client_request_check_range:
 * @headers: of a 206
 * @expected: (inout): bytes of the body, -1: not said; known afterwards, also of one in chunks
 *
 * Returns: whether it brings exactly the bytes that were asked for
 */
gboolean
us_client_request_check_range (const UsClientRequest *request, SoupMessageHeaders *headers,
                               goffset *expected) {
  goffset start, end, total;

  if ((request->range_from == 0 && request->range_length == 0)
      || !soup_message_headers_get_content_range (headers, &start, &end, &total) || start < 0
      || end < start || (guint64)start != request->range_from
      || (request->range_length > 0 ? (guint64)(end - start) + 1 != request->range_length
                                    : total >= 0 && end != total - 1)
      || (*expected >= 0 && *expected != end - start + 1))
    return FALSE;
  *expected = end - start + 1;
  return TRUE;
}
