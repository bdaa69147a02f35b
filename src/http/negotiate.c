/* negotiate.c - Range, If-None-Match and Accept-Encoding
 *
 * Pure functions of header text. Ranges are not left to libsoup: its code for them had several
 * security fixes after the version of Debian 12, and several ranges in one request cost more than
 * they are worth (RFC 9110 14.2 lets a server ignore them).
 */
#include "http/negotiate.h"

#include <string.h>

/* Digits only: no sign, no space, no overflow. Returns: the first character behind, or NULL. */
static const char *
parse_digits (const char *text, guint64 *value) {
  guint64 result = 0;
  const char *p = text;

  for (; g_ascii_isdigit (*p); p++) {
    if (p - text >= 18)
      return NULL;
    result = result * 10 + (guint64)(*p - '0');
  }
  *value = result;
  return p == text ? NULL : p;
}

/**
 * us_negotiate_range:
 * @header: (nullable): the Range header
 * @size: bytes of the whole representation
 * @first: (out): first byte to send
 * @last: (out): last byte to send, inclusive
 *
 * RFC 9110 14.1.2, one range of the unit bytes.
 *
 * Returns: %US_RANGE_PART with @first and @last set, or one of the others
 */
UsRange
us_negotiate_range (const char *header, gsize size, gsize *first, gsize *last) {
  guint64 from = 0, to = 0;
  const char *p;

  if (header == NULL || g_ascii_strncasecmp (header, "bytes=", 6) != 0)
    return US_RANGE_WHOLE;
  p = header + 6;

  if (*p == '-') {
    p = parse_digits (p + 1, &to);
    if (p == NULL || *p != '\0')
      return US_RANGE_WHOLE;
    if (to == 0 || size == 0)
      return US_RANGE_UNSATISFIABLE;
    *first = to >= size ? 0 : size - (gsize)to;
    *last = size - 1;
    return US_RANGE_PART;
  }

  p = parse_digits (p, &from);
  if (p == NULL || *p++ != '-')
    return US_RANGE_WHOLE;
  to = G_MAXUINT64;
  if (*p != '\0') {
    p = parse_digits (p, &to);
    if (p == NULL || *p != '\0' || to < from)
      return US_RANGE_WHOLE;
  }
  if (from >= size)
    return US_RANGE_UNSATISFIABLE;
  *first = (gsize)from;
  *last = to >= size ? size - 1 : (gsize)to;
  return US_RANGE_PART;
}

/* Whether @etag, with quotes, is in @list: "*" or entity tags (RFC 9110 13.1.1, 13.1.2). */
static gboolean
is_listed (const char *list, const char *etag, gboolean is_weak_enough) {
  const char *p = list + strspn (list, " \t");
  gsize length = strlen (etag);

  if (p[0] == '*' && p[1] == '\0')
    return TRUE;
  while (*p != '\0') {
    const char *start, *end;
    gboolean is_weak;

    p += strspn (p, " \t,");
    is_weak = p[0] == 'W' && p[1] == '/';
    p += is_weak ? 2 : 0;
    if (*p != '"')
      return FALSE;
    start = p;
    end = strchr (start + 1, '"');
    if (end == NULL)
      return FALSE;
    p = end + 1;
    if ((gsize)(p - start) == length && memcmp (start, etag, length) == 0
        && (is_weak_enough || !is_weak))
      return TRUE;
  }
  return FALSE;
}

/**
 * us_negotiate_etag_matches:
 * @if_none_match: (nullable): the header, "*" or a list of entity tags
 * @etag: (nullable): the current entity tag, with quotes
 *
 * RFC 9110 13.1.2 with the weak comparison of 8.8.3.2.
 *
 * Returns: %TRUE when 304 is the answer
 */
gboolean
us_negotiate_etag_matches (const char *if_none_match, const char *etag) {
  if (if_none_match == NULL || etag == NULL)
    return FALSE;
  return is_listed (if_none_match, g_str_has_prefix (etag, "W/") ? etag + 2 : etag, TRUE);
}

/**
 * us_negotiate_may_change:
 * @if_match: (nullable): the header, "*" or a list of entity tags
 * @etag: (nullable): the current entity tag, with quotes; %NULL: there is nothing yet
 *
 * RFC 9110 13.1.1 with the strong comparison.
 *
 * Returns: %FALSE when 412 is the answer
 */
gboolean
us_negotiate_may_change (const char *if_match, const char *etag) {
  if (if_match == NULL)
    return TRUE;
  return etag != NULL && is_listed (if_match, etag, FALSE);
}

#define MAX_CODINGS 32

/* @parameters: of a coding, behind its first ";": "q=0" and "q=0.000" are a no. */
static gboolean
is_refused (const char *parameters) {
  const char *p = parameters + strspn (parameters, " \t");
  if (g_ascii_tolower (p[0]) != 'q' || p[1] != '=')
    return FALSE;
  p += 2;
  gsize n = strcspn (p, " \t;");
  return n > 0 && *p == '0' && strspn (p, "0.") >= n;
}

/**
 * us_negotiate_takes_gzip:
 * @accept_encoding: (nullable): the header
 *
 * RFC 9110 12.5.3. Without the header any coding would do; programs that do not name one rarely
 * undo it.
 *
 * Returns: whether an answer may be coded with gzip
 */
gboolean
us_negotiate_takes_gzip (const char *accept_encoding) {
  g_auto (GStrv) items
      = g_strsplit (accept_encoding != NULL ? accept_encoding : "", ",", MAX_CODINGS);
  gboolean takes = FALSE, is_named = FALSE;

  for (guint i = 0; items[i] != NULL; i++) {
    char *parameters = strchr (items[i], ';');
    gboolean is_taken = parameters == NULL || !is_refused (parameters + 1);

    if (parameters != NULL)
      *parameters = '\0';
    const char *name = g_strstrip (items[i]);
    if (g_ascii_strcasecmp (name, "gzip") == 0 || g_ascii_strcasecmp (name, "x-gzip") == 0) {
      takes = is_taken;
      is_named = TRUE;
    } else if (strcmp (name, "*") == 0 && !is_named) {
      takes = is_taken;
    }
  }
  return takes;
}
