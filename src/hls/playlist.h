/* playlist.h - HLS playlists (RFC 8216): text in, value out, and back */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define US_PLAYLIST_MAX_BYTES (1024 * 1024)
#define US_PLAYLIST_MAX_SEGMENTS 20000
#define US_PLAYLIST_MAX_URI 4096

#define US_PLAYLIST_ERROR us_playlist_error_quark ()
typedef enum {
  US_PLAYLIST_ERROR_FORMAT, /* not a playlist: no #EXTM3U, HTML, binary; says the line */
  US_PLAYLIST_ERROR_VALUE,  /* a tag's value is out of range; says line, tag and value */
  US_PLAYLIST_ERROR_LIMIT,  /* too large */
} UsPlaylistError;
GQuark us_playlist_error_quark (void);

/* UsPlaylistSegment: one media segment; free with its playlist. */
typedef struct {
  char *uri;                 /* as written */
  guint64 number;            /* media sequence number */
  guint64 discontinuity;     /* discontinuity sequence number it belongs to */
  gboolean is_discontinuous; /* EXT-X-DISCONTINUITY stands right before it */
  gboolean is_gap;           /* EXT-X-GAP */
  gint64 duration_us;        /* EXTINF */
  gint64 wall_ms;            /* EXT-X-PROGRAM-DATE-TIME, also carried on from earlier entries;
                                -1: unknown */
  char *map_uri;             /* (nullable) EXT-X-MAP in force, as written */
  char *key;                 /* (nullable) attribute list of EXT-X-KEY in force */
} UsPlaylistSegment;

typedef struct {
  char *uri;
  guint64 bandwidth_bps;
  char *attributes; /* the whole attribute list, as written */
} UsPlaylistVariant;

/* UsPlaylist: a media playlist, or a multivariant playlist when @variants is not empty. */
typedef struct {
  guint version;
  guint target_duration_s;
  guint64 media_sequence;
  guint64 discontinuity_sequence; /* EXT-X-DISCONTINUITY-SEQUENCE as written */
  gboolean is_independent;        /* EXT-X-INDEPENDENT-SEGMENTS */
  gboolean is_ended;              /* EXT-X-ENDLIST */
  gboolean can_block_reload;      /* EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES */
  GPtrArray *segments;            /* element-type UsPlaylistSegment */
  GPtrArray *variants;            /* element-type UsPlaylistVariant */
} UsPlaylist;

UsPlaylist *us_playlist_new (void);
UsPlaylist *us_playlist_parse (const char *text, gsize size,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Appends one segment (takes nothing over); returns it so that the caller fills it further. */
UsPlaylistSegment *us_playlist_add (UsPlaylist *playlist, const char *uri, guint64 number,
                                    gint64 duration_us);
/* Renders a live media playlist: EXTM3U, VERSION, TARGETDURATION, MEDIA-SEQUENCE,
 * DISCONTINUITY-SEQUENCE (always), SERVER-CONTROL, INDEPENDENT-SEGMENTS, then per segment
 * DISCONTINUITY, PROGRAM-DATE-TIME (UTC, ms), EXTINF (3 decimals), URI. A pure function of its
 * argument, so that two origins with the same segments render the same bytes. Header numbers are
 * derived from the first segment (number; discontinuity, less one when it has the tag itself). */
char *us_playlist_render (const UsPlaylist *playlist);
void us_playlist_free (UsPlaylist *playlist);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsPlaylist, us_playlist_free)

G_END_DECLS
