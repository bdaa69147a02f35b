/* viewer.h - a viewer that checks what a server may and may not do to its playlist */
#pragma once

#include "hls/playlist.h"
#include "http/client.h"

/* UsViewer: remembers everything it was ever told and fails the test on any contradiction. */
typedef struct {
  UsHttpClient *client;
  char *base;        /* "http://127.0.0.1:8080/hls/" */
  const char *name;  /* of its playlist */
  GHashTable *uris;  /* number -> uri */
  GHashTable *bytes; /* uri -> GBytes */
  UsPlaylist *playlist;
  guint64 newest; /* number of the last listed segment ever seen */
} UsViewer;

UsViewer *us_viewer_new (guint16 port, const char *folder);
void us_viewer_free (UsViewer *viewer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsViewer, us_viewer_free)

/* One GET; iterates the main context until it is answered. */
UsHttpReply *us_viewer_get (UsViewer *viewer, const char *uri);
/* One POST of JSON. */
UsHttpReply *us_viewer_post (UsViewer *viewer, const char *uri, const char *json);
/* Reads the playlist, checks it against all before, and fetches every listed segment anew. */
void us_viewer_look (UsViewer *viewer);
/* Looks until a segment is listed with this URI. */
void us_viewer_await (UsViewer *viewer, const char *uri);
gboolean us_viewer_lists (UsViewer *viewer, const char *uri);
/* Iterates the main context until *flag, or fails after 30 s. */
void us_viewer_wait (gboolean *flag);
void us_viewer_pass (guint ms);
