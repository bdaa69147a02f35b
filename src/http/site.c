/* site.c - an immutable picture of all HLS streams a role serves, and how requests are answered
 *
 * Built on the main loop, published to the server, then only read, by many threads; freed with the
 * last request that used it. us_site_respond() is a pure function of the picture, the request and
 * how long it has waited, and allocates nothing for a hit but the references it hands out.
 *
 * Caching, so that any cache tier works with the headers alone:
 *  - playlist: "max-age=0, s-maxage=1": a player revalidates (304, a few bytes) because it asks
 * when it wants news; a shared cache may answer all of its viewers from one fetch per second
 *  - playlist by blocking reload: the URL names the version, so a shared cache may keep it longer
 *  - segment: never changes under its name
 *  - 404: one second, so that a stampede for what does not exist yet stays outside
 *  - 503: never; the next origin is asked
 */
#include "http/site.h"

#include "base/etag.h"
#include "http/problem.h"

#include <string.h>

#define HLS_ROOT "/hls/"
#define MAX_NAME 512
#define PLAYLIST_TYPE "application/vnd.apple.mpegurl"
#define CACHE_PLAYLIST "public, max-age=0, s-maxage=1"
#define CACHE_BLOCKING "public, max-age=0, s-maxage=4"
#define CACHE_SEGMENT "public, max-age=86400, immutable"
#define CACHE_MISSING "public, max-age=1"
#define MAX_AHEAD 2
#define MAX_BEHIND 10 /* numbers that one switcher may be behind another, and catch up */
#define DIRECTIVE_MSN "_HLS_msn="
#define DIRECTIVE_PART "_HLS_part="

typedef struct {
  GBytes *bytes;
  char *etag;
  const char *content_type;
} Segment;

typedef struct Stream Stream;
struct Stream {
  Stream *also; /* nullable: the same stream's other playlists, as in a folder of renditions */
  char *name;
  char *playlist_name;
  GBytes *playlist; /* nullable */
  char *playlist_etag;
  guint64 last_number;
  guint target_duration_s;
  char *unavailable;    /* nullable */
  GHashTable *segments; /* name to Segment; one table for all playlists of a stream */
};

struct UsSite {
  GHashTable *streams;          /* name to Stream */
  const Stream *default_stream; /* nullable */
  guint unknown_stream_ms, next_segment_ms;
  gboolean is_steady;
  char *folder; /* nullable */
};

static void
segment_free (gpointer data) {
  Segment *segment = data;

  g_bytes_unref (segment->bytes);
  g_free (segment->etag);
  g_free (segment);
}

static void
stream_free (gpointer data) {
  Stream *stream = data;

  g_clear_pointer (&stream->also, stream_free);
  g_free (stream->name);
  g_free (stream->playlist_name);
  g_clear_pointer (&stream->playlist, g_bytes_unref);
  g_free (stream->playlist_etag);
  g_free (stream->unavailable);
  g_hash_table_unref (stream->segments);
  g_free (stream);
}

UsSite *
us_site_new (void) {
  UsSite *site = g_new0 (UsSite, 1);

  site->streams = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, stream_free);
  return site;
}

static const Stream *
find_playlist (const Stream *stream, const char *playlist_name) {
  while (stream != NULL && strcmp (playlist_name, stream->playlist_name) != 0)
    stream = stream->also;
  return stream;
}

/* Under a name that is there already: another playlist of that stream, or the same one anew. */
void
us_site_add_stream (UsSite *site, const UsSiteStream *description) {
  Stream *stream = g_new0 (Stream, 1);
  Stream *known = g_hash_table_lookup (site->streams, description->name);

  stream->name = g_strdup (description->name);
  stream->playlist_name
      = g_strdup (description->playlist_name != NULL ? description->playlist_name : "index.m3u8");
  if (description->playlist != NULL) {
    stream->playlist = g_bytes_ref (description->playlist);
    stream->playlist_etag = us_etag (stream->playlist);
  }
  stream->last_number = description->last_number;
  stream->target_duration_s = MAX (description->target_duration_s, 1);
  stream->unavailable = g_strdup (description->unavailable);
  if (known != NULL && find_playlist (known, stream->playlist_name) == NULL) {
    g_hash_table_steal (site->streams, known->name);
    stream->also = known;
    stream->segments = g_hash_table_ref (known->segments);
  } else {
    stream->segments = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, segment_free);
  }
  if (site->default_stream != NULL && strcmp (site->default_stream->name, stream->name) == 0)
    site->default_stream = NULL;
  g_hash_table_replace (site->streams, stream->name, stream);
  if (description->is_default)
    site->default_stream = stream;
}

