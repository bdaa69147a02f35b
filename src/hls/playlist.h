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

/* UsByteRange: a part of a resource; length 0: the whole of it. */
typedef struct {
  guint64 offset, length; /* bytes */
} UsByteRange;

/* UsPlaylistSegment: one media segment; free with its playlist. A key is the attribute lists of all
 * EXT-X-KEY in force (one per KEYFORMAT), each on a line of its own, without the tag. */
typedef struct {
  char *uri;                 /* as written */
  UsByteRange range;         /* EXT-X-BYTERANGE, its offset always known */
  guint64 number;            /* media sequence number */
  guint64 discontinuity;     /* discontinuity sequence number it belongs to */
  gboolean is_discontinuous; /* EXT-X-DISCONTINUITY stands right before it */
  gboolean is_gap;           /* EXT-X-GAP */
  gint64 duration_us;        /* EXTINF */
  gint64 wall_ms;            /* EXT-X-PROGRAM-DATE-TIME, also carried on from earlier entries;
                                -1: unknown */
  char *map_uri;             /* (nullable) EXT-X-MAP in force, as written */
  UsByteRange map_range;     /* its BYTERANGE */
  char *map_key; /* (nullable) key in force where EXT-X-MAP stands: it encrypts the map */
  char *key;     /* (nullable) key in force at the segment */
} UsPlaylistSegment;

/* UsPlaylistVariant: EXT-X-STREAM-INF or EXT-X-I-FRAME-STREAM-INF. Optional values are %NULL or 0
 * when they are not there or not well-formed. */
typedef struct {
  char *uri; /* as written, or as the caller put it since */
  guint64 bandwidth_bps;
  guint64 average_bandwidth_bps;
  guint width, height;  /* RESOLUTION */
  guint frame_rate_mhz; /* FRAME-RATE, thousandths of a picture per second */
  char *codecs;         /* CODECS */
  char *audio;          /* AUDIO, VIDEO, SUBTITLES: GROUP-ID of renditions */
  char *video;
  char *subtitles;
  char *attributes; /* the whole attribute list, as written */
} UsPlaylistVariant;

/* UsPlaylistRendition: EXT-X-MEDIA. */
typedef struct {
  char *type, *group_id, *name; /* never %NULL after parsing */
  char *language;               /* (nullable) */
  char *uri;                    /* (nullable) as written, or as the caller put it since */
  gboolean is_default, is_autoselect;
  char *attributes; /* the whole attribute list, as written */
} UsPlaylistRendition;

/* UsPlaylist: a media playlist, or a multivariant playlist when @variants is not empty. */
typedef struct {
  guint version;
  guint target_duration_s;
  guint64 media_sequence;
  guint64 discontinuity_sequence; /* EXT-X-DISCONTINUITY-SEQUENCE as written */
  gboolean is_independent;        /* EXT-X-INDEPENDENT-SEGMENTS */
  gboolean is_ended;              /* EXT-X-ENDLIST */
  gboolean has_fractions;         /* an EXTINF has a decimal point: it is not rounded to seconds */
  gboolean can_block_reload;      /* EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES */
  GPtrArray *segments;            /* element-type UsPlaylistSegment */
  GPtrArray *variants;            /* element-type UsPlaylistVariant */
  GPtrArray *i_frame_variants;    /* element-type UsPlaylistVariant */
  GPtrArray *renditions;          /* element-type UsPlaylistRendition */
} UsPlaylist;

UsPlaylist *us_playlist_new (void);
UsPlaylist *us_playlist_parse (const char *text, gsize size,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Appends one segment (takes nothing over); returns it so that the caller fills it further. */
UsPlaylistSegment *us_playlist_add (UsPlaylist *playlist, const char *uri, guint64 number,
                                    gint64 duration_us);
/* Renders a live media playlist: EXTM3U, VERSION, TARGETDURATION, MEDIA-SEQUENCE,
 * DISCONTINUITY-SEQUENCE (always), SERVER-CONTROL, INDEPENDENT-SEGMENTS, then per segment
 * DISCONTINUITY, KEY and MAP where they change (MAP after a DISCONTINUITY too), PROGRAM-DATE-TIME
 * (UTC, ms), EXTINF (3 decimals), BYTERANGE, URI. A pure function of its argument, so that two
 * origins with the same segments render the same bytes. Header numbers are derived from the first
 * segment (number; discontinuity, less one when it has the tag itself); VERSION is that of the
 * playlist or what its tags ask for, whichever is higher. */
char *us_playlist_render (const UsPlaylist *playlist);
/* Renders a multivariant playlist: EXTM3U, VERSION, INDEPENDENT-SEGMENTS, MEDIA, STREAM-INF with
 * their URIs, I-FRAME-STREAM-INF. The attributes are those of `attributes`, the URIs those of
 * `uri`.
 */
char *us_playlist_render_multivariant (const UsPlaylist *playlist);

/* One value of an attribute list (RFC 8216 4.2) without its quotes; %NULL: not there. */
char *us_playlist_attribute (const char *attributes, const char *name);
/* @key with every relative URI in it made absolute. */
char *us_playlist_key_with_base (const char *key, const char *base_url);
/* @key with the IV written that RFC 8216 5.2 derives from the media sequence number. */
char *us_playlist_key_with_iv (const char *key, guint64 media_sequence);
void us_playlist_free (UsPlaylist *playlist);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsPlaylist, us_playlist_free)

G_END_DECLS
