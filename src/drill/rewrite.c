/* rewrite.c - just enough HTTP to touch an answer, and the touching itself
 *
 * Pure: bytes in, bytes out; relay.c moves them. An answer that is rewritten loses its transfer
 * coding and gets its Content-Length anew; a playlist that is rewritten loses its entity tag as
 * well, since it names other bytes. A corrupted segment keeps every header as the origin sent it:
 * that is what corruption on the way looks like.
 */
#include "drill/rewrite.h"

#include <stdlib.h>
#include <string.h>

#define HEAD_END "\r\n\r\n"

/* Overwritten bytes of a corrupted body: enough to hide the starts of several packets. */
#define CORRUPT_BYTES 600
#define CORRUPT_WITH 0x5a

static const char *
find_head_end (const char *bytes, gsize size) {
  const char *end = memmem (bytes, size, HEAD_END, strlen (HEAD_END));
  return end != NULL ? end + strlen (HEAD_END) : NULL;
}

/**
 * us_rewrite_read_request:
 * @bytes: what a client has sent so far
 * @request: (out): filled in when the head is whole; free its path
 *
 * Bodies are not expected: origins are only read from.
 */
UsRewriteState
us_rewrite_read_request (const char *bytes, gsize size, UsRewriteRequest *request) {
  const char *end = find_head_end (bytes, MIN (size, US_REWRITE_MAX_HEAD));
  if (end == NULL)
    return size >= US_REWRITE_MAX_HEAD ? US_REWRITE_BROKEN : US_REWRITE_MORE;
  g_autofree char *line = g_strndup (bytes, (gsize)(strchr (bytes, '\r') - bytes));
  g_auto (GStrv) words = g_strsplit (line, " ", 4);
  if (g_strv_length (words) != 3 || words[1][0] != '/' || !g_str_has_prefix (words[2], "HTTP/1.")
      || (strcmp (words[0], "GET") != 0 && strcmp (words[0], "HEAD") != 0))
    return US_REWRITE_BROKEN;
  request->n_head = (gsize)(end - bytes);
  request->is_head = words[0][0] == 'H';
  request->path = g_strdup (words[1]);
  return US_REWRITE_WHOLE;
}

static gboolean
is_header (const char *line, const char *name) {
  gsize n = strlen (name);
  return g_ascii_strncasecmp (line, name, n) == 0 && line[n] == ':';
}

/* The lines of a head without their ends; the last, empty one is left out. */
static GStrv
split_head (const char *head, gsize n_head) {
  g_autofree char *text = g_strndup (head, n_head - strlen (HEAD_END));
  return g_strsplit (text, "\r\n", -1);
}

static const char *
find_header (char **lines, const char *name) {
  for (guint i = 1; lines[0] != NULL && lines[i] != NULL; i++) {
    if (is_header (lines[i], name))
      return g_strchug (lines[i] + strlen (name) + 1);
  }
  return NULL;
}

/**
 * us_rewrite_drop_header:
 * @head: a whole head
 * @name: of a header, without the colon
 *
 * Returns: (transfer full): the head without it
 */
char *
us_rewrite_drop_header (const char *head, gsize n_head, const char *name) {
  g_auto (GStrv) lines = split_head (head, n_head);
  g_autoptr (GString) out = g_string_new (NULL);
  for (guint i = 0; lines[i] != NULL; i++) {
    if (i == 0 || !is_header (lines[i], name))
      g_string_append_printf (out, "%s\r\n", lines[i]);
  }
  g_string_append (out, "\r\n");
  return g_string_free (g_steal_pointer (&out), FALSE);
}

/* ---- where an answer ends (RFC 9112 6.3) ---- */

static guint
status_of (const char *bytes) {
  return g_str_has_prefix (bytes, "HTTP/1.") && strlen (bytes) > 12
             ? (guint)g_ascii_strtoull (bytes + 9, NULL, 10)
             : 0;
}