void
us_site_add_segment (UsSite *site, const char *stream_name, const char *name, GBytes *bytes,
                     const char *etag, const char *content_type) {
  Stream *stream = g_hash_table_lookup (site->streams, stream_name);
  Segment *segment;

  g_return_if_fail (stream != NULL);

  segment = g_new0 (Segment, 1);
  segment->bytes = g_bytes_ref (bytes);
  segment->etag = g_strdup (etag);
  segment->content_type = content_type != NULL ? content_type : "video/mp2t";
  g_hash_table_replace (stream->segments, g_strdup (name), segment);
}

void
us_site_set_patience (UsSite *site, guint unknown_stream_ms, guint next_segment_ms) {
  site->unknown_stream_ms = unknown_stream_ms;
  site->next_segment_ms = next_segment_ms;
}

void
us_site_set_steady (UsSite *site, gboolean is_steady) {
  site->is_steady = is_steady;
}

void
us_site_set_folder (UsSite *site, const char *folder) {
  g_free (site->folder);
  site->folder = g_strdup (folder);
}

void
us_site_free (UsSite *site) {
  if (site == NULL)
    return;
  g_hash_table_unref (site->streams);
  g_free (site->folder);
  g_free (site);
}

/* ---- answering ---- */

static UsHttpVerdict
respond_missing (UsHttpResponse *response, const char *type, const char *title, const char *path) {
  us_http_problem (response, 404, type, title, "Nothing is served at \"%.200s\".", path);
  response->cache_control = CACHE_MISSING;
  return US_HTTP_REPLY;
}

static UsHttpVerdict
respond_unavailable (UsHttpResponse *response, const char *type, const char *detail) {
  us_http_problem (response, 503, type, "Playlist unavailable", "%s", detail);
  response->retry_after = g_strdup ("1");
  return US_HTTP_REPLY;
}

/* Digits only, no overflow. Returns: the first character behind, or NULL */
static const char *
parse_number (const char *text, guint64 *number) {
  const char *p = text;

  *number = 0;
  for (; g_ascii_isdigit (*p); p++) {
    if (p - text >= 18)
      return NULL;
    *number = *number * 10 + (guint64)(*p - '0');
  }
  return p == text ? NULL : p;
}

typedef enum { DIRECTIVE_NONE, DIRECTIVE_NUMBER, DIRECTIVE_BAD } Directive;

/* RFC 8216bis 6.2.5: _HLS_msn, and no _HLS_part without it. Other parameters mean nothing here. */
static Directive
parse_directives (const char *query, guint64 *number) {
  gboolean has_number = FALSE, has_part = FALSE;
  const char *p = query;

  while (*p != '\0') {
    const char *end = p + strcspn (p, "&");

    if (g_str_has_prefix (p, DIRECTIVE_MSN)) {
      if (has_number || parse_number (p + strlen (DIRECTIVE_MSN), number) != end)
        return DIRECTIVE_BAD;
      has_number = TRUE;
    } else if (g_str_has_prefix (p, DIRECTIVE_PART)) {
      guint64 part;

      if (has_part || parse_number (p + strlen (DIRECTIVE_PART), &part) != end)
        return DIRECTIVE_BAD;
      has_part = TRUE;
    }
    p = *end == '&' ? end + 1 : end;
  }
  if (has_part && !has_number)
    return DIRECTIVE_BAD;
  return has_number ? DIRECTIVE_NUMBER : DIRECTIVE_NONE;
}

