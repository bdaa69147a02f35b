/* test-framing.c - which headers src/http/framing.c lets pass */
#include "http/framing.h"

#include <string.h>

static void
test_find_end (void) {
  static const struct {
    const char *text;
    gsize expected;
  } rows[] = {
    { "", 0 },
    { "GET / HTTP/1.1", 0 },
    { "GET / HTTP/1.1\r\n", 0 },
    { "GET / HTTP/1.1\r\nA: b\r\n\r", 0 },
    { "GET / HTTP/1.1\r\nA: b\r\n\r\n", 24 },
    { "GET / HTTP/1.1\r\nA: b\r\n\r\nrest\r\n\r\n", 24 },
    { "GET / HTTP/1.1\n\nrest", 16 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmpuint (us_framing_find_end (rows[i].text, strlen (rows[i].text)), ==,
                      rows[i].expected);
}

#define GET "GET / HTTP/1.1\r\nHost: a\r\n"
#define POST "POST / HTTP/1.1\r\nHost: a\r\n"

static void
test_judge (void) {
  static const struct {
    const char *text;
    guint expected;
  } rows[] = {
    { GET "\r\n", 0 },
    { GET "X-Empty:\r\nCookie: a=b; c\r\nAccept: */*\r\n\r\n", 0 },
    { "GET / HTTP/1.0\r\n\r\n", 0 },
    { "M-SEARCH * HTTP/1.1\r\nHost: [::1%25lo]:80\r\n\r\n", 0 },
    { POST "Content-Length: 100\r\n\r\n", 0 },
    { POST "content-length:  7 \r\n\r\n", 0 },
    { POST "Transfer-Encoding: Chunked\r\n\r\n", 0 },
    { POST "Content-Length: 101\r\n\r\n", 413 },
    { POST "Content-Length: 999999999999999999\r\n\r\n", 413 },
    /* two ways to read the length */
    { POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400 },
    { POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", 400 },
    { POST "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", 400 },
    { POST "Content-Length: 5, 5\r\n\r\n", 400 },
    { POST "Content-Length: +5\r\n\r\n", 400 },
    { POST "Content-Length: -5\r\n\r\n", 400 },
    { POST "Content-Length: 0x5\r\n\r\n", 400 },
    { POST "Content-Length:\r\n\r\n", 400 },
    { POST "Content-Length: 18446744073709551621\r\n\r\n", 400 },
    { POST "Content-Length : 5\r\n\r\n", 400 },
    { POST "Transfer-Encoding: identity\r\n\r\n", 400 },
    { POST "Transfer-Encoding: gzip, chunked\r\n\r\n", 400 },
    { POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400 },
    { POST "Transfer-Encoding: chunked\r\n identity\r\n\r\n", 400 },
    { POST "Transfer-Encoding:\vchunked\r\n\r\n", 400 },
    { "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400 },
    /* host */
    { "GET / HTTP/1.1\r\n\r\n", 400 },
    { GET "Host: b\r\n\r\n", 400 },
    { "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400 },
    { "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400 },
    { "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400 },
    { "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400 },
    /* lines */
    { "GET / HTTP/1.1\nHost: a\n\n", 400 },
    { GET "A: b\nC: d\r\n\r\n", 400 },
    { GET "A: b\rC: d\r\n\r\n", 400 },
    { GET "A: b\r\n folded\r\n\r\n", 400 },
    { GET " A: b\r\n\r\n", 400 },
    { GET "A b: c\r\n\r\n", 400 },
    { GET ": c\r\n\r\n", 400 },
    { GET "no colon\r\n\r\n", 400 },
    /* request line */
    { "get / HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
    { "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
    { "GET /  HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
    { "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400 },
    { "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 400 },
    { "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 400 },
    { "GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400 },
    { "GET /\r\nHost: a\r\n\r\n", 400 },
    { "GET HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
    { "\r\n", 400 },
    { "NONSENSE\r\n\r\n", 400 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *escaped = g_strescape (rows[i].text, NULL);
    gsize size = strlen (rows[i].text);
    /* an exact copy, so that a sanitizer sees any byte too far */
    g_autofree char *copy = g_memdup2 (rows[i].text, size);

    g_test_message ("%s", escaped);
    g_assert_cmpuint (us_framing_judge (copy, size, 100), ==, rows[i].expected);
  }
}

static void
test_limits (void) {
  g_autofree char *long_target = g_strnfill (US_FRAMING_MAX_TARGET, 'x');
  g_autoptr (GString) header = g_string_new (NULL);

  g_string_printf (header, "GET /%s HTTP/1.0\r\n\r\n", long_target);
  g_assert_cmpuint (us_framing_judge (header->str, header->len, 0), ==, 400);
  long_target[US_FRAMING_MAX_TARGET - 1] = '\0';
  g_string_printf (header, "GET /%s HTTP/1.0\r\n\r\n", long_target);
  g_assert_cmpuint (us_framing_judge (header->str, header->len, 0), ==, 0);

  g_string_assign (header, "GET / HTTP/1.0\r\n");
  for (guint i = 0; i < US_FRAMING_MAX_FIELDS; i++)
    g_string_append (header, "A: b\r\n");
  g_string_append (header, "\r\n");
  g_assert_cmpuint (us_framing_judge (header->str, header->len, 0), ==, 0);
  g_string_insert (header, 16, "A: b\r\n");
  g_assert_cmpuint (us_framing_judge (header->str, header->len, 0), ==, 400);
  g_assert_cmpuint (us_framing_judge ("GET / HTTP/1.0\r\nA: \0\r\n\r\n", 24, 0), ==, 400);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/http/framing/find-end", test_find_end);
  g_test_add_func ("/http/framing/judge", test_judge);
  g_test_add_func ("/http/framing/limits", test_limits);
  return g_test_run ();
}