/* Walks a chunked body; appends what it carries to @out. Returns its size on the wire. */
static UsRewriteState
walk_chunks (const char *body, gsize size, GByteArray *out, gsize *n_wire) {
  gsize at = 0;
  for (;;) {
    const char *line_end = memmem (body + at, size - at, "\r\n", 2);
    if (line_end == NULL)
      return size - at > 64 ? US_REWRITE_BROKEN : US_REWRITE_MORE;
    char *end = NULL;
    guint64 n = g_ascii_strtoull (body + at, &end, 16);
    if (end == body + at || n > US_REWRITE_MAX_ANSWER)
      return US_REWRITE_BROKEN;
    at = (gsize)(line_end - body) + 2;
    if (size - at < n + 2)
      return US_REWRITE_MORE;
    if (out != NULL)
      g_byte_array_append (out, (const guint8 *)body + at, (guint)n);
    at += n + 2; /* trailers are not understood: an origin sends none */
    if (n == 0) {
      *n_wire = at;
      return US_REWRITE_WHOLE;
    }
  }
}

typedef enum { BODY_NONE, BODY_LENGTH, BODY_CHUNKED, BODY_CLOSE } BodyKind;

static BodyKind
body_kind (char **lines, gboolean is_head, gsize *length) {
  guint status = status_of (lines[0]);
  const char *coding = find_header (lines, "Transfer-Encoding");
  const char *text = find_header (lines, "Content-Length");
  *length = 0;
  if (is_head || status == 304 || status == 204)
    return BODY_NONE;
  if (coding != NULL)
    return BODY_CHUNKED;
  if (text == NULL)
    return BODY_CLOSE;
  *length = (gsize)MIN (g_ascii_strtoull (text, NULL, 10), US_REWRITE_MAX_ANSWER + 1);
  return BODY_LENGTH;
}

/**
 * us_rewrite_find_end:
 * @bytes: what a server has sent since the request
 * @is_head: the request was a HEAD
 * @is_eof: nothing will follow
 * @n_message: (out): its size on the wire
 *
 * Returns: whether the answer is whole
 */
UsRewriteState
us_rewrite_find_end (const char *bytes, gsize size, gboolean is_head, gboolean is_eof,
                     gsize *n_message) {
  UsRewriteState lacking = is_eof ? US_REWRITE_BROKEN : US_REWRITE_MORE;
  const char *body = find_head_end (bytes, MIN (size, US_REWRITE_MAX_HEAD));
  gsize length, n_wire = 0;
  if (size > US_REWRITE_MAX_ANSWER)
    return US_REWRITE_BROKEN;
  if (body == NULL)
    return size >= US_REWRITE_MAX_HEAD ? US_REWRITE_BROKEN : lacking;
  gsize n_head = (gsize)(body - bytes);
  g_auto (GStrv) lines = split_head (bytes, n_head);
  if (status_of (lines[0]) < 200)
    return US_REWRITE_BROKEN; /* an interim answer: nobody asked for one */
  switch (body_kind (lines, is_head, &length)) {
  case BODY_NONE:
    break;
  case BODY_LENGTH:
    if (length > US_REWRITE_MAX_ANSWER)
      return US_REWRITE_BROKEN;
    if (size - n_head < length)
      return lacking;
    n_wire = length;
    break;
  case BODY_CHUNKED: {
    UsRewriteState state = walk_chunks (body, size - n_head, NULL, &n_wire);
    if (state != US_REWRITE_WHOLE)
      return state == US_REWRITE_MORE ? lacking : state;
    break;
  }
  case BODY_CLOSE:
  default:
    if (!is_eof)
      return US_REWRITE_MORE;
    n_wire = size - n_head;
    break;
  }
  *n_message = n_head + n_wire;
  return US_REWRITE_WHOLE;
}

/* ---- what faults do ---- */

/**
 * us_rewrite_date:
 *
 * Returns: (transfer full): an HTTP date (RFC 9110 5.6.7)
 */
char *
us_rewrite_date (gint64 wall_us) {
  static const char *const days[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };
  static const char *const months[]
      = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (wall_us / G_USEC_PER_SEC);
  return g_strdup_printf (
      "%s, %02d %s %04d %02d:%02d:%02d GMT", days[g_date_time_get_day_of_week (time) - 1],
      g_date_time_get_day_of_month (time), months[g_date_time_get_month (time) - 1],
      g_date_time_get_year (time), g_date_time_get_hour (time), g_date_time_get_minute (time),
      g_date_time_get_second (time));
}

