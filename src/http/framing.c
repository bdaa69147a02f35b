/* framing.c - is the header of a request whole, and can it be read in one way only?
 *
 * Looked at before libsoup sees a byte. A cache or proxy in front may frame a sloppy request
 * otherwise than libsoup does, and what one of them takes for a body the other takes for a request
 * (request smuggling). libsoup 3.2 accepts length and chunks together, and loses memory with each
 * transfer encoding it does not know; so everything that RFC 9112 leaves to taste is refused here.
 *
 * Pure functions of bytes.
 */
#include "http/framing.h"

#include <string.h>

typedef struct {
  const char *data;
  gsize size;
} Text;

gsize
us_framing_find_end (const char *data, gsize size) {
  const char *p = data, *end = data + size;

  while ((p = memchr (p, '\n', (gsize)(end - p))) != NULL) {
    p++;
    if (p < end && p[0] == '\n')
      return (gsize)(p + 1 - data);
    if (p + 1 < end && p[0] == '\r' && p[1] == '\n')
      return (gsize)(p + 2 - data);
  }
  return 0;
}

/* RFC 9110 5.6.2 */
static gboolean
is_token_char (char c) {
  return g_ascii_isalnum (c) || (c != '\0' && strchr ("!#$%&'*+-.^_`|~", c) != NULL);
}

/* Cuts the next line, which must end in CRLF and hold no other CR, LF or NUL. */
static gboolean
next_line (Text *rest, Text *line) {
  const char *lf = memchr (rest->data, '\n', rest->size);

  if (lf == NULL || lf == rest->data || lf[-1] != '\r')
    return FALSE;
  line->data = rest->data;
  line->size = (gsize)(lf - 1 - rest->data);
  rest->size -= (gsize)(lf + 1 - rest->data);
  rest->data = lf + 1;
  return memchr (line->data, '\r', line->size) == NULL
         && memchr (line->data, '\0', line->size) == NULL;
}

/* "METHOD target HTTP/1.x" with single spaces (RFC 9112 3). */
static gboolean
judge_request_line (const Text *line, gboolean *is_http_1_0) {
  static const char version[] = " HTTP/1.";
  const char *p = line->data, *end = line->data + line->size, *target;
  gsize n_version = sizeof version; /* and one digit */

  while (p < end && (g_ascii_isupper (*p) || *p == '-' || *p == '_'))
    p++;
  if (p == line->data || p - line->data > 32 || p == end || *p != ' ')
    return FALSE;
  target = ++p;
  while (p < end && (guchar)*p > ' ' && *p != 0x7f)
    p++;
  if (p == target || p - target > US_FRAMING_MAX_TARGET)
    return FALSE;
  if ((gsize)(end - p) != n_version || memcmp (p, version, n_version - 1) != 0)
    return FALSE;
  *is_http_1_0 = end[-1] == '0';
  return end[-1] == '0' || end[-1] == '1';
}

typedef struct {
  guint n_host, n_length, n_encoding;
  guint64 length;
} Fields;

static gboolean
is_named (const Text *name, const char *expected) {
  return name->size == strlen (expected)
         && g_ascii_strncasecmp (name->data, expected, name->size) == 0;
}

static gboolean
read_length (const Text *value, guint64 *length) {
  *length = 0;
  if (value->size == 0 || value->size > 18)
    return FALSE;
  for (gsize i = 0; i < value->size; i++) {
    if (!g_ascii_isdigit (value->data[i]))
      return FALSE;
    *length = *length * 10 + (guint64)(value->data[i] - '0');
  }
  return TRUE;
}

static gboolean
is_host (const Text *value) {
  for (gsize i = 0; i < value->size; i++)
    if (!g_ascii_isalnum (value->data[i]) && strchr (".-_:[]%", value->data[i]) == NULL)
      return FALSE;
  return value->size > 0;
}

/* "Name: value"; no folding, no space before the colon (RFC 9112 5). */
static gboolean
judge_field (const Text *line, Fields *fields) {
  Text name = { line->data, 0 }, value;

  while (name.size < line->size && is_token_char (name.data[name.size]))
    name.size++;
  if (name.size == 0 || name.size == line->size || name.data[name.size] != ':')
    return FALSE;
  value.data = name.data + name.size + 1;
  value.size = line->size - name.size - 1;
  while (value.size > 0 && (value.data[0] == ' ' || value.data[0] == '\t')) {
    value.data++;
    value.size--;
  }
  while (value.size > 0
         && (value.data[value.size - 1] == ' ' || value.data[value.size - 1] == '\t'))
    value.size--;

  if (is_named (&name, "Host")) {
    fields->n_host++;
    return is_host (&value);
  }
  if (is_named (&name, "Content-Length")) {
    fields->n_length++;
    return read_length (&value, &fields->length);
  }
  if (is_named (&name, "Transfer-Encoding")) {
    fields->n_encoding++;
    return is_named (&value, "chunked");
  }
  return TRUE;
}

/**
 * us_framing_judge:
 * @header: a header as found by us_framing_find_end()
 * @max_body: largest Content-Length that is accepted
 *
 * RFC 9112 2.2, 3, 3.2, 5, 6.1 and 6.3, each on its strict side.
 *
 * Returns: 0 when the request may pass, else 400 or 413
 */
guint
us_framing_judge (const char *header, gsize size, guint64 max_body) {
  Text rest = { header, size }, line;
  Fields fields = { 0 };
  gboolean is_http_1_0;
  guint n_fields = 0;

  if (!next_line (&rest, &line) || !judge_request_line (&line, &is_http_1_0))
    return 400;
  while (TRUE) {
    if (!next_line (&rest, &line))
      return 400;
    if (line.size == 0)
      break;
    if (++n_fields > US_FRAMING_MAX_FIELDS || !judge_field (&line, &fields))
      return 400;
  }
  if (rest.size != 0 || fields.n_host > 1 || (fields.n_host == 0 && !is_http_1_0))
    return 400;
  if (fields.n_length + fields.n_encoding > 1 || (fields.n_encoding > 0 && is_http_1_0))
    return 400;
  return fields.length > max_body ? 413 : 0;
}
