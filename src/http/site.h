/* site.h - an immutable picture of all HLS streams a role serves, and how requests are answered */
#pragma once

#include "http/server.h"

G_BEGIN_DECLS

/* UsSite: built on the main loop whenever something changed, published to the HTTP server, and
 * read by many threads. Paths: /hls/<playlist> for the default stream, /hls/<stream>/<playlist>,
 * and segments under both forms. */
typedef struct UsSite UsSite;

typedef struct {
  const char *name;          /* stream name */
  gboolean is_default;       /* also served directly under /hls/ */
  const char *playlist_name; /* "index.m3u8" */
  GBytes *playlist;          /* nullable: exists but has nothing to list yet */
  guint64 last_number;       /* media sequence number of the last listed segment */
  guint target_duration_s;
  const char *unavailable; /* nullable: the self-verdict; playlist requests get 503 with it */
} UsSiteStream;

UsSite *us_site_new (void);
/* Copies strings, references bytes. A stream with several playlists is added once for each. */
void us_site_add_stream (UsSite *site, const UsSiteStream *stream);
/* @content_type: static. Segments stay addable after they left the playlist: a listed URI answers
 * as long as it is in the site. @etag: with quotes. */
void us_site_add_segment (UsSite *site, const char *stream, const char *name, GBytes *bytes,
                          const char *etag, const char *content_type);
/* How long a playlist request for an unknown stream, or a segment request for the number after
 * the last, may be held before it gets a 404: covers a stream that is just starting. */
void us_site_set_patience (UsSite *site, guint unknown_stream_ms, guint next_segment_ms);
/* What a blocked reload gets when its segment did not come within three target durations: 503 as
 * RFC 8216bis 6.2.5.2 advises (so that a proxy in front asks elsewhere), or, when @is_steady, the
 * last playlist: there is no elsewhere behind a switcher, and players give up on errors. For the
 * same reason segments of a stream that has no playlist yet, or is unknown, are then held like its
 * playlist: the switcher may have been restarted, and its predecessor listed them. And what is a
 * little ahead is waited for, or refused by 503 while the stream is unavailable here: another
 * switcher listed it. */
void us_site_set_steady (UsSite *site, gboolean is_steady);
/* A folder in which all streams have their playlists and segments too, as their origins do:
 * /hls/<folder>/<playlist>, /hls/<stream>/<folder>/<playlist>. @folder: (nullable): without slashes
 * at its ends */
void us_site_set_folder (UsSite *site, const char *folder);
void us_site_free (UsSite *site);

/* A UsHttpRespond. Answers playlists (blocking reload by _HLS_msn, RFC 8216bis 6.2.5.2; 400 for a
 * number more than two ahead, by a steady one only once it has waited), segments, HEAD,
 * If-None-Match; unknown: 404 problem+json. */
UsHttpVerdict us_site_respond (gconstpointer site, const UsHttpRequest *request, guint waited_ms,
                               UsHttpResponse *response);

G_END_DECLS