static UsHttpVerdict
respond_playlist (const UsSite *site, const Stream *stream, const UsHttpRequest *request,
                  guint waited_ms, UsHttpResponse *response) {
  guint64 wanted = 0;
  Directive directive = parse_directives (request->query, &wanted);

  if (directive == DIRECTIVE_BAD) {
    us_http_problem (response, 400, "bad-directive", "Bad delivery directive",
                     "In \"%.200s\", _HLS_msn must be given once, as a decimal number.",
                     request->query);
    return US_HTTP_REPLY;
  }
  if (stream->unavailable != NULL)
    return respond_unavailable (response, "stream-unavailable", stream->unavailable);
  if (stream->playlist == NULL) {
    if (waited_ms < site->unknown_stream_ms)
      return US_HTTP_WAIT;
    return respond_unavailable (response, "stream-starting", "The stream has no segment yet.");
  }
  if (directive == DIRECTIVE_NUMBER && wanted > stream->last_number) {
    gboolean may_wait = waited_ms < 3000 * stream->target_duration_s;
    guint64 ahead = wanted - stream->last_number;
    /* A switcher may only be behind another one, which listed that to this viewer. */
    if (ahead > MAX_AHEAD && !(site->is_steady && may_wait && ahead <= MAX_BEHIND)) {
      us_http_problem (response, 400, "too-far-ahead", "Too far ahead",
                       "_HLS_msn is %" G_GUINT64_FORMAT ", the last segment %" G_GUINT64_FORMAT
                       "; at most %d ahead can be waited for.",
                       wanted, stream->last_number, MAX_AHEAD);
      return US_HTTP_REPLY;
    }
    if (may_wait)
      return US_HTTP_WAIT;
    if (!site->is_steady)
      return respond_unavailable (response, "segment-late",
                                  "The segment did not come within three target durations.");
  }
  response->status = 200;
  response->content_type = PLAYLIST_TYPE;
  response->cache_control = directive == DIRECTIVE_NUMBER ? CACHE_BLOCKING : CACHE_PLAYLIST;
  response->body = g_bytes_ref (stream->playlist);
  response->etag = g_strdup (stream->playlist_etag);
  return US_HTTP_REPLY;
}

/* The short name of one of several playlists before its segments': "v0-". */
static const char *
skip_prefix (const char *name) {
  const char *p = name;

  if (*p != 'v' && *p != 'a' && *p != 's' && *p != 'x')
    return name;
  for (p++; g_ascii_isdigit (*p); p++)
    ;
  return *p == '-' && p - name > 1 && strchr (p + 1, '-') != NULL ? p + 1 : name;
}

/* Is @name "<hex>-<number>.ts", as our packagers and switchers call their segments? */
static gboolean
is_segment_name (const char *name, guint64 *number) {
  static const char *const endings[] = { ".ts", ".m4s", ".aac", ".mp3", ".vtt" };
  const char *end;
  gsize n_hex;

  name = skip_prefix (name);
  n_hex = strspn (name, "0123456789abcdef");
  if (n_hex == 0 || n_hex > 16 || name[n_hex] != '-')
    return FALSE;
  end = parse_number (name + n_hex + 1, number);
  for (guint i = 0; end != NULL && i < G_N_ELEMENTS (endings); i++)
    if (strcmp (end, endings[i]) == 0)
      return TRUE;
  return FALSE;
}

/* Nothing of it can be played yet. */
static gboolean
is_starting (const Stream *stream) {
  for (; stream != NULL; stream = stream->also)
    if (stream->playlist != NULL)
      return FALSE;
  return TRUE;
}

static gboolean
is_ahead (const Stream *stream, guint64 number, guint64 most) {
  for (; stream != NULL; stream = stream->also)
    if (stream->playlist != NULL && number > stream->last_number
        && number - stream->last_number <= most)
      return TRUE;
  return FALSE;
}

/* Worth waiting for: the segment that comes next; behind a switcher, which may be behind another
 * one, also those after it, and any segment as long as it knows none: it was restarted, and its
 * predecessor listed this one. */
