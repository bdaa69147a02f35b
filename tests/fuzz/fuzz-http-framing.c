/* fuzz-http-framing.c - any bytes as the header of a request
 *
 * libsoup is the judge of the judge: whatever we let pass, it must read in the same one way, since
 * a header that two parsers frame differently is how requests are smuggled. */
#include "http/framing.h"

#include <libsoup/soup.h>
#include <stdint.h>
#include <string.h>

#define MAX_BODY 1000

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* The first line that we would see as this header field; libsoup may not see another. */
static guint
count_fields (const char *header, gsize size, const char *name) {
  gsize n_name = strlen (name);
  guint n = 0;
  for (const char *p = header; (p = memchr (p, '\n', (gsize)(header + size - p))) != NULL;) {
    p++;
    if ((gsize)(header + size - p) > n_name && g_ascii_strncasecmp (p, name, n_name) == 0
        && p[n_name] == ':')
      n++;
  }
  return n;
}

static void
check_passed (const char *header, gsize size) {
  g_autoptr (SoupMessageHeaders) headers = soup_message_headers_new (SOUP_MESSAGE_HEADERS_REQUEST);
  g_autofree char *method = NULL, *path = NULL;
  SoupHTTPVersion version;
  /* Without the empty line, as the server's own reader calls it. */
  guint status
      = soup_headers_parse_request (header, (int)size - 2, headers, &method, &path, &version);
  /* What it does not expect it refuses itself, having read to the same end. */
  if (status == SOUP_STATUS_EXPECTATION_FAILED && count_fields (header, size, "Expect") > 0)
    return;
  if (status != SOUP_STATUS_OK)
    g_error ("passed, but libsoup says %u", status);
  gsize n_method = strlen (method), n_path = strlen (path);
  if (n_method + 1 + n_path + 1 > size || memcmp (header, method, n_method) != 0
      || memcmp (header + n_method + 1, path, n_path) != 0 || header[n_method + 1 + n_path] != ' ')
    g_error ("libsoup reads another request line");
  guint n_length = count_fields (header, size, "Content-Length");
  guint n_encoding = count_fields (header, size, "Transfer-Encoding");
  if (n_length + n_encoding > 1 || count_fields (header, size, "Host") > 1)
    g_error ("framed twice");
  SoupEncoding encoding = soup_message_headers_get_encoding (headers);
  SoupEncoding expected = n_encoding > 0 ? SOUP_ENCODING_CHUNKED
                          : n_length > 0 ? SOUP_ENCODING_CONTENT_LENGTH
                                         : SOUP_ENCODING_NONE;
  if (encoding != expected)
    g_error ("libsoup frames the body as %d instead of %d", encoding, expected);
  if (n_length > 0 && soup_message_headers_get_content_length (headers) > MAX_BODY)
    g_error ("a body beyond the limit");
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size) {
  g_autofree char *exact = size > 0 ? g_memdup2 (data, size) : g_malloc (1);
  gsize end = us_framing_find_end (exact, size);
  if (end > size)
    g_error ("an end behind the end");
  /* A header is whole at its last byte, and not one byte earlier. */
  if (end > 0 && us_framing_find_end (exact, end) != end)
    g_error ("the end is not where it is");
  if (end > 0 && us_framing_find_end (exact, end - 1) != 0)
    g_error ("the end was there before");
  g_autofree char *header = end > 0 ? g_memdup2 (exact, end) : NULL;
  guint status = end > 0 ? us_framing_judge (header, end, MAX_BODY) : 400;
  if (status != 0 && status != 400 && status != 413)
    g_error ("status %u", status);
  if (status == 0)
    check_passed (header, end);
  if (size > 0)
    (void)us_framing_judge (exact, size, MAX_BODY); /* and what is no whole header */
  return 0;
}