/* "#EXT-X-PROGRAM-DATE-TIME:..." with another time; kept when it is none. */
static void
append_shifted (GString *out, const char *line, const char *tag, gint64 shift_ms) {
  g_autoptr (GTimeZone) utc = g_time_zone_new_utc ();
  g_autoptr (GDateTime) time = g_date_time_new_from_iso8601 (line + strlen (tag), utc);
  g_autoptr (GDateTime) shifted
      = time != NULL ? g_date_time_add (time, shift_ms * G_TIME_SPAN_MILLISECOND) : NULL;
  g_autoptr (GDateTime) plain = shifted != NULL ? g_date_time_to_utc (shifted) : NULL;
  if (plain == NULL) {
    g_string_append (out, line);
    return;
  }
  g_autofree char *text = g_date_time_format (plain, "%Y-%m-%dT%H:%M:%S");
  g_string_append_printf (out, "%s%s.%03dZ", tag, text, g_date_time_get_microsecond (plain) / 1000);
}

/* Cuts the last @n segments: each is its URI line and the tags since the URI before. */
static void
drop_segments (GPtrArray *lines, gint64 n) {
  for (; n > 0; n--) {
    guint last = lines->len, before;
    while (last > 0 && strchr ("#", *(char *)lines->pdata[last - 1]) != NULL)
      last--; /* strchr finds the end of an empty line as well */
    if (last == 0)
      return;
    for (before = last - 1; before > 0; before--) {
      const char *line = lines->pdata[before - 1];
      gboolean is_of_segment = g_str_has_prefix (line, "#EXTINF")
                               || g_str_has_prefix (line, "#EXT-X-PROGRAM-DATE-TIME")
                               || strcmp (line, "#EXT-X-DISCONTINUITY") == 0
                               || strcmp (line, "#EXT-X-GAP") == 0
                               || g_str_has_prefix (line, "#EXT-X-BYTERANGE");
      if (!is_of_segment)
        break;
    }
    g_ptr_array_remove_range (lines, before, last - before);
  }
}

/**
 * us_rewrite_playlist:
 * @text: a media playlist
 * @fault: behind, regress or clock; others leave it as it is
 *
 * Returns: (transfer full): what the origin of that fault would have said
 */
char *
us_rewrite_playlist (const char *text, const UsFault *fault) {
  static const char sequence[] = "#EXT-X-MEDIA-SEQUENCE:", date[] = "#EXT-X-PROGRAM-DATE-TIME:";
  g_auto (GStrv) split = g_strsplit (text, "\n", -1);
  g_autoptr (GPtrArray) lines = g_ptr_array_new ();
  g_autoptr (GString) out = g_string_new (NULL);
  for (guint i = 0; split[i] != NULL; i++)
    g_ptr_array_add (lines, g_strchomp (split[i]));
  if (fault->kind == US_FAULT_BEHIND)
    drop_segments (lines, fault->value);
  for (guint i = 0; i < lines->len; i++) {
    const char *line = lines->pdata[i];
    if (fault->kind == US_FAULT_CLOCK && g_str_has_prefix (line, date))
      append_shifted (out, line, date, fault->value);
    else if (fault->kind == US_FAULT_REGRESS && g_str_has_prefix (line, sequence))
      g_string_append_printf (
          out, "%s%" G_GINT64_FORMAT, sequence,
          MAX (g_ascii_strtoll (line + strlen (sequence), NULL, 10) - fault->value, 0));
    else
      g_string_append (out, line);
    if (i + 1 < lines->len || line[0] != '\0')
      g_string_append_c (out, '\n');
  }
  return g_string_free (g_steal_pointer (&out), FALSE);
}

static void
corrupt (GByteArray *body) {
  guint n = MIN (CORRUPT_BYTES, body->len / 2);
  memset (body->data + (body->len - n) / 2, CORRUPT_WITH, n);
}

