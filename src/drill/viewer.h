/* viewer.h - plays one live playlist as a player does, and keeps the books of what it felt */
#pragma once

#include <gio/gio.h>

#include "drill/account.h"

G_BEGIN_DECLS

typedef struct UsViewer UsViewer;

/* One request that has ended. @status 0: there was no answer; @error says why. */
typedef struct {
  const char *url;
  guint status;
  gsize size;
  gint64 begun_us, took_us; /* monotonic */
  const char *error;        /* nullable */
} UsViewerRequest;

typedef struct {
  void (*request) (UsViewer *viewer, const UsViewerRequest *request, gpointer user_data);
  void (*playlist) (UsViewer *viewer, GBytes *text, gpointer user_data); /* another than before */
} UsViewerHandler;

UsViewer *us_viewer_new (const char *url, const UsViewerHandler *handler, gpointer user_data);
UsAccount *us_viewer_get_account (UsViewer *viewer);
GBytes *us_viewer_get_last_segment (UsViewer *viewer, GBytes **init);
gboolean us_viewer_is_playing (const UsViewer *viewer);
void us_viewer_free (UsViewer *viewer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsViewer, us_viewer_free)

G_END_DECLS
