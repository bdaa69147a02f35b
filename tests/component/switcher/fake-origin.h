/* fake-origin.h - an HLS origin that a test plays like a puppet
 *
 * A small HTTP/1.1 server on the default main context. The test appends segments and says how the
 * origin misbehaves; nothing happens by itself, no time passes.
 */
#pragma once

#include <gio/gio.h>

#include "hls/playlist.h"
#include "hls/segment.h"

typedef enum {
  FAKE_GOOD,
  FAKE_DEAD,           /* nobody listens, all connections are cut */
  FAKE_FROZEN,         /* connections stand, nothing is answered any more */
  FAKE_HTTP_500,       /* everything */
  FAKE_HTTP_404,       /* everything */
  FAKE_HTML,           /* playlists are a login page */
  FAKE_BAD_SEGMENT,    /* segments are noise */
  FAKE_CUT_SEGMENT,    /* segments end before their Content-Length */
  FAKE_WRONG_SEGMENT,  /* segments are good, but not what their ETag says */
  FAKE_WRONG_RANGE,    /* partial answers are not the part that was asked for */
  FAKE_NOT_MODIFIED,   /* playlists are never sent: 304, although none was had from here */
  FAKE_MOVED,          /* redirects all into a folder; elsewhere there is nothing */
  FAKE_FROZEN_SEGMENT, /* playlists live, segments are never answered */
} FakeMode;

typedef struct FakeOrigin FakeOrigin;

FakeOrigin *fake_origin_new (void);
void fake_origin_free (FakeOrigin *fake);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FakeOrigin, fake_origin_free)

char *fake_origin_url (FakeOrigin *fake); /* base URL */
void fake_origin_set_mode (FakeOrigin *fake, FakeMode mode);
void fake_origin_set_streams (FakeOrigin *fake, const char *json); /* answer to /streams */

/* Appends one segment to the list, which keeps its last ten, or however many it is told to. The
 * name decides whose it is. */
void fake_origin_add (FakeOrigin *fake, const char *name, guint64 number, guint64 discontinuity,
                      gint64 wall_ms, gint64 duration_us, GBytes *bytes);
void fake_origin_set_listed (FakeOrigin *fake, guint n);
/* What segments added from now on stand under; (nullable). */
void fake_origin_set_map (FakeOrigin *fake, const char *uri);
void fake_origin_set_key (FakeOrigin *fake, const char *key);
/* Another file, answered by its name as it is; "index.m3u8" in the place of the list. */
void fake_origin_put (FakeOrigin *fake, const char *name, GBytes *bytes);
void fake_origin_clear (FakeOrigin *fake); /* forgets all it listed */
void fake_origin_set_blocking (FakeOrigin *fake, gboolean can_block);
/* Each list writes other queries; those of another origin are answered by 403. */
void fake_origin_set_signed (FakeOrigin *fake);
guint fake_origin_count_forbidden (FakeOrigin *fake);
void fake_origin_set_ended (FakeOrigin *fake, gboolean is_ended);
guint fake_origin_count_ranges (FakeOrigin *fake);            /* answers of 206 */
guint fake_origin_count (FakeOrigin *fake, const char *part); /* requests whose path has @part */
guint fake_origin_count_heads (FakeOrigin *fake, const char *part); /* HEAD, not counted there */