/* Headers that a new body makes wrong are left out; the rest stays in its order. */
static void
append_head (GString *out, char **lines, const UsFault *fault, gint64 wall_us) {
  gboolean is_other_text = fault->kind >= US_FAULT_FROZEN;
  gint64 shift_us = fault->kind == US_FAULT_CLOCK ? fault->value * 1000 : 0;
  g_autofree char *date = us_rewrite_date (wall_us + shift_us);
  for (guint i = 0; lines[i] != NULL; i++) {
    if (i > 0
        && (is_header (lines[i], "Content-Length") || is_header (lines[i], "Transfer-Encoding")))
      continue;
    if (i > 0 && is_other_text && is_header (lines[i], "ETag"))
      continue;
    if (i > 0 && is_other_text
        && (is_header (lines[i], "Date") || is_header (lines[i], "Last-Modified")))
      g_string_append_printf (out, "%s: %s\r\n",
                              lines[i][0] == 'D' || lines[i][0] == 'd' ? "Date" : "Last-Modified",
                              date);
    else
      g_string_append_printf (out, "%s\r\n", lines[i]);
  }
}

/**
 * us_rewrite_answer:
 * @bytes: a whole answer
 * @fault: one for which us_fault_rewrites()
 * @wall_us: now, for fresh dates
 * @must_close: (out): the connection ends with these bytes
 *
 * Answers other than 200 and 206 are passed on as they are.
 *
 * Returns: (transfer full): what is sent instead
 */
GBytes *
us_rewrite_answer (const char *bytes, gsize size, const UsFault *fault, gint64 wall_us,
                   gboolean *must_close) {
  const char *body = find_head_end (bytes, size);
  gsize length, n_wire;
  *must_close = FALSE;
  if (body == NULL)
    return g_bytes_new (bytes, size);
  g_auto (GStrv) lines = split_head (bytes, (gsize)(body - bytes));
  guint status = status_of (lines[0]);
  if (status != 200 && status != 206)
    return g_bytes_new (bytes, size);
  g_autoptr (GByteArray) plain = g_byte_array_new ();
  gsize n_body = size - (gsize)(body - bytes);
  if (body_kind (lines, FALSE, &length) != BODY_CHUNKED)
    g_byte_array_append (plain, (const guint8 *)body, (guint)n_body);
  else if (walk_chunks (body, n_body, plain, &n_wire) != US_REWRITE_WHOLE)
    return g_bytes_new (bytes, size);

  gsize announced, sent;
  if (fault->kind == US_FAULT_CORRUPT)
    corrupt (plain);
  if (fault->kind == US_FAULT_BEHIND || fault->kind == US_FAULT_REGRESS
      || fault->kind == US_FAULT_CLOCK) {
    g_autofree char *text = g_strndup ((const char *)plain->data, plain->len);
    g_autofree char *other = us_rewrite_playlist (text, fault);
    g_byte_array_set_size (plain, 0);
    g_byte_array_append (plain, (const guint8 *)other, (guint)strlen (other));
  }
  announced = sent = plain->len;
  if (fault->kind == US_FAULT_TRUNCATE) {
    sent = announced / 2;
    *must_close = TRUE;
  }
  g_autoptr (GString) out = g_string_sized_new (sent + 1024);
  append_head (out, lines, fault, wall_us);
  g_string_append_printf (out, "Content-Length: %" G_GSIZE_FORMAT "\r\n\r\n", announced);
  g_string_append_len (out, (const char *)plain->data, (gssize)sent);
  return g_string_free_to_bytes (g_steal_pointer (&out));
}

/**
 * us_rewrite_status:
 *
 * Returns: (transfer full): a short answer with that status
 */
GBytes *
us_rewrite_status (guint status, gint64 wall_us) {
  g_autofree char *date = us_rewrite_date (wall_us);
  g_autofree char *body = g_strdup_printf ("status %u, by the relay of a drill\n", status);
  g_autofree char *text
      = g_strdup_printf ("HTTP/1.1 %u Drill\r\nDate: %s\r\nContent-Type: text/plain\r\n"
                         "Cache-Control: no-store\r\nContent-Length: %" G_GSIZE_FORMAT "\r\n\r\n%s",
                         status, date, strlen (body), body);
  return g_bytes_new (text, strlen (text));
}