static guint
segment_patience_ms (const UsSite *site, const Stream *stream, const char *name) {
  guint64 number;

  /* The same of a playlist that a predecessor's multivariant playlist named. */
  if (is_starting (stream) && site->is_steady && g_str_has_suffix (name, ".m3u8"))
    return site->unknown_stream_ms;
  if (!is_segment_name (name, &number))
    return 0;
  if (is_starting (stream))
    return site->is_steady ? site->unknown_stream_ms : 0;
  return is_ahead (stream, number, site->is_steady ? MAX_AHEAD + 1 : 1) ? site->next_segment_ms : 0;
}

/* Why a segment behind the last one is better asked for elsewhere; NULL: it is not. */
static const char *
find_unavailable (const Stream *stream, const char *name) {
  guint64 number;

  if (!is_segment_name (name, &number))
    return NULL;
  for (; stream != NULL; stream = stream->also)
    if (stream->unavailable != NULL && stream->playlist != NULL && number > stream->last_number)
      return stream->unavailable;
  return NULL;
}

static UsHttpVerdict
respond_file (const UsSite *site, const Stream *stream, const char *name,
              const UsHttpRequest *request, guint waited_ms, UsHttpResponse *response) {
  const Segment *segment = g_hash_table_lookup (stream->segments, name);
  const Stream *playlist;
  const char *unavailable;

  if (segment != NULL) {
    response->status = 200;
    response->content_type = segment->content_type;
    response->cache_control = CACHE_SEGMENT;
    response->body = g_bytes_ref (segment->bytes);
    response->etag = g_strdup (segment->etag);
    response->allow_range = TRUE;
    return US_HTTP_REPLY;
  }
  playlist = find_playlist (stream, name);
  if (playlist != NULL)
    return respond_playlist (site, playlist, request, waited_ms, response);
  unavailable = site->is_steady ? find_unavailable (stream, name) : NULL;
  if (unavailable != NULL)
    return respond_unavailable (response, "stream-unavailable", unavailable);
  if (waited_ms < segment_patience_ms (site, stream, name))
    return US_HTTP_WAIT;
  return respond_missing (response, "unknown-segment", "Unknown segment", request->path);
}

/* Returns: how long @path is without the folder that it ends with, and the slash before that */
static gsize
without_folder (const UsSite *site, const char *path, gsize length) {
  gsize n = site->folder != NULL ? strlen (site->folder) : 0;

  if (n == 0 || length < n || memcmp (path + length - n, site->folder, n) != 0)
    return length;
  if (length == n)
    return 0;
  return length > n + 1 && path[length - n - 1] == '/' ? length - n - 1 : length;
}

/**
 * us_site_respond:
 * @data: a #UsSite
 * @waited_ms: how long the request has waited
 *
 * Returns: see #UsHttpRespond
 */
UsHttpVerdict
us_site_respond (gconstpointer data, const UsHttpRequest *request, guint waited_ms,
                 UsHttpResponse *response) {
  const UsSite *site = data;
  const char *path = request->path, *name, *slash;
  const Stream *stream = NULL;
  gboolean is_playlist;
  gsize n_key; /* of the stream's name, before the last slash and the folder */

  if (!g_str_has_prefix (path, HLS_ROOT))
    return respond_missing (response, "not-found", "Not found", path);
  path += strlen (HLS_ROOT);
  slash = strrchr (path, '/');
  name = slash != NULL ? slash + 1 : path;
  if (*name == '\0')
    return respond_missing (response, "not-found", "Not found", request->path);

  n_key = slash != NULL ? without_folder (site, path, (gsize)(slash - path)) : 0;
  if (n_key == 0 && slash != path)
    stream = site->default_stream;
  else if (n_key < MAX_NAME) {
    char key[MAX_NAME];

    memcpy (key, path, n_key);
    key[n_key] = '\0';
    stream = g_hash_table_lookup (site->streams, key);
  }
  if (stream != NULL)
    return respond_file (site, stream, name, request, waited_ms, response);

  /* Perhaps it is just starting: worth waiting for the way in, and for a piece of it only where
   * nobody else can have it. */
  is_playlist = g_str_has_suffix (name, ".m3u8");
  if (waited_ms < (is_playlist ? site->unknown_stream_ms : segment_patience_ms (site, NULL, name)))
    return US_HTTP_WAIT;
  return respond_missing (response, "unknown-stream", "Unknown stream", request->path);
}
